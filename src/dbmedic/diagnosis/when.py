"""Which stretch of time a question is about: "since this morning", "昨晚22点", "last 30 minutes".

Pure: the clock and the asker's zone come in.  A vague word ("recently", "最近") is no window.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final, NamedTuple

from dbmedic.diagnosis.periods import period, weekday, with_clocks, zone_in
from dbmedic.diagnosis.plain import plain


class Window(NamedTuple):
    """From when to when, both aware; the end is never in the future."""

    start: datetime
    end: datetime


_NUMBERS: Final = {
    "一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
    "十二": 12, "十一": 11, "二十": 20, "三十": 30, "半": 0.5, "几": 3, "a": 1, "an": 1, "one": 1, "two": 2, "three": 3,
    "four": 4, "five": 5, "six": 6, "ten": 10, "couple": 2, "few": 3, "several": 3, "数": 3,
    "half": 0.5, "satu": 1, "dua": 2, "tiga": 3, "beberapa": 3, "setengah": 0.5,
}  # fmt: skip
_N: Final = (
    r"(?P<n>\d+(?:\.\d+)?|[一两二三四五六七八九十半几数]+|(?:a )?(?:couple|few)|several|an?|"
    r"one|two|three|four|five|six|ten|half|satu|dua|tiga|beberapa|setengah)"
)
_UNIT: Final = (
    r"(?P<unit>minutes?|mins?|hours?|hrs?|h|days?|weeks?|months?|个?小时|个?钟头|分钟|分(?!之)|天|周|个?星期|个?礼拜|个月|"
    r"時間|分間|分|日間?|週間?|ヶ月|か月|menit|jam|hari|minggu|bulan)"
)
_UNITS: Final = (
    (("minggu", "week", "周", "週", "星期", "个星期", "礼拜", "个礼拜"), 604800),
    (("month", "个月", "ヶ月", "か月", "bulan"), 2592000), (("min", "分", "menit"), 60),
    (("hari", "day", "天", "日"), 86400),
    (("h", "小时", "个小时", "个钟", "钟头", "時間", "jam"), 3600),
)  # fmt: skip
_SPANS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![a-z])(?:last|past|previous|within|for(?! (?:the )?(?:minutes|hours|days|weeks|months)))"
        r"(?: the)?(?: last| past)? "
        rf"(?:{_N} )?(?:of )?(?:an? )?{_UNIT}(?![a-z])",
        rf"(?<![a-z0-9]){_N} (?:an )?{_UNIT} ago(?![a-z])",
        rf"(?:最近|过去|近|前|这|刚才|刚刚|刚)的? ?{_N} ?(?:多|来)?{_UNIT}",
        rf"{_N} ?(?:多|来)?{_UNIT}(?:以?前|之前|以来|内)",
        rf"(?:過去|直近|ここ|この) ?{_N} ?{_UNIT}",
        rf"{_N} ?{_UNIT}(?:前|ほど前|以内)",
        rf"(?<![a-z0-9]){_N} {_UNIT} (?:terakhir|lalu|yang lalu|belakangan)",
    )
)

_NIGHT: Final = (
    r"last night|overnight(?! jobs?| batch| run)|昨晚|昨夜|夜里|夜间|昨晩|昨日の夜|tadi malam|semalam|kemarin malam"
)
_PARTS: Final = (
    (
        r"this morning|in the morning|early today|今早|今晨|早上|早晨|上午|清晨|"
        r"今朝|朝から|午前|pagi(?: ini| tadi)?|tadi pagi",
        6,
        12,
    ),
    (r"at noon|noon|midday|lunch(?: ?time| break)?|中午|正午|午饭|午休|昼|siang(?: ini| tadi)?", 12, 14),
    (r"this afternoon|afternoon|下午|午后|午後|sore(?: ini| tadi)?", 12, 18),
    (r"tonight|this evening|evening|今晚|晚上|傍晚|夕方|今夜|malam ini", 18, 24),
    (_NIGHT, 18, 30),
    (r"凌晨|半夜|after midnight|midnight|未明|深夜|dini hari", 0, 6),
)
_PART: Final = tuple((re.compile(rf"(?<![a-z])(?:{words})(?![a-z])"), start, end) for words, start, end in _PARTS)
_YESTERDAY: Final = re.compile(
    r"(?<![a-z])(?:yesterday|kemarin)(?![a-z])(?!'s (?:data|numbers?|figures?|rows?|values?|results?|stock|sales))|"
    r"昨天|昨日|昨儿"
)
"""What shows "yesterday's numbers" is not a thing of yesterday."""
_BEFORE_YESTERDAY: Final = re.compile(r"day before yesterday|前天|一昨日")
_LAST_NIGHT: Final = re.compile(_NIGHT)
_TODAY: Final = re.compile(r"(?<![a-z])(?:today|hari ini)(?![a-z])|今天|今日")
_WEEKDAY: Final = re.compile(
    r"(?<![a-z])(?P<en>mon|tues|wednes|thurs|fri|satur|sun)day(?![a-z])|(?:周|星期|礼拜)(?P<zh>[一二三四五六日天])|"
    r"(?P<ja>[月火水木金土日])曜|(?<![a-z])(?P<id>senin|selasa|rabu|kamis|jumat|sabtu|"
    r"minggu(?! (?:ini|lalu|kemarin|terakhir)))(?![a-z])"
)
_WEEKDAYS: Final = {
    "mon": 0, "tues": 1, "wednes": 2, "thurs": 3, "fri": 4, "satur": 5, "sun": 6,
    "一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "月": 0, "火": 1, "水": 2,
    "木": 3, "金": 4, "土": 5, "senin": 0, "selasa": 1, "rabu": 2,
    "kamis": 3, "jumat": 4, "sabtu": 5, "minggu": 6,
}  # fmt: skip
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = r"(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?\.?"
_NAMED_DATE: Final = re.compile(
    rf"(?<![a-z\d])(?:(?P<d1>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?(?: of)? (?P<m1>{'|'.join(_MONTHS)}){_MONTH}|"
    rf"(?P<m2>{'|'.join(_MONTHS)}){_MONTH} (?P<d2>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?)(?![a-z\d:])"
)
_DATE: Final = re.compile(
    r"(?<!\d)(?:(?P<y>20\d\d)[-/.年])?(?P<m>0?[1-9]|1[0-2])[-/月](?P<d>[12]\d|3[01]|0?[1-9])(?![\d.])(?:日|号)?"
)
_CLOCK: Final = re.compile(
    r"(?<![\d.:])(?P<h>[01]?\d|2[0-3])(?:"
    r":(?P<m1>[0-5]\d)(?::[0-5]\d)?\s*(?P<ap1>[ap]\.?m\.?)?|\s*(?P<ap2>[ap]\.?m\.?)(?![a-z])|"
    r" ?点(?:钟|整)?(?:(?P<half>半)|(?P<m2>[0-5]?\d)分?)?|时(?!间)(?:(?P<m3>[0-5]?\d)分)?|"
    r"時(?!間)(?:(?P<half2>半)|(?P<m4>[0-5]?\d)分)?)|"
    r"(?<![a-z])(?:since|at|around|from|until|till|jam|pukul|sejak jam) (?P<h2>[01]?\d|2[0-3])"
    r"(?![\d.:%]| ?(?:[mhsdgk]b?|ms|mins?|minutes?|sec\w*|hours?|days?|weeks?|%|o'|x|times|per\w*|[ap]\.?m\.?|[gmk]i?b|"
    r"to|[a-z]*(?:ions?|ies|ents?|ows|sers|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)(?![a-z]))(?![a-z])"
)
_CHINESE: Final = re.compile(r"(?P<n>二?十[一二三四五六七八九]?|[零一二两三四五六七八九])(?=[点點时時](?!间|間))")
_A_BIT: Final = re.compile(r"(?:凌晨|半夜|早上|上午|中午|下午|傍晚|晚上|昨晚|今晚|夜里|夜间|从|到|至|[点點时時])$")
"""What must stand before 一点 for it to be one o'clock and not "a bit"."""
_SINCE: Final = re.compile(
    r"(?<![a-z])(?:since|starting|started|start|begins?|began|from|ever since|sejak|mulai|dari)(?![a-z])|"
    r"开始|以来|起|至今|到现在|之后|以后|から|以降"
)
_UNTIL: Final = re.compile(r"^\s*(?:到|至|-|–|—|~|〜|to|until|till|and|から|sampai|hingga|ke)\s*$")
_APART: Final = re.compile(r"(?<=\d) (?=[点时分月日号時])|(?<=[点时月時]) (?=\d)")
_OFTEN: Final = re.compile(
    r"(?<![a-z])(?:every|each) (?:night|morning|evening|afternoon|midnight|noon|day|\w+day)(?![a-z])|"
    r"每(?:天|日|晚|夜|周)(?:晚上|早上|夜里|凌晨|中午|下午|上午)?|毎(?:日|晩|朝|夜|週)|"
    r"setiap (?:hari|malam|pagi|siang|sore)"
)
"""What comes back each day is no stretch of time."""


def window(text: str, now: datetime, zone: tzinfo) -> Window | None:
    """The window that a text speaks of, in `zone`; None when it names no time."""
    said = plain(text)
    if (abroad := zone_in(said)) is not None:
        zone, said = abroad
    said, here = _OFTEN.sub(" ", with_clocks(_APART.sub("", said))), now.astimezone(zone)
    for pattern in _SPANS:
        if match := pattern.search(said):
            return Window(here - timedelta(seconds=_length_s(match)), here)
    return _calendar(said, here)


def _length_s(match: re.Match[str]) -> float:
    said = match["n"] or "1"
    number = float(said) if said[0].isdigit() else float(_NUMBERS.get(said.removeprefix("a "), 1))
    return number * next((s for names, s in _UNITS if match["unit"].startswith(names)), 3600)


def _digits(said: str) -> str:
    """Hours in Chinese numerals as digits: "昨晚十点" is "昨晚10点"; "慢一点" is no hour."""

    def number(match: re.Match[str]) -> str:
        before, text = said[: match.start()], match["n"]
        if before.endswith("有") or (text == "一" and not _A_BIT.search(before)):
            return text
        tens, ten, ones = text.rpartition("十")
        value = (10 * int(_NUMBERS.get(tens, 1)) if ten else 0) + (int(_NUMBERS.get(ones, 0)) if ones else 0)
        return str(value)

    return _CHINESE.sub(number, said)


def _calendar(said: str, here: datetime) -> Window | None:
    said = _digits(said)
    day, named_day = _day(said, here)
    part = next(((start, end) for pattern, start, end in _PART if pattern.search(said)), None)
    clocks = list(_CLOCK.finditer(said))
    open_end = bool(_SINCE.search(said))
    if not clocks and not named_day and (whole := period(said, here)) is not None:
        return _bounded(whole[0], here if open_end else whole[1], here)
    if not clocks and part is None and not named_day:
        return None
    if not clocks:
        first, last = part or (0, 24)
        if part and first == 6 and here.date() == day and here.hour < 6:
            first = 0
        return _bounded(_at(day, first, 0, here), here if open_end else _at(day, last, 0, here), here)
    start = _moment(clocks[0], day, part, here)
    if start > here and not named_day:
        start -= timedelta(days=1)
    if len(clocks) > 1 and _UNTIL.match(said[clocks[0].end() : clocks[1].start()]):
        end = _moment(clocks[1], start.date(), part, here)
        return _bounded(start, end if end > start else end + timedelta(days=1), here)
    return _bounded(start, here if open_end else start + timedelta(hours=1), here)


def _day(said: str, here: datetime) -> tuple[date, bool]:
    today = here.date()
    if _BEFORE_YESTERDAY.search(said):
        return today - timedelta(days=2), True
    if _YESTERDAY.search(said) or _LAST_NIGHT.search(said):
        return today - timedelta(days=1), True
    named, match = _NAMED_DATE.search(said), _DATE.search(said)
    if named is not None or match is not None:
        try:
            found = _date(named, match, today.year)
        except ValueError:
            return today, False
        return (found if found <= today else found.replace(year=found.year - 1)), True
    if match := _WEEKDAY.search(said):
        wanted = _WEEKDAYS[next(name for name in match.groupdict().values() if name)]
        return weekday(said, wanted, today), True
    return today, bool(_TODAY.search(said))


def _date(named: re.Match[str] | None, match: re.Match[str] | None, year: int) -> date:
    """The date of a match, the named month first.  Raises ValueError for a day that the month has not."""
    if named is not None:
        return date(year, _MONTHS.index(named["m1"] or named["m2"]) + 1, int(named["d1"] or named["d2"]))
    assert match is not None
    return date(int(match["y"] or year), int(match["m"]), int(match["d"]))


def _moment(clock: re.Match[str], day: date, part: tuple[int, int] | None, here: datetime) -> datetime:
    hour = int(clock["h"] or clock["h2"])
    minute = int(
        clock["m1"] or clock["m2"] or clock["m3"] or clock["m4"] or (30 if clock["half"] or clock["half2"] else 0)
    )
    half = (clock["ap1"] or clock["ap2"] or "")[:1]
    if (half == "p" and hour < 12) or (not half and part and part[0] >= 12 and hour < 12 and not _early(part, hour)):
        hour += 12
    elif half == "a" and hour == 12:
        hour = 0
    if part and part[1] == 30 and hour < 6:
        day += timedelta(days=1)
    return _at(day, hour, minute, here)


def _early(part: tuple[int, int], hour: int) -> bool:
    """ "Last night at 2" is after midnight, "last night at 10" before it."""
    return part[1] == 30 and hour < 6


def _at(day: date, hour: int, minute: int, here: datetime) -> datetime:
    return datetime.combine(day + timedelta(days=hour // 24), time(hour % 24, minute), here.tzinfo)


def _bounded(start: datetime, end: datetime, here: datetime) -> Window | None:
    return Window(start, min(end, here)) if start < here else None
