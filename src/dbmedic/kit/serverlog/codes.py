"""SQLSTATEs of PostgreSQL's messages where the log does not write them, and which plain messages are worth reading."""

from __future__ import annotations

import re
from typing import Final

_CODES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), code)
    for pattern, code in (
        (r"^deadlock detected|检测到死锁", "40P01"),
        (r"authentication failed for user|认证失败", "28P01"),
        (r'no pg_hba\.conf entry|^role ".*" does not exist|is not permitted to log in|peer authentication', "28000"),
        (r"canceling statement due to lock timeout|could not obtain lock|由于锁超时", "55P03"),
        (r"canceling (?:statement|autovacuum)|(?:取消|终止).*(?:语句|自动清理)", "57014"),
        (r"terminating connection due to idle-in-transaction timeout", "25P03"),
        (r"terminating connection due to idle-session timeout", "57P05"),
        (r"terminating connection due to administrator command", "57P01"),
        (r"the database system is (?:starting up|shutting down|in recovery|not yet accepting)", "57P03"),
        (r"duplicate key value|重复键", "23505"),
        (r"violates foreign key|违反外键", "23503"),
        (r"violates not-null|违反.*非空", "23502"),
        (r"violates check|违反.*检查", "23514"),
        (r"violates exclusion", "23P01"),
        (r"could not serialize access", "40001"),
        (r'^relation ".*" does not exist|关系 ".*" 不存在', "42P01"),
        (r"^column .* does not exist|字段 .* 不存在", "42703"),
        (r"^(?:function|procedure|operator) .* does not exist", "42883"),
        (r"^syntax error|语法错误", "42601"),
        (r"^permission denied|权限不够", "42501"),
        (r"^value too long", "22001"),
        (r"out of range", "22003"),
        (r"^invalid input (?:syntax|value)", "22P02"),
        (r"division by zero", "22012"),
        (r"^current transaction is aborted", "25P02"),
        (r"read-only transaction", "25006"),
        (r"no space left on device|设备上没有空间|disk quota exceeded", "53100"),
        (r"^out of memory|cannot allocate memory|内存用尽", "53200"),
        (r"remaining connection slots|too many (?:clients|connections)", "53300"),
        (r"requested WAL segment .* has already been removed", "58P01"),
        (r"invalid page in block|page verification failed|could not read block", "XX001"),
        (r"could not open file .*: No such file", "58P01"),
    )
)
_WORTH: Final = re.compile(
    r"terminated by signal|was terminated by|all server processes terminated|database system was (?:interrupted|not "
    r"properly|shut down)|automatic recovery in progress|redo starts|database system is ready|shutdown request|"
    r"still waiting for|detected deadlock|temporary file:|checkpoints are occurring too frequently|invalid page|"
    r"page verification failed|could not (?:read|write|extend|open|fsync)|no space left|out of memory|"
    r"replication (?:terminated|slot)|walreceiver|wal receiver|requested WAL|could not receive data from WAL|"
    r"invalidat|terminating walsender|started streaming|no pg_hba|authentication failed|incomplete startup|"
    r"临时文件|检查点出现太频繁|被信号|仍在等待",
    re.IGNORECASE,
)
SAFE: Final = re.compile(r"Process(?:es)? holding the lock|Process \d+ waits")
"""Details that hold no value of a row."""


def of(message: str) -> str:
    """The SQLSTATE of a message by its text; empty where it is not known."""
    return next((code for pattern, code in _CODES if pattern.search(message)), "")


def worth(message: str) -> bool:
    """Whether a message that is no warning and no error is one that a check reads."""
    return _WORTH.search(message[:600]) is not None
