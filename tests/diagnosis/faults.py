"""Faults and fine checks with the columns that the real checks have, to make turns of."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.scene import found, normal

from dbmedic.core.events import Event
from dbmedic.core.values import Fix

ORDERS = "select * from orders where customer_id = $1 and status = $2"
END = Fix(statement="SELECT pg_terminate_backend(4711)", safety="KILL", dangerous=True)
INDEX = Fix(
    statement="CREATE INDEX CONCURRENTLY orders_customer_id_idx ON public.orders (customer_id)",
    safety="SUE",
    rollback="DROP INDEX CONCURRENTLY public.orders_customer_id_idx",
)
WHO = {"user": "shop", "application": "checkout", "client": "10.0.0.7", "database": "shop"}


def idle(level: str = "error", pid: int = 4711, **more: Any) -> list[Event]:
    values = {"idle": 720.0, "transaction": 735.0, "blocks": 8, "query": "update orders set status = $1 where id = $2"}
    return found("idle-in-transaction", level, str(pid), fix=END, pid=pid, **WHO, **(values | more))


def blocking(level: str = "error", root: int = 4711, **more: Any) -> list[Event]:
    values = {
        "blocked": 8, "depth": 2, "longest": 690.0, "on_object": "public.orders", "state": "idle in transaction",
        "query": "update orders set status = $1 where id = $2", "waiters": "4720, 4721",
        "waiting_query": "update orders set total = $1 where id = $2",
    }  # fmt: skip
    who = {name: value for name, value in WHO.items() if name != "database"}
    return found("blocking-tree", level, str(root), fix=END, root=root, **who, **(values | more))


def missing_index(level: str = "error", table: str = "orders", **more: Any) -> list[Event]:
    values = {
        "schema": "public", "table": table, "column": "customer_id", "columns": "customer_id", "kind": "plain",
        "index": f"{table}_customer_id_idx", "query": ORDERS.replace("orders", table), "queryid": f"q-{table}",
        "share": 0.83, "busy": 1.9, "calls": 41, "mean_s": 0.162, "rows": 1_200_000, "size": 180 << 20, "kept": 0.0001,
        "scans_per_min": 480,
    }  # fmt: skip
    return found("missing-index", level, f"public.{table}.customer_id", fix=INDEX, window_s=5.0, **(values | more))


def top_query(level: str = "warning", table: str = "orders", **more: Any) -> list[Event]:
    values = {
        "query": ORDERS.replace("orders", table), "queryid": f"q-{table}", "share": 0.83, "busy": 1.9, "calls": 41,
        "mean_s": 0.162, "exec_s": 6.6,
    }  # fmt: skip
    return found("top-queries", level, ORDERS, window_s=5.0, **(values | more))


def cpu(level: str = "error", ratio: float = 0.97) -> list[Event]:
    return found("cpu-saturation", level, ratio=ratio, source="host", processors=2)


def connections(level: str = "error", used: int = 92, **more: Any) -> list[Event]:
    values = {"used": used, "slots": 97, "ratio": used / 97, "active": 9, "idle": 14, "in_transaction": 1}
    return found("conn-usage", level, **(values | more))


def waits(kind: str = "Lock", share: float = 0.85, level: str = "warning") -> list[Event]:
    event = {"Lock": "transactionid", "Client": "ClientRead", "IO": "DataFileRead"}.get(kind, "running")
    values: dict[str, Any] = {"class": kind, "event": event, "share": share, "sessions": 7.1}
    return found("wait-profile", level, kind, **values)


def active(level: str = "warning", count: float = 7.1) -> list[Event]:
    return found("active-sessions", level, active=count, processors=2, waiting=6)


def dead_rows(level: str = "warning", table: str = "orders") -> list[Event]:
    values = {"schema": "public", "table": table, "dead": 900_000, "live": 1_200_000, "share": 0.43, "size": 400 << 20}
    fix = Fix(statement=f"VACUUM (ANALYZE) public.{table}", safety="SUE")
    return found("pg-dead-tuples", level, f"public.{table}", fix=fix, **values)


def horizon(level: str = "warning", holder: str = "4711", kind: str = "session") -> list[Event]:
    values = {"kind": kind, "holder": holder, "state": "idle in transaction", "xids": 6_000_000, "open": 7300.0}
    return found("xmin-horizon", level, f"{kind}:{holder}", **values, dead=900_000)


def fine() -> list[list[Event]]:
    """A server on which all is well."""
    return [
        normal("blocking-tree"),
        normal("idle-in-transaction"),
        normal("long-transaction"),
        normal("long-query"),
        normal("missing-index"),
        normal("active-sessions", active=0.4, processors=2, waiting=0),
        normal("conn-usage", used=23, slots=97, ratio=23 / 97, active=9, idle=14, in_transaction=0),
        normal("cpu-saturation", ratio=0.12, source="host", processors=2),
        normal("pg-cache-hit", hit=0.997, reads_per_s=12.0),
        disk(),
    ]


def fine_but(*checks: str) -> list[list[Event]]:
    """A server on which all is well but for what these checks say."""
    return [group for group in fine() if getattr(group[-1], "check", "") not in checks]


def disk(used: int = 23 << 30, total: int = 100 << 30, level: str = "normal", source: str = "host") -> list[Event]:
    values = {"volume": "/data", "used": used, "total": total, "free": total - used, "ratio": used / total}
    if level == "normal":
        return normal("disk-used", "/data", **values, source=source)
    return found("disk-used", level, "/data", **values, source=source)


def part(kind: str, name: str, size: int, share: float, rows: int | None = None, growth: float = 0) -> list[Event]:
    values = {"kind": kind, "name": name, "size": size, "share": share, "rows": rows, "growth": growth}
    return normal("disk-breakdown", f"{kind}:{name}", window_s=5.0, **values)


def parts(growth: float = 0) -> list[list[Event]]:
    """What takes the space on the shop's server."""
    return [
        part("database", "shop", 4 << 30, 0.89),
        part("table", "public.orders", 2 << 30, 0.45, 1_200_000),
        part("table", "public.events", 1 << 30, 0.22, 9_000_000, growth),
        part("wal", "pg_wal", 512 << 20, 0.11),
    ]
