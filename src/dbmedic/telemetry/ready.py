"""What `/ready` says: store and bus answer, the data folder is ours and has room, turns are still taken."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable

from dbmedic.assistant.folder import Folder
from dbmedic.assistant.turns import Turns
from dbmedic.core.errors import OutsideFailed
from dbmedic.core.ports import Bus, Store

ROOM_BYTES = 16 << 20
"""With less free space in the data folder the server is not ready."""
CHECK_S = 2.0


async def unready(folder: Folder | None, store: Store, turns: Turns, bus: Bus | None = None) -> dict[str, str]:
    """What keeps the server from its work: part -> why.  Empty when nothing does.  Within little over `CHECK_S`."""
    wrong = {"turns": "no new ones are taken: the server ends"} if turns.ending else {}
    # The write takes the lock only: the name is there already.
    asked = {"store": _why("not writable", store.write(("setting_put_new", {"name": "key_id", "value": ""})))}
    if bus is not None:
        asked["bus"] = _why("not reached", bus.holders(["ready"]))
    answers = await asyncio.gather(*asked.values())
    wrong |= {part: why for part, why in zip(asked, answers, strict=True) if why}
    if folder is not None:
        if not await folder.held():
            wrong["folder"] = "not locked by this server"
        elif reason := await asyncio.to_thread(_no_room, folder):
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
