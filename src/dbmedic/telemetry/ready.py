"""What `/ready` says: the store takes writes, the data folder is ours and has room, and turns are still taken."""

from __future__ import annotations

import asyncio
import shutil

from dbmedic.assistant.folder import Folder
from dbmedic.assistant.turns import Turns
from dbmedic.core.errors import OutsideFailed
from dbmedic.core.ports import Store

ROOM_BYTES = 16 << 20
"""With less free space in the data folder the server is not ready."""
CHECK_S = 2.0


async def unready(folder: Folder | None, store: Store, turns: Turns) -> dict[str, str]:
    """What keeps the server from its work: part -> why.  Empty when nothing does."""
    wrong = {"turns": "no new ones are taken: the server ends"} if turns.ending else {}
    try:
        async with asyncio.timeout(CHECK_S):
            await store.write(("setting_put_new", {"name": "key_id", "value": ""}))  # takes the write lock only
    except TimeoutError:
        wrong["store"] = f"not writable within {CHECK_S:g} s"
    except OutsideFailed as failure:
        wrong["store"] = f"not writable: {failure}"
    if folder is not None:
        if not await folder.held():
            wrong["folder"] = "not locked by this server"
        elif reason := await asyncio.to_thread(_no_room, folder):
            wrong["disk"] = reason
    return wrong


def _no_room(folder: Folder) -> str:
    """Why nothing more can be put into the folder; "" when there is room."""
    try:
        free = shutil.disk_usage(folder.path).free
    except OSError as error:
        return f"{folder.path} cannot be read: {error.strerror}"
    return f"{free} bytes free, at least {ROOM_BYTES} are needed" if free < ROOM_BYTES else ""
