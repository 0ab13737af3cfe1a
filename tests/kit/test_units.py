"""Words for numbers: one table per unit, read as documentation."""

from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmedic.core.values import Unit
from dbmedic.kit import units

KIB, MIB, GIB, TIB = 1024, 1024**2, 1024**3, 1024**4


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (512, "512 B"),
        (1023, "1 023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (100 * MIB, "100 MiB"),
        (99.9 * MIB, "99.9 MiB"),
        (99.96 * MIB, "100 MiB"),
        (4.2 * GIB, "4.2 GiB"),
        (123.4 * GIB, "123 GiB"),
        (1023.7 * GIB, "1 TiB"),
        (5000 * 1024 * TIB, "4.9 EiB"),
        (-1536, "-1.5 KiB"),
        (None, "not measured"),
        (float("nan"), "not measured"),
    ],
)
def test_a_size_is_said_in_binary_units(size, words):
    assert units.bytes_text(size) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.00001, "<0.1 ms"),
        (0.0004, "0.4 ms"),
        (0.0012, "1.2 ms"),
        (0.012, "12 ms"),
        (0.9994, "999 ms"),
        (0.9999, "1 s"),
        (3.4, "3.4 s"),
        (15, "15 s"),
        (59.97, "1 min"),
        (200, "3 min 20 s"),
        (180, "3 min"),
        (3599.7, "1 h"),
        (84700, "23 h 32 min"),
        (86399, "1 d"),
        (187200, "2 d 4 h"),
        (400 * 86400, "400 d"),
        (-5, "-5 s"),
        (float("inf"), "not measured"),
        (None, "not measured"),
    ],
)
def test_a_span_is_said_with_one_or_two_units(seconds, words):
    assert units.seconds_text(seconds) == words


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (0, "0 %"),
        (0.0001, "<0.1 %"),
        (0.042, "4.2 %"),
        (0.04, "4 %"),
        (0.0996, "10 %"),
        (0.23, "23 %"),
        (0.985, "98 %"),
        (0.9994, "99.9 %"),
        (0.99999, ">99.9 %"),
        (1, "100 %"),
        (1.3, "130 %"),
        (12.5, "1 250 %"),
        (-0.05, "-5 %"),
        (None, "not measured"),
    ],
)
def test_a_share_is_said_in_percent_and_only_a_full_one_is_100(ratio, words):
    assert units.ratio_text(ratio) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0"),
        (999, "999"),
        (1200000, "1 200 000"),
        (2.5, "2.5"),
        (0.04, "0.04"),
        (7.0, "7"),
        (1234.4, "1 234"),
        (-1200, "-1 200"),
        (None, "not measured"),
    ],
)
def test_a_count_is_grouped_by_threes(count, words):
    assert units.count_text(count) == words


def test_a_rate_says_per_second_and_of_what():
    assert units.rate_text(1200) == "1 200/s"
    assert units.rate_text(3.54, "commits") == "3.5 commits/s"
    assert units.rate_text(0.001) == "<0.01/s"
    assert units.rate_text(None) == "not measured"
    assert units.bytes_rate_text(4.2 * MIB) == "4.2 MiB/s"
    assert units.bytes_rate_text(None) == "not measured"


MOMENT = datetime(2026, 11, 21, 6, 3, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "zone", "words"),
    [
        (MOMENT, None, "2026-11-21 06:03 UTC"),
        (MOMENT, "Asia/Shanghai", "2026-11-21 14:03 CST"),
        (MOMENT, "America/Sao_Paulo", "2026-11-21 03:03 -03"),
        (MOMENT, "Mars/Olympus", "2026-11-21 06:03 UTC"),
        (MOMENT, "../../etc/passwd", "2026-11-21 06:03 UTC"),
        (MOMENT.astimezone(timezone(timedelta(hours=8))), "UTC", "2026-11-21 06:03 UTC"),
        (MOMENT.replace(tzinfo=None), None, "2026-11-21 06:03 UTC"),
        ("2026-11-21T06:03:59Z", "Asia/Shanghai", "2026-11-21 14:03 CST"),
        ("infinity", None, "infinity"),
        (None, None, "not measured"),
    ],
)
def test_a_moment_is_said_in_the_readers_zone(moment, zone, words):
    assert units.time_text(moment, zone) == words


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (4509715661, "bytes", "4.2 GiB"),
        (0.012, "seconds", "12 ms"),
        (0.23, "ratio", "23 %"),
        (1200000, "count", "1 200 000"),
        (12.5, "per_second", "12.5/s"),
        (1024, "bytes_per_second", "1 KiB/s"),
        (MOMENT, "time", "2026-11-21 14:03 CST"),
        ("orders", "ident", "orders"),
        ("idle in transaction", "text", "idle in transaction"),
        ("select 1", "sql", "select 1"),
        (True, "count", "True"),
        ("unlimited", "count", "unlimited"),
        ("", "text", "not measured"),
    ],
)
def test_show_picks_the_words_by_the_unit(value, unit, words):
    assert units.show(value, unit, "Asia/Shanghai") == words


@pytest.mark.parametrize("unit", get_args(Unit))
def test_what_was_not_measured_is_never_a_zero(unit):
    assert units.show(None, unit) == "not measured"


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e18, max_value=1e18))
def test_every_number_has_words_in_every_unit(value):
    for unit in ("bytes", "seconds", "ratio", "count", "per_second", "bytes_per_second"):
        assert units.show(value, unit)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("100GiB", 100 * GIB),
        ("100 GB", 100 * GIB),
        ("1.5T", round(1.5 * TIB)),
        ("512mb", 512 * MIB),
        (" 20 gib ", 20 * GIB),
        ("64k", 64 * KIB),
        ("4096", 4096),
        ("4096 bytes", 4096),
        ("8B", 8),
    ],
)
def test_a_size_is_read_as_people_write_it(text, size):
    assert units.parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "GiB", "lots", "-5GB", "1,5T", "10 GBit", "1e9", "5 apples"])
def test_what_is_no_size_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="100GiB"):
        units.parse_bytes(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("0.5", 0.5),
        ("200ms", 0.2),
        ("15 s", 15),
        ("5min", 300),
        ("5m", 300),
        ("3 min 20 s", 200),
        ("2 d 4 h", 187200),
        ("2 hours", 7200),
        ("1W", 604800),
    ],
)
def test_a_span_is_read_as_people_write_it(text, seconds):
    assert units.parse_seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "5 parsecs", "min", "5 min later", "-3s"])
def test_what_is_no_span_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="15s"):
        units.parse_seconds(text)


@given(st.integers(min_value=0, max_value=86400 * 999))
def test_a_span_read_back_is_at_most_half_a_small_unit_off(seconds):
    assert units.parse_seconds(units.seconds_text(seconds)) == pytest.approx(seconds, abs=max(0.05, seconds / 24 / 2))
