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
_NAME_OR_SQL: Final = re.compile(r"`[^`]*`|[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)+|[A-Za-z]*\d+[A-Za-z]*|\b[A-Z]{2,}\b")
_WORD: Final = re.compile(r"[A-Za-z]+")
_SIMPLIFIED: Final = frozenset(
    "这说时间问题盘连数据库实网络线锁进应还长现开过对吗么动页订单语见给让从发为与个们几车门关习电头样种热资费质险处备复"
    "统级维护检测执请帮谁哪绝虑东满够压异无报错误读写挂启启终响后缓内优总调变扩经务临"
) - frozenset("数写内")
_TRADITIONAL_ONLY: Final = frozenset(
    "這說時間問題盤連數據庫實網絡線鎖進應還長現開過對嗎麼動頁訂單語見給讓從發為與個們幾車門關習電頭樣種熱資費質險處備復"
    "統級維護檢測執請幫誰絕慮東滿夠壓異無報錯誤讀寫掛啟終響後緩優總調變擴經務臨碟佔"
)
_JAPANESE_ONLY: Final = frozenset("実続検総変込値対圧単戻処図発広読仮価効験済転伝働応択拡帯払遅気悪様残渉桜録")
_INDONESIAN: Final = frozenset((
    "yang", "dan", "apakah", "apa", "kenapa", "mengapa", "tidak", "dengan", "lambat", "lemot", "berapa", "saya",
    "ini", "itu", "sejak", "pagi", "koneksi", "penuh", "untuk", "dari", "pada", "sudah", "belum", "bagaimana",
    "kueri", "halaman", "tadi", "perlu", "bisa", "tolong", "kami", "masalah", "terlalu", "banyak", "hari", "semalam",
    "cek", "periksa", "sekarang", "terakhir", "menit", "di", "ke", "ada", "basis", "kunci", "macet", "berjalan",
    "tabel", "indeks", "ruang", "besar", "siapa", "kamu", "halo", "selamat", "terima", "kasih", "saja", "bagian",
    "tambah", "jumlah", "pemakaian", "penyimpanan", "transaksi", "baik", "mana", "saat", "kapasitas", "gagal",
    "sering", "sangat", "terus",
))  # fmt: skip


def detect(text: str, default: str = "en") -> str:
    """The language of a text, by script and function words; `default` where it holds no words (an id, a number)."""
    plain = _NAME_OR_SQL.sub(" ", text)
    words = _WORD.findall(plain.lower())
    han = _HAN.findall(text)
    kana = len(_KANA.findall(text))
    if kana and kana + len(han) >= len(words) / 2:
        return "ja"
    if han and len(han) >= len(words) / 2:
        simplified = sum(character in _SIMPLIFIED for character in han)
        traditional = sum(character in _TRADITIONAL_ONLY for character in han)
        if sum(character in _JAPANESE_ONLY for character in han) > simplified:
            return "ja"
        return "zh-TW" if traditional > simplified else "zh-CN"
    if not words:
        return default
    return "id" if sum(word in _INDONESIAN for word in words) * 4 > len(words) else "en"
