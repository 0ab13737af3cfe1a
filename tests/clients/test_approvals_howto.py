"""The grants of docs/how-to/approvals.md are enough for every change, and the write account needs no more."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncmy
import psycopg

from dbmedic import app
from dbmedic.assistant.accounts import LOCAL
from dbmedic.assistant.calls import returned
from dbmedic.config import Config
from fix_servers import Database

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "approvals.md"


def grants(name: str, **words: str) -> list[str]:
    """The statements of a block, with our names in place of the page's."""
    block = re.search(rf"<!-- run: {name} -->\n```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert block is not None
    text = re.sub(r" *--.*", "", block[1]).replace("…", "pw")
    for word, ours in words.items():
        text = text.replace(word, ours)
    return [statement.strip() for statement in text.split(";") if statement.strip()]


@asynccontextmanager
async def changing(url: str, write_url: str) -> AsyncIterator[Any]:
    parts = await app.build(Config(data=None))
    turns, approvals = parts.assistant.turns, parts.assistant.approvals
    await parts.assistant.instances.add("shop", url, LOCAL, write_url=write_url)

    async def changed(tool: str, **args: Any) -> str:
        """What came of a change that was granted."""
        running = await turns.call(tool, {"instance": "shop", "purpose": "test", **args}, LOCAL)
        await running.closed.wait()
        asked = returned(running.id, running.entries)
        assert asked.approval, asked.content
        await approvals.decide(asked.approval, LOCAL, granted=True)
        running = await turns.resume(running.id, "local")
        await running.closed.wait()
        done = returned(running.id, running.entries)
        assert done.ok, done.content
        return done.content

    try:
        yield changed
    finally:
        await parts.close()


async def test_on_postgres(postgres: Database) -> None:
    owner, writer, asker = (f"{postgres.name}_{name}" for name in ("owner", "writer", "asker"))
    postgres.run(
        f"create role {owner}", f"create role {asker} login password 'pw'", f"create schema s authorization {owner}",
        "create table s.orders (id int primary key, customer int)", f"alter table s.orders owner to {owner}",
        *grants("postgres", shop_owner=owner, dbmedic_write=writer),
    )  # fmt: skip
    write_url = postgres.server.at(postgres.name, user=writer, password="pw")
    asking = postgres.server.at(postgres.name, user=asker, password="pw")
    try:
        async with (
            await psycopg.AsyncConnection.connect(asking) as session,
            changing(postgres.url, write_url) as change,
        ):
            assert "valid" in await change("create_index", table="s.orders", columns=["customer"])
            await change("maintain", table="s.orders", work="vacuum")
            await change("maintain", table="s.orders", work="analyze")
            assert "is gone" in await change("drop_index", table="s.orders", index="orders_customer_idx")
            await change("change_setting", name="work_mem", value="8MB")
            await change("change", statement="select pg_reload_conf()")
            assert "is gone" in await change("end_session", session=session.info.backend_pid)
    finally:
        postgres.run(
            "alter system reset work_mem", "select pg_reload_conf()", "drop schema s cascade",
            f"drop owned by {writer}", f"drop role {writer}, {owner}, {asker}",
        )  # fmt: skip


async def test_on_mariadb(mariadb: Database) -> None:
    mariadb.run("create table orders (id int primary key, customer int)")
    writer, table = f"w{mariadb.name[-8:]}", f"{mariadb.name}.orders"
    mariadb.run(*grants("mariadb", **{"shop.*": f"{mariadb.name}.*", "dbmedic_write": writer}))
    write_url = mariadb.server.at(mariadb.name, user=writer, password="pw")
    host, port = re.search(r"@([^:/]+):(\d+)", mariadb.url).groups()  # type: ignore[union-attr]
    try:
        session = await asyncmy.connect(host=host, port=int(port), user=writer, password="pw")
        async with changing(mariadb.url, write_url) as change:
            assert "valid" in await change("create_index", table=table, columns=["customer"])
            await change("maintain", table=table, work="analyze")
            await change("maintain", table=table, work="optimize")
            assert "is gone" in await change("drop_index", table=table, index="orders_customer_idx")
            assert "is gone" in await change("end_session", session=session.thread_id())
        session.close()
    finally:
        mariadb.run(f"drop user {writer}@'%'")
