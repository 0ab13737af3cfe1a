"""What the words behind a number mean, in the languages that answers are written in: kind and size of the unit."""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["bytes", "seconds", "ratio", "count"]

_BINARY: Final = ("K", "M", "G", "T", "P", "E")
_SPANS: Final = {
    1e-9: "ns nanoseconds nanosecond",
    1e-6: "µs μs us microseconds microsecond 微秒 マイクロ秒",
    1e-3: "ms millisecond milliseconds msec milidetik 毫秒 ミリ秒",
    1.0: "s sec secs second seconds detik 秒 秒钟 秒鐘",
    60.0: "min mins minute minutes menit 分 分钟 分鐘 分間",
    3600.0: "h hr hrs hour hours jam 小时 小時 時間 个小时 個小時",
    86400.0: "d day days hari 天 日 日間",
    604800.0: "week weeks minggu 周 週 週間",
}
_SHARES: Final = "% ％ percent pct persen パーセント"
_COUNTS: Final = {
    1.0: "x times 倍 kali",
    1e3: "k K thousand ribu 千",
    1e4: "万 萬",
    1e6: "M m million millions juta 百万 百萬",
    1e8: "亿 億",
    1e9: "bn billion billions miliar 十亿 十億",
}


def _table() -> dict[str, tuple[tuple[Kind, float], ...]]:
    found: dict[str, tuple[tuple[Kind, float], ...]] = {}
    for size, words in _COUNTS.items():
        for word in words.split():
            found[word] = (("count", size),)
    for size, words in _SPANS.items():
        for word in words.split():
            found[word] = (("seconds", size),)
    for word in _SHARES.split():
        found[word] = (("ratio", 0.01),)
    for word in ["B", "byte", "bytes", "字节", "字節", "位元組", "バイト", "bita"]:
        found[word] = (("bytes", 1.0),)
    for power, letter in enumerate(_BINARY, 1):
        sizes: tuple[tuple[Kind, float], ...] = (("bytes", 1024.0**power), ("bytes", 1000.0**power))
        found[f"{letter}iB"] = sizes[:1]
        found[f"{letter}B"] = found[f"{letter.lower()}B"] = sizes
        if letter in "GT":
            found[letter] = sizes
        elif letter in "KM":
            found[letter] = (*found[letter], *sizes)
    return found


UNITS: Final = _table()
"""Word -> what one of it may be, in base units; "MB" is read as 2^20 bytes and as 10^6."""
_LOWER: Final = {word.lower(): unit for word, unit in reversed(UNITS.items())}

_WORDS = "|".join(re.escape(word) for word in sorted({*UNITS, *_LOWER}, key=len, reverse=True))
UNIT: Final = re.compile(rf"[ \u00a0\u202f-]?({_WORDS})(?![A-Za-z_])(?:/s\b|/sec\b|/秒)?", re.IGNORECASE)
"""A unit right behind a number."""


def unit(word: str) -> tuple[tuple[Kind, float], ...]:
    """What a word that `UNIT` found may mean."""
    return UNITS.get(word) or _LOWER[word.lower()]
