"""Sign-ins that were refused, by where they came from."""

from __future__ import annotations

import re

from dbmedic.checks.context import Context
from dbmedic.checks.serverlog import HOUR, grouped, said, usual
from dbmedic.core.values import Row
from dbmedic.kit.serverlog.entry import Entry

USER = re.compile(r'(?:user|role|用户) "([^"]*)"')
HOST = re.compile(r'host "([^"]*)"|host (\d[\d.]+)')


async def rows(context: Context) -> list[Row]:
    """A row per host: failures, how many a minute at most, and whose accounts were tried."""
    found = await said(context, HOUR)
    failed = found.those(lambda one: one.code in ("28P01", "28000", "1045", "1698"))
    made = []
    for host, entries in grouped(failed, _host).items():
        users = {_user(one) for one in entries} - {""}
        row = found.row(entries)
        made.append(
            row | {"host": host, "user": usual(_user(one) for one in entries), "accounts": len(users),
                   "failures": len(entries), "most_min": row["per_min"], "said": entries[-1].message[:300]}
        )  # fmt: skip
    return made


def _user(one: Entry) -> str:
    match = USER.search(one.message)
    return one.user or (match[1] if match else "")


def _host(one: Entry) -> str:
    match = HOST.search(one.message)
    return one.host or (match[1] or match[2] if match else "") or "unknown"
