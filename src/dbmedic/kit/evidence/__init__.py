"""Texts of a database that people paste: slow logs, lists of sessions, InnoDB's status, deadlocks, settings.  Pure.

Each reader takes lines and gives a value, or None for a text that is something else.  Every number in a value stands
in the text.  Literals of statements are dropped.  Plans are read in `kit/plans`; what is said of it all, elsewhere.
"""

from __future__ import annotations

from dbmedic.kit.evidence.deadlock import Deadlock, Party, deadlock
from dbmedic.kit.evidence.innodb import Innodb, Transaction, innodb
from dbmedic.kit.evidence.sessions import Session, Sessions, sessions
from dbmedic.kit.evidence.settings import Settings, Strange, settings
from dbmedic.kit.evidence.slowlog import Slow, SlowLog, slow_log

__all__ = [
    "Deadlock", "Innodb", "Party", "Session", "Sessions", "Settings", "Slow", "SlowLog", "Strange", "Transaction",
    "deadlock", "innodb", "sessions", "settings", "slow_log",
]  # fmt: skip
