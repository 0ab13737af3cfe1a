"""The shop's cache in Redis: sessions, carts and pages that expire, and what its application does all day."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dbmedic.engines import grants
from faults.fault import Client, Script
from fix_servers import private_redis

if TYPE_CHECKING:
    from faults.scene import Scene

SETTINGS = {"maxmemory": "64mb", "maxmemory-policy": "allkeys-lru"}
FILL = """EVAL "for i=1,20000 do redis.call('set','session:'..i,string.rep('s',200),'EX',86400) end
for i=1,3000 do redis.call('hset','cart:'..i,'sku',i,'count',2) redis.call('expire','cart:'..i,86400) end" 0"""

DAY = (
    Client(
        "shop-web",
        4,
        (
            Script(("GET session:{1..20000}", "HGETALL cart:{1..3000}"), 9),
            Script(("SET session:{1..20000} another EX 86400",)),
        ),
        pause_s=0.02,
    ),
)
"""Lookups that hit, and a few writes."""


def grown(megabytes: int, name: str = "page", *, seconds: int = 0) -> str:
    """A command that writes that much in values of 100 kB, which expire where seconds are given."""
    expire = f",'EX',{seconds}" if seconds else ""
    times = megabytes * 10
    return f"EVAL \"for i=1,{times} do redis.call('set','{name}:'..i,string.rep('x',100000){expire}) end\" 0"


def info(section: str, field: str) -> str:
    """A command that gives one number of INFO."""
    return f"EVAL \"return redis.call('info','{section}'):match('{field}:([%d.]+)')\" 0"


@contextlib.contextmanager
def scene(settings: Mapping[str, str]) -> Iterator[Scene]:
    """A fresh server with the cache in it, and the account that dbmedic documents."""
    from faults.scene import PASSWORD, Scene

    options = [word for name, value in (SETTINGS | dict(settings)).items() for word in (f"--{name}", value)]
    with private_redis(*options) as server:
        [template] = grants.template("redis", "explain", password="secret")
        server.run(FILL, template.replace(">secret", f"'>{PASSWORD}'"), "SLOWLOG RESET")
        pid = next(line for line in str(server.run("INFO server")[0][0]).splitlines() if line.startswith("process_id"))
        yield Scene(server, int(pid.partition(":")[2]))
