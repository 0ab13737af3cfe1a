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
    "叢集": "集群", "擴充": "扩容", "交易記錄": "事务日志", "日誌": "日志", "逾時": "超时",
}  # fmt: skip
_TRADITIONAL: Final = (
    "這說時間問題盤連數據庫實網絡線鎖進應還長現開過對會嗎麼動頁訂單語見給讓從後發為與個們幾車門關習學點電"
    "頭樣種熱資費質險處備復統級維護檢測執請誰絕慮東滿夠壓異無報錯誤讀寫掛啟終響緩優總調變擴經務臨佔慢卡來"
    "鐘週號兩滯遲斷導緒參傳淺輸儲減錄類佈漲擋剛歷顯邊龐碼證權運營業線圖錶顆約紀細結綫羣產書當擁狀態況嚴貝"
    "機構塊轉聯謝妳製裡麵隨靜順體龍穩選適換損億買賣庫刪緊併內協夾診"
)
_SIMPLIFIED: Final = (
    "这说时间问题盘连数据库实网络线锁进应还长现开过对会吗么动页订单语见给让从后发为与个们几车门关习学点电"
    "头样种热资费质险处备复统级维护检测执请谁绝虑东满够压异无报错误读写挂启终响缓优总调变扩经务临占慢卡来"
    "钟周号两滞迟断导绪参传浅输储减录类布涨挡刚历显边庞码证权运营业线图表颗约纪细结线群产书当拥状态况严贝"
    "机构块转联谢你制里面随静顺体龙稳选适换损亿买卖库删紧并内协夹诊"
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
