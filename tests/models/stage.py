"""A stage for scenarios: dbmedic over a small SQLite file, and scripted services in the place of its models.

The parts are built once for all scenarios of a file; each scenario says what the services play.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
from msgspec.structs import replace

from dbmedic import app
from dbmedic.config import Config
from dbmedic.core.events import Answered, Event, ModelCalled, ModelFailed, ToolReturned
from dbmedic.core.values import Caller, Question
from dbmedic.diagnosis.analyst import Analyst
from dbmedic.models.openai_chat import OpenaiChat
from dbmedic.models.priced import Priced
from dbmedic.models.prices import own
from dbmedic.models.setting import ModelSetting
from models.script import Play, Script, end, playing, text

ADMIN = Caller(account="default", user="u", key="k", rights=("ask", "administer"))
FINE = [*text("Fine."), *end()]
KEY = "sk-very-secret"


class Turn:
    """What one turn said."""

    def __init__(self, events: list[Event], asked: list[dict[str, Any]]) -> None:
        self.events = events
        self.asked = asked
        """Bodies of the requests that the main model got in this turn."""
        self.answer = "".join(event.text for event in events if isinstance(event, Answered))
        self.called = [event.model for event in events if isinstance(event, ModelCalled)]
        self.failed = [event for event in events if isinstance(event, ModelFailed)]
        self.returned = [event for event in events if isinstance(event, ToolReturned)]
        self.end: Any = events[-1]


class Stage:
    def __init__(self, parts: app.Parts, main: Script, spare: Script) -> None:
        self.parts, self.main, self.spare = parts, main, spare

    async def turn(self, *plays: Play, said: str = "Is the disk full?", spare: Play = FINE, **fields: Any) -> Turn:
        """One turn whose model plays these; `spare` is what the one after it plays."""
        self.main.plays, self.spare.plays = plays, [spare]
        self.main.rewind()
        self.spare.rewind()
        fields = {"language": "en", "model": "main", **fields}
        question = Question(text=said, caller=ADMIN, api="test", **fields)
        running = await self.parts.assistant.turns.ask(question)
        return Turn([entry.event async for entry in running.follow()], self.main.asked)


@asynccontextmanager
async def staged(folder: Path, setting: ModelSetting | None = None, **config: Any) -> AsyncIterator[Stage]:
    """`main` has the setting and falls back to `spare`, which falls back to the analyst."""
    path = folder / "shop.db"
    with apsw.Connection(str(path)) as writer:
        list(writer.execute("create table orders(id integer primary key, customer int)"))
    async with AsyncExitStack() as stack:
        main = await stack.enter_async_context(playing(FINE))
        spare = await stack.enter_async_context(playing(FINE))
        described = replace(setting or ModelSetting(name="main", first_s=0.3), url=main.url, key=KEY)
        chat = OpenaiChat(described.url, "main", KEY, read_s=0.25, setting=described)
        other = OpenaiChat(spare.url, "spare", KEY, read_s=0.25)
        models = {
            "main": Priced(chat, main.url, own("1 2 USD"), fallbacks=["spare"]),
            "spare": Priced(other, spare.url, own("1 2 USD")),
            "analyst": Analyst(),
        }
        parts = await app.build(Config(data=None, window_s=0.01, **config), models=models)
        stack.push_async_callback(parts.close)
        await parts.assistant.instances.add("rm-shop", f"sqlite:///{path}", ADMIN, storage_bytes=1 << 30)
        yield Stage(parts, main, spare)
