"""What each tool that changes something does to a real server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.tools.changing import ADMIN, FIRST, result

from dbmedic.core.events import ApprovalRequested, ToolReturned
from dbmedic.core.values import Call


async def test_a_session_is_ended_and_a_number_given_to_another_session_is_not_hit(postgres_desk, postgres):
    async with postgres_session(postgres) as (pid, alive):
        call = Call("k1", "end_session", {"instance": "db", "session": pid, "purpose": "holds a lock"})
        desk = postgres_desk(call)
        running = await desk.asked()
        asked = await desk.pending()
        assert f"pid = {pid} and backend_start = " in asked.request.statement
        await desk.approvals.decide(asked.id, FIRST, granted=True)
        assert await alive()
        await desk.turns.sweep()
        assert f"Session {pid} is gone" in result(await desk.ended(running.id)).content
        assert not await alive()


async def test_a_statement_of_a_session_is_cancelled_on_mariadb(mariadb_desk, mariadb):
    from asyncmy.connection import connect

    from dbmedic.engines.mysql_place import Place

    place = Place.of(mariadb.url)
    connection = await connect(
        host=place.host, port=place.port, user=place.user, password=place.password, unix_socket=place.socket,
        database=place.database,
    )  # fmt: skip
    session = connection.thread_id()
    sleeping = asyncio.create_task(connection.query("select sleep(60)"))
    try:
        args = {"instance": "db", "session": session, "purpose": "runaway", "only_its_statement": True}
        desk = mariadb_desk(Call("k1", "end_session", args))
        running = await desk.asked()
        assert (await desk.pending()).request.statement == f"kill query {session}"
        await desk.approvals.decide((await desk.pending()).id, FIRST, granted=True)
        await desk.turns.sweep()
        assert result(await desk.ended(running.id)).ok
        async with asyncio.timeout(5):
            await asyncio.gather(sleeping, return_exceptions=True)
    finally:
        sleeping.cancel()
        connection.close()


@pytest.mark.parametrize("statement", ["select 1; drop table orders", "", "drop table orders; --", "/* */"])
async def test_a_text_that_is_not_one_statement_is_not_even_asked_about(postgres_desk, statement):
    desk = postgres_desk(Call("k1", "change", {"instance": "db", "statement": statement, "purpose": "x"}))
    running = await desk.asked()
    events = [entry.event for entry in running.entries]
    if statement.startswith("drop"):  # one statement and a comment
        assert any(isinstance(event, ApprovalRequested) for event in events)
    else:
        assert not result(await desk.ended(running.id)).ok


async def test_a_change_says_rows_and_failures_in_the_servers_words(postgres_desk, postgres):
    change = {"instance": "db", "statement": "delete from orders where id <= 10", "purpose": "old"}
    desk = postgres_desk(
        Call("k1", "change", change), Call("k2", "change", change | {"statement": "drop table nothing"})
    )
    running = await desk.asked()
    for asked in await desk.approvals.asked(ADMIN, status="pending"):
        assert asked.request.dangerous
        await desk.turns.sweep()
        assert postgres.run("select count(*) from orders") == [(500,)]
        await desk.approvals.decide(asked.id, FIRST, granted=True)
    await desk.turns.sweep()
    returned = {event.call: event for event in await desk.ended(running.id) if isinstance(event, ToolReturned)}
    assert "Rows: 10." in returned["k1"].content
    assert 'table "nothing" does not exist' in returned["k2"].content
    assert postgres.run("select count(*) from orders") == [(490,)]


class postgres_session:
    """A client's session: its process id, and whether it is alive."""

    def __init__(self, postgres: Any) -> None:
        self._url = postgres.url

    async def __aenter__(self) -> tuple[int, Any]:
        import psycopg

        self._connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)

        async def alive() -> bool:
            try:
                await self._connection.execute("select 1")
            except psycopg.Error:
                return False
            return True

        return self._connection.info.backend_pid, alive

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()
