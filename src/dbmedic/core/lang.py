"""Fixed phrases in the reader's language, and which language a text is in.

A phrase is a line of `lang/<tag>.toml`; what a language lacks falls back (zh-TW to zh-CN, then all to English).  The
words of a check live in the check's own file.  Numbers, units, statements and names of objects are never translated.
"""

from __future__ import annotations

import re
import string
import tomllib
from functools import cache
from importlib import resources
from typing import Any, Final

TAGS: Final = ("en", "zh-CN", "zh-TW", "ja", "id")
"""BCP 47 tags of the languages we speak, English first."""

_TRADITIONAL: Final = frozenset({"hant", "tw", "hk", "mo"})


def best(tag: str | None) -> str | None:
    """The language of ours that serves a BCP 47 tag: "zh_tw" is "zh-TW", "en-GB" is "en".  None: we do not speak it."""
    parts = (tag or "").replace("_", "-").lower().split("-")
    match parts[0]:
        case "zh" | "cmn" | "yue":
            return "zh-TW" if _TRADITIONAL & set(parts[1:]) else "zh-CN"
        case "en" | "ja":
            return parts[0]
        case "id" | "in" | "ms":
            return "id"
    return None


def chain(language: str) -> tuple[str, ...]:
    """Where a phrase is looked for, in order: ("zh-TW", "zh-CN", "en"), ("ja", "en"), ("en",)."""
    first = best(language) or "en"
    return tuple(dict.fromkeys((first, "zh-CN", "en") if first.startswith("zh") else (first, "en")))


@cache
def phrases(tag: str) -> dict[str, str]:
    """All phrases that the file of a tag holds itself, keys dotted: "answer.fine"."""
    raw = resources.files("dbmedic.core").joinpath("lang", f"{tag}.toml").read_text("utf-8")
    return dict(_flat(tomllib.loads(raw), ""))


def phrase(language: str, key: str, /, **fields: Any) -> str:
    """The phrase with its `{fields}` filled.  Raises KeyError for a key that English lacks, or a field not given."""
    found = template(language, key)
    if found is None:
        raise KeyError(key)
    return found.format_map(fields) if "{" in found else found


def template(language: str, key: str) -> str | None:
    """The phrase with its fields open, by fallback; None where not even English has it."""
    return next((held for tag in chain(language) if (held := phrases(tag).get(key)) is not None), None)


def fields(text: str) -> frozenset[str]:
    """Names of the fields in a phrase."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)


def missing() -> dict[str, list[str]]:
    """Per language, the English keys that it lacks or gives with other fields; empty lists when all is said."""
    english = phrases("en")
    return {
        tag: sorted(key for key, text in english.items() if fields(phrases(tag).get(key, "{?}")) != fields(text))
        for tag in TAGS[1:]
    }


def _flat(table: dict[str, Any], above: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in table.items():
        dotted = f"{above}.{key}" if above else key
        pairs.extend(_flat(value, dotted) if isinstance(value, dict) else [(dotted, str(value).strip("\n"))])
    return pairs


# -- which language a text is in --------------------------------------------------------------------------------

_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_KANA: Final = re.compile(r"[\u3041-\u30fa\u30fc-\u30ff]")
_NAME_OR_SQL: Final = re.compile(
    r"`[^`]*`|(?<![A-Za-z0-9])(?:[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)+|[A-Za-z]*\d+[A-Za-z]*|[A-Z]{2,}\b)"
)
_WORD: Final = re.compile(r"[A-Za-z]+")
_SIMPLIFIED: Final = frozenset(
    "与业两个为么争于产仅从们价会优传体余关兴养决况几击别删则刚创势动务区单卫历发变号叶听启吗员响团围国图"
    "圆场坏块处备复够头夹奋妆孙学宁实审宽对导将尔尘尝层属岁币师带帮并广庄庆库应开异弃张强归当录彻态总恶悬"
    "惊惧惯愿戏户执扩扫扬扰抛护报拟拥择挂挡损换据断无旧时显晓暂术机杂权条来极构枪标栈样树桥检楼欢毕气汇汉"
    "沟没沪泪泽洁测济浏涨渐温湾湿满灭灵点烂热爱状独狱献现环电画疗确离种积称稳窝竞笔简类紧纠红约级纪纯纳纵"
    "纷组细织终经结给络绝统继绩续维综缓编缩网罗罚罢职联肃胜脑脚节荐获营萨虑虽补装观规视览觉触计订认让训议"
    "记讲许论设访证评识诉词译试话该详语误说请诸读课调谁谈谢谨贝负责败货质贩贫购贯账资赏赔赖趋跃车转轮软轻"
    "载较输辑边达迁过运还这进远连迟适选递逻遗释鉴针钟钥钱铁铺链销锁错键镜长门闪闭问闲间闷闸闹队阴阵阶际陆"
    "险随隐难雾静韩页项顺须预领频题颜额风飞饭馆马驱验骤鱼鸟黄齐龙采尽见碍滞顶颈迹询饰参烦军临众声档码竖脱"
    "盘线习费东压周绪浅储减布飙颤庞表颗群书严你制面亿买卖协诊陈杀"
)
_TRADITIONAL_ONLY: Final = frozenset(
    "與業兩個為麼爭於產僅從們價會優傳體餘關興養內決況幾擊別刪則剛創勢動務區單衛歷發變號葉聽啟嗎員響團圍國"
    "圖圓場壞塊處備復夠頭夾奮妝孫學寧實審寬對導將爾塵嘗層屬歲幣師帶幫並廣莊慶庫應開異棄張強歸當錄徹態總惡"
    "懸驚懼慣願戲戶執擴掃揚擾拋護報擬擁擇掛擋損換據斷無舊時顯曉暫術機雜權條來極構槍標棧樣樹橋檢樓歡畢氣匯"
    "漢溝沒滬淚澤潔測濟瀏漲漸溫灣濕滿滅靈點爛熱愛狀獨獄獻現環電畫療確離種積稱穩窩競筆簡類緊糾紅約級紀純納"
    "縱紛組細織終經結給絡絕統繼績續維綜緩編縮網羅罰罷職聯肅勝腦腳節薦獲營薩慮雖補裝觀規視覽覺觸計訂認讓訓"
    "議記講許論設訪證評識訴詞譯試話該詳語誤說請諸讀課調誰談謝謹貝負責敗貨質販貧購貫帳資賞賠賴趨躍車轉輪軟"
    "輕載較輸輯邊達遷過運還這進遠連遲適選遞邏遺釋鑑針鐘鑰錢鐵鋪鏈銷鎖錯鍵鏡長門閃閉問閒間悶閘鬧隊陰陣階際"
    "陸險隨隱難霧靜韓頁項順須預領頻題顏額風飛飯館馬驅驗驟魚鳥黃齊龍採盡見礙滯頂頸跡詢飾參煩軍臨眾寫聲檔碼"
    "豎脫後盤數線習費東壓佔週緒淺儲減佈飆顫龐錶顆綫羣書嚴妳製裡麵億買賣併協診陳殺"
)
_JAPANESE_ONLY: Final = frozenset("実続検総変込値対圧単戻処図発広読仮価効験済転伝働応択拡帯払遅気悪様残渉桜録")
_CHINESE_SPOKEN: Final = re.compile(r"[的了吗嗎呢么麼里裡有报報错錯是不我你这這那怎为為什请請帮幫看说說一下]")
_INDONESIAN: Final = frozenset((
    "yang", "dan", "apakah", "apa", "kenapa", "mengapa", "tidak", "dengan", "lambat", "lemot", "berapa", "saya",
    "ini", "itu", "sejak", "pagi", "koneksi", "penuh", "untuk", "dari", "pada", "sudah", "belum", "bagaimana",
    "kueri", "halaman", "tadi", "perlu", "bisa", "tolong", "kami", "masalah", "terlalu", "banyak", "hari", "semalam",
    "cek", "periksa", "sekarang", "terakhir", "menit", "di", "ke", "ada", "basis", "kunci", "macet", "berjalan",
    "tabel", "indeks", "ruang", "besar", "siapa", "kamu", "halo", "selamat", "terima", "kasih", "saja", "bagian",
    "tambah", "jumlah", "pemakaian", "penyimpanan", "transaksi", "baik", "mana", "saat", "kapasitas", "gagal",
    "sangat", "terus", "antara", "sampai", "dapat", "tertinggal", "replika", "pengguna", "selesai", "pernah",
    "malam", "jauh", "pesanan", "laporan", "paling", "berat", "tapi", "yg", "gak", "nggak", "ga", "aja", "banget",
    "kok", "udah", "dong", "cuaca", "naik", "habis", "minggu", "kemarin", "kapan", "benar", "aman", "jam", "tetap",
    "lagi", "masih", "semua", "kosong", "gimana", "kalau", "karena", "setelah", "sebelum", "mengunci", "terjadi",
    "jadi", "lalu", "mati", "muter", "stok", "barang", "replikasi", "berhenti", "tampilkan", "terlambat", "beban",
    "tinggi", "pembayaran", "semua", "orang", "simpan", "harus", "boleh", "hapus", "lama", "cepat", "turun", "aplikasi",
))  # fmt: skip


def detect(text: str, default: str = "en") -> str:
    """The language of a text, by script and function words; `default` where it holds no words (an id, a number)."""
    plain = _NAME_OR_SQL.sub(" ", text)
    words = _WORD.findall(plain.lower())
    han = _HAN.findall(text)
    kana = len(_KANA.findall(text))
    if kana and kana + len(han) >= len(words) / 2:
        return "ja"
    if han and (len(han) >= len(words) / 2 or len(_CHINESE_SPOKEN.findall(text)) >= 2):
        simplified = sum(character in _SIMPLIFIED for character in han)
        traditional = sum(character in _TRADITIONAL_ONLY for character in han)
        if sum(character in _JAPANESE_ONLY for character in han) > simplified:
            return "ja"
        return "zh-TW" if traditional > simplified else "zh-CN"
    if not words:
        return default
    return "id" if sum(word in _INDONESIAN for word in words) * 4 > len(words) else "en"
