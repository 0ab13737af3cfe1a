"""Which stretch of time a question is about, in the asker's zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dbmedic.diagnosis.when import window

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
"""Saturday, 14:30 in Shanghai."""


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("orders page slow since this morning", "21 06:00", "21 14:30"),
        ("slow this morning", "21 06:00", "21 12:00"),
        ("今天早上开始变慢", "21 06:00", "21 14:30"),
        ("昨晚22点", "20 22:00", "20 23:00"),
        ("昨晚22点开始", "20 22:00", "21 14:30"),
        ("昨晚2点", "21 02:00", "21 03:00"),
        ("last night at 2 am", "21 02:00", "21 03:00"),
        ("凌晨3点", "21 03:00", "21 04:00"),
        ("昨天下午3点开始变慢", "20 15:00", "21 14:30"),
        ("今天上午10点半到现在", "21 10:30", "21 14:30"),
        ("10点到11点", "21 10:00", "21 11:00"),
        ("between 10:00 and 11:30", "21 10:00", "21 11:30"),
        ("last 30 minutes", "21 14:00", "21 14:30"),
        ("in the last hour", "21 13:30", "21 14:30"),
        ("half an hour ago", "21 14:00", "21 14:30"),
        ("过去两小时", "21 12:30", "21 14:30"),
        ("過去兩小時", "21 12:30", "21 14:30"),
        ("半小时前", "21 14:00", "21 14:30"),
        ("近1小时", "21 13:30", "21 14:30"),
        ("since 14:00", "21 14:00", "21 14:30"),
        ("since 9 this morning", "21 09:00", "21 14:30"),
        ("since noon", "21 12:00", "21 14:30"),
        ("at 3pm", "20 15:00", "20 16:00"),
        ("since yesterday", "20 00:00", "21 14:30"),
        ("yesterday", "20 00:00", "21 00:00"),
        ("since Monday", "16 00:00", "21 14:30"),
        ("从周一开始", "16 00:00", "21 14:30"),
        ("2026-11-20 14:00", "20 14:00", "20 15:00"),
        ("11月20日", "20 00:00", "21 00:00"),
        ("今朝から遅い", "21 06:00", "21 14:30"),
        ("2時間前から", "21 12:30", "21 14:30"),
        ("30 menit terakhir", "21 14:00", "21 14:30"),
        ("sejak tadi pagi", "21 06:00", "21 14:30"),
        ("sejak jam 9", "21 09:00", "21 14:30"),
        ("slow since yesterday 14:00", "20 14:00", "21 14:30"),
        ("since yesterday at 2pm", "20 14:00", "21 14:30"),
        ("between yesterday 22:00 and 23:30 it was slow", "20 22:00", "20 23:30"),
        ("昨晚 22 点", "20 22:00", "20 23:00"),
        ("昨晚十点开始卡", "20 22:00", "21 14:30"),
        ("今天凌晨两点到四点", "21 02:00", "21 04:00"),
        ("上午九点半以后变慢", "21 09:30", "21 14:30"),
        ("从昨天14:00到现在", "20 14:00", "21 14:30"),
        ("下午一点开始慢", "21 13:00", "21 14:30"),
        ("昨晚二十二点", "20 22:00", "20 23:00"),
        ("前天下午", "19 12:00", "19 18:00"),
        ("最近半小时", "21 14:00", "21 14:30"),
        ("過去30分鐘", "21 14:00", "21 14:30"),
        ("昨晚22點開始變慢", "20 22:00", "21 14:30"),
        ("今天早上開始變慢", "21 06:00", "21 14:30"),
        ("近三天", "18 14:30", "21 14:30"),
        ("昨夜22時から", "20 22:00", "21 14:30"),
        ("30分前から", "21 14:00", "21 14:30"),
        ("昨日の14時から", "20 14:00", "21 14:30"),
        ("sejak kemarin jam 14", "20 14:00", "21 14:30"),
        ("sejak kemarin pukul 14:00", "20 14:00", "21 14:30"),
        ("3 jam terakhir", "21 11:30", "21 14:30"),
        ("which queries got slower this week?", "16 00:00", "21 14:30"),
        ("上周", "09 00:00", "16 00:00"),
        ("上周三", "11 00:00", "12 00:00"),
        ("先週の水曜日", "11 00:00", "12 00:00"),
        ("since last Tuesday", "17 00:00", "21 14:30"),
        ("last Saturday", "14 00:00", "15 00:00"),
        ("it got slow after the weekend", "16 00:00", "21 14:30"),
        ("这个月", "01 00:00", "21 14:30"),
        ("since 5 November", "05 00:00", "21 14:30"),
        ("on Nov 19th at 8pm", "19 20:00", "19 21:00"),
        ("between 3 and 4 pm yesterday", "20 15:00", "20 16:00"),
        ("from 9 am to 11 am", "21 09:00", "21 11:00"),
        ("between 11 and 1 pm", "21 11:00", "21 13:00"),
        ("凌晨 2 点 15 分到 3 点", "21 02:15", "21 03:00"),
        ("in the past couple of hours", "21 12:30", "21 14:30"),
        ("antara jam 10 sampai jam 11", "21 10:00", "21 11:00"),
        ("since lunch", "21 12:00", "21 14:30"),
    ],
)
def test_a_time_phrase_becomes_a_window(text, start, end):
    found = window(text, NOW, SHANGHAI)
    assert found is not None
    assert (f"{found.start:%d %H:%M}", f"{found.end:%d %H:%M}") == (start, end)
    assert found.start.tzinfo is SHANGHAI


@pytest.mark.parametrize(
    "text",
    [
        "最近很慢",
        "it has been slow lately",
        "top 10 queries",
        "port 5432",
        "it takes 5 seconds",
        "慢一点",
        "快一点好吗",
        "有两点问题",
        "连接数 200",
        "3.5 GB",
        "every night the export fails",
        "每天晚上跑批都慢",
        "the dashboard shows yesterday's numbers",
        "it rose from 5 to 12 connections",
        "latency went from 3 to 20 ms",
        "it waits for minutes",
        "",
    ],
)
def test_what_names_no_time_is_no_window(text):
    assert window(text, NOW, SHANGHAI) is None


def test_before_six_this_morning_began_at_midnight():
    early = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)
    found = window("slow since this morning", early, SHANGHAI)
    assert found is not None
    assert f"{found.start:%d %H:%M}" == "21 00:00"


def test_a_window_never_ends_in_the_future_nor_begins_there():
    found = window("since this afternoon", NOW, SHANGHAI)
    assert found is not None
    assert found.end == NOW
    assert window("tonight", NOW, SHANGHAI) is None


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("since 05:00 UTC", "13:00"),
        ("since 15:00 JST", "14:00"),
        ("北京时间下午一点开始", "13:00"),
        ("since 12:30 Jakarta time", "13:30"),
        ("since 05:00 GMT+1", "12:00"),
    ],
)
def test_a_zone_in_the_text_wins_over_the_askers(text, start):
    found = window(text, NOW, SHANGHAI)
    assert found is not None
    assert (f"{found.start.astimezone(SHANGHAI):%H:%M}", found.end) == (start, NOW)


def test_the_zone_decides_what_morning_is():
    berlin = window("since this morning", NOW, ZoneInfo("Europe/Berlin"))
    assert berlin is not None
    assert berlin.start.astimezone(UTC).hour == 5
