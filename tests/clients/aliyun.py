"""A server whose model plays a script, and the official SDKs pointed at it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from alibabacloud_das20200116.client import Client as Das
from alibabacloud_polardb20170801.client import Client as Polardb
from alibabacloud_rdsai20250507 import models as rds
from alibabacloud_rdsai20250507.client import Client as RdsAi
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.runtime import RuntimeOptions

from agent.playing import Script
from api.serving import served
from dbmedic import app
from dbmedic.assistant import Assistant
from dbmedic.assistant.access_keys import Created
from dbmedic.config import Config as Settings
from dbmedic.core.log import micros
from dbmedic.core.values import Piece, Text

T = TypeVar("T")
Reply = Sequence[Piece | Exception | float]
HELLO: Reply = [Text("磁盘使用率为 23 %,"), Text("暂不需要扩容。")]


class Cloud(NamedTuple):
    """A running server with one access key of the user "ann"."""

    url: str
    assistant: Assistant
    key: Created
    parts: app.Parts

    def config(self, key: Created | None = None, endpoint: str = "", **more: Any) -> Config:
        key = key or self.key
        return Config(
            access_key_id=key.access_key_id,
            access_key_secret=key.access_key_secret,
            security_token=key.security_token,
            region_id="cn-hangzhou",
            endpoint=endpoint or self.url.removeprefix("http://"),
            protocol="http",
            **more,
        )

    def rdsai(self, key: Created | None = None, endpoint: str = "", **more: Any) -> RdsAi:
        return RdsAi(self.config(key, endpoint, **more))

    def polardb(self, key: Created | None = None, endpoint: str = "") -> Polardb:
        return Polardb(self.config(key, endpoint))

    def das(self, key: Created | None = None, endpoint: str = "") -> Das:
        return Das(self.config(key, endpoint))

    @property
    def json(self) -> str:
        """The endpoint whose answers are one object."""
        return f"{self.url}/json"

    async def another(self, account: str = "default", **how: Any) -> Created:
        """One more access key; its account and user are made when new."""
        made = {"id": account, "name": account, "max_turns": 8, "now": micros(app.now())}
        await self.parts.store.write(("account_put_new", made))
        return await self.assistant.access_keys.create(account=account, **how)

    async def conversation(self, query: str = "why?") -> tuple[str, str]:
        """Ids of a new conversation and of its one message."""
        frames = await stream(self.rdsai(), query)
        return frames[-1].conversation_id, frames[-1].message_id


@contextlib.asynccontextmanager
async def cloud(*replies: Reply, turns: int = 32, **settings: Any) -> AsyncIterator[Cloud]:
    """A server over memory; each turn's replies are these, one by one."""
    model = Script(*(replies or (HELLO,)))
    parts = await app.build(Settings(data=None, max_turns=turns, **settings), models={"script": model})
    try:
        key = await parts.assistant.access_keys.create(user="ann")
        async with served(app.asgi(parts)) as url:
            yield Cloud(url, parts.assistant, key, parts)
    finally:
        await parts.close()


def slow(**limits: int) -> RuntimeOptions:
    """Options with a read timeout in milliseconds that a silent server would miss."""
    return RuntimeOptions(**({"read_timeout": 2000} | limits))


async def called(call: Callable[..., T], *args: Any) -> T:
    """What a blocking call of a synchronous SDK returns."""
    return await asyncio.to_thread(call, *args)


async def stream(client: RdsAi, query: str = "why?", **fields: Any) -> list[Any]:
    """The bodies of a whole stream of ChatMessages."""
    request = rds.ChatMessagesRequest(query=query, **fields)
    return [each.body async for each in client.chat_messages_with_sse_async(request, RuntimeOptions())]


def answer(frames: Sequence[Any]) -> str:
    return "".join(each.answer or "" for each in frames if each.event == "message")


async def refused(work: Any) -> Any:
    """The error that an SDK raises."""
    try:
        await work
    except Exception as error:
        return error
    raise AssertionError("was not refused")
