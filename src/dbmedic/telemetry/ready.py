"""What `/ready` says: store and bus answer, the data folder is ours and has room, turns are still taken."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable
from typing import Final

from dbmedic.assistant.folder import Folder
from dbmedic.assistant.turns import Turns
from dbmedic.core.errors import OutsideFailed
from dbmedic.core.ports import Bus, Store

ROOM_BYTES = 16 << 20
"""With less free space in the data folder the server is not ready."""
CHECK_S: Final = 2.0
READY_S: Final = 1.0
"""A look serves all who ask within this time."""


class Ready:
    """What keeps the server from its work: part -> why.  Empty when nothing does.  Within little over `CHECK_S`."""

    def __init__(self, folder: Folder | None, store: Store, turns: Turns, bus: Bus | None = None) -> None:
        self._folder, self._store, self._turns, self._bus = folder, store, turns, bus
        self._wrong: dict[str, str] = {}
        self._looked = -READY_S
        self._looking = asyncio.Lock()

    async def __call__(self) -> dict[str, str]:
        """Looked at most once in `READY_S`, and never twice at once, however many ask; an end is said at once."""
        if not self._turns.ending:
            async with self._looking:
                if time.monotonic() - self._looked >= READY_S:
                    self._wrong = await self._look()
                    self._looked = time.monotonic()
        if self._turns.ending:
            return {"turns": "no new ones are taken: the server ends", **self._wrong}
        return self._wrong

    async def _look(self) -> dict[str, str]:
        # The write takes the lock only: the name is there already.
        asked = {"store": _why("not writable", self._store.write(("setting_put_new", {"name": "key_id", "value": ""})))}
        if self._bus is not None:
            asked["bus"] = _why("not reached", self._bus.holders(["ready"]))
        answers = await asyncio.gather(*asked.values())
        wrong = {part: why for part, why in zip(asked, answers, strict=True) if why}
        if self._folder is not None:
            if not await self._folder.held():
                wrong["folder"] = "not locked by this server"
            elif reason := await asyncio.to_thread(_no_room, self._folder):
                wrong["disk"] = reason
        return wrong


async def _why(not_what: str, asking: Awaitable[object]) -> str:
    """Why something failed, "" when it did not."""
    try:
        async with asyncio.timeout(CHECK_S):
            await asking
    except TimeoutError:
        return f"{not_what} within {CHECK_S:g} s"
    except OutsideFailed as failure:
        return f"{not_what}: {failure}"
    return ""


def _no_room(folder: Folder) -> str:
    """Why nothing more can be put into the folder; "" when there is room."""
    try:
        free = shutil.disk_usage(folder.path).free
    except OSError as error:
        return f"{folder.path} cannot be read: {error.strerror}"
    return f"{free} bytes free, at least {ROOM_BYTES} are needed" if free < ROOM_BYTES else ""
