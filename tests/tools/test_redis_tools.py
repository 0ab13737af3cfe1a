"""The tools that read, on Redis: its tables answer a model's own SELECT, a key is described and none is read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from checks.proving import Host
from dbmedic.agent.tool import Context
from dbmedic.core.errors import WriteRefused
from dbmedic.core.events import Event
from dbmedic.core.ports import Target
from dbmedic.core.values import Caller, Instance, Question
from dbmedic.engines import open_engine
from dbmedic.tools.query import query
from dbmedic.tools.schema import schema
from fix_servers import Server


@pytest.fixture
async def context(redis: Server) -> AsyncIterator[Context]:
    instance = Instance(id="cache", url=redis.url)
    engine = open_engine(instance)

    async def target(_: str) -> Target:
        return Target(instance, engine, Host())

    async def say(_: Event) -> None: ...

    question = Question(text="?", caller=Caller(account="a", user="u", key="k"), api="test")
    yield Context("k1", question, (), target, say, str, lambda: datetime.now(UTC))
    await engine.close()


async def test_a_models_own_question_reads_the_servers_state(context: Context, redis: Server) -> None:
    redis.run("SET secret S3cret", "HSET cart sku 7")
    said = await query(context, {"instance": "cache", "sql": "select db, keys from keyspace"})
    assert said == '{"db":0,"keys":2}'
    with pytest.raises(WriteRefused):
        await query(context, {"instance": "cache", "sql": "delete from keyspace"})


async def test_a_key_is_described_by_type_and_size_and_its_value_stays_unread(context: Context, redis: Server) -> None:
    redis.run("SET secret S3cret")
    said = await schema(context, {"instance": "cache", "table": "secret"})
    assert "keys.secret" in said
    assert "string value" in said
    assert "S3cret" not in said
