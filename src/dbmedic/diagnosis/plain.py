"""A text made comparable: full-width to half-width, lower case, Chinese in simplified characters and mainland terms.

For matching only, never for showing.  The table knows the characters that people use about databases, not the language.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_TERMS: Final = {
    "資料庫": "数据库", "磁碟": "磁盘", "硬碟": "磁盘", "記憶體": "内存", "連線": "连接", "執行個體": "实例",
    "執行緒": "线程", "交易": "事务", "效能": "性能", "伺服器": "服务器", "設定": "配置", "資料表": "表",
    "資料": "数据", "儲存": "存储", "鎖定": "锁", "程式": "程序", "當機": "宕机", "壅塞": "阻塞",
    "叢集": "集群", "擴充": "扩容", "交易記錄": "事务日志", "日誌": "日志", "逾時": "超时", "死結": "死锁",
    "重新開機": "重启", "重開機": "重启", "連線池": "连接池", "索引鍵": "索引", "備援": "备库",
}  # fmt: skip
_TRADITIONAL: Final = (
    "這說時間問題盤連數據庫實網絡線鎖進應還長現開過對會嗎麼動頁訂單語見給讓從後發為與個們幾車門關習學點電"
    "頭樣種熱資費質險處備復統級維護檢測執請誰絕慮東滿夠壓異無報錯誤讀寫掛啟終響緩優總調變擴經務臨佔慢卡來"
    "鐘週號兩滯遲斷導緒參傳淺輸儲減錄類佈漲擋剛歷顯邊龐碼證權運營業線圖錶顆約紀細結綫羣產書當擁狀態況嚴貝"
    "機構塊轉聯謝妳製裡麵隨靜順體龍穩選適換損億買賣庫刪緊併內協夾診"
    "並僅價別則創勝勢匯區員嘗國圍圓團場塵壞奮妝孫寧審寬將層屬師帳帶幣幫廣張強徹悶惡愛慣慶懸懼戲戶拋掃採揚擇擊擬擾敗於暫曉條棄"
    "棧極槍標樓樹橋檔歡歲歸殺氣決沒淚溝溫滅滬漢漸潔澤濕濟瀏灣煩爛爭爾獄獨獲獻環畢畫療盡眾確礙稱積窩競筆節簡糾紅納純紛組綜編縮"
    "縱績織繼續罰罷羅聲職聽肅脫腦腳興舊莊葉薦薩術衛補裝規視覺覽觀觸計訓記訪設許訴評詞詢試話該詳認課談論諸講謹識譯議豎負貧貨販"
    "貫責賞賠賴購趨跡躍軍軟較載輕輪輯達遞遠遷遺邏釋針銷鋪錢鍵鏈鏡鐵鑑鑰閃閉閒閘陣陰陳陸隊階際隱雖雜離難霧靈韓頂項須預領頸頻額"
    "顏願顫風飆飛飯飾養餘館馬驅驗驚驟鬧魚鳥黃齊"
)
_SIMPLIFIED: Final = (
    "这说时间问题盘连数据库实网络线锁进应还长现开过对会吗么动页订单语见给让从后发为与个们几车门关习学点电"
    "头样种热资费质险处备复统级维护检测执请谁绝虑东满够压异无报错误读写挂启终响缓优总调变扩经务临占慢卡来"
    "钟周号两滞迟断导绪参传浅输储减录类布涨挡刚历显边庞码证权运营业线图表颗约纪细结线群产书当拥状态况严贝"
    "机构块转联谢你制里面随静顺体龙稳选适换损亿买卖库删紧并内协夹诊"
    "并仅价别则创胜势汇区员尝国围圆团场尘坏奋妆孙宁审宽将层属师账带币帮广张强彻闷恶爱惯庆悬惧戏户抛扫采扬择击拟扰败于暂晓条弃"
    "栈极枪标楼树桥档欢岁归杀气决没泪沟温灭沪汉渐洁泽湿济浏湾烦烂争尔狱独获献环毕画疗尽众确碍称积窝竞笔节简纠红纳纯纷组综编缩"
    "纵绩织继续罚罢罗声职听肃脱脑脚兴旧庄叶荐萨术卫补装规视觉览观触计训记访设许诉评词询试话该详认课谈论诸讲谨识译议竖负贫货贩"
    "贯责赏赔赖购趋迹跃军软较载轻轮辑达递远迁遗逻释针销铺钱键链镜铁鉴钥闪闭闲闸阵阴陈陆队阶际隐虽杂离难雾灵韩顶项须预领颈频额"
    "颜愿颤风飙飞饭饰养余馆马驱验惊骤闹鱼鸟黄齐"
)
_TABLE: Final = str.maketrans(_TRADITIONAL, _SIMPLIFIED)
_TERM: Final = re.compile("|".join(sorted(_TERMS, key=len, reverse=True)))
_KANA: Final = re.compile(r"[\u3041-\u30fa]")


def plain(text: str) -> str:
    """The text for matching; Japanese keeps its own characters."""
    flat = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip().lower().replace("\u2019", "'")
    if _KANA.search(flat):
        return flat
    return _TERM.sub(lambda match: _TERMS[match[0]], flat).translate(_TABLE)
