"""Times and events as the store keeps them come back exactly."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbmedic.core import log
from dbmedic.core.errors import Bug
from dbmedic.core.events import Entry, StopRequested

AT = datetime(2026, 3, 1, tzinfo=UTC)


@settings(deadline=None)  # the first use of a zone reads its file
@given(st.datetimes(timezones=st.timezones() | st.just(UTC)))
def test_a_time_comes_back_to_the_microsecond(at):
    try:
        utc = at.astimezone(UTC)
    except OverflowError:  # year 0 or 10000 in UTC
        return
    assert log.moment(log.micros(at)) == utc


def test_microseconds_count_from_1970_utc():
    assert log.micros(datetime(1970, 1, 1, 2, 0, 0, 5, tzinfo=timezone(timedelta(hours=1)))) == 3_600_000_005


def test_a_row_names_the_event_by_its_tag():
    entry = Entry("t1", 4, AT, StopRequested(by="key-7"))
    assert log.row(entry) == ("t1", 4, log.micros(AT), "StopRequested", '{"type":"StopRequested","by":"key-7"}')
    assert log.kind(entry.event) == "StopRequested"


def test_a_body_that_no_event_fits_is_our_bug():
    with pytest.raises(Bug, match="event 4 of turn t1 cannot be read"):
        log.entries([{"turn": "t1", "seq": 4, "at": 1, "kind": "Dreamt", "body": '{"type":"Dreamt"}'}])
