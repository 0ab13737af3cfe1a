"""Where the bytes of a file are: in the data folder, or in a bucket with the folder as what was read of it lately."""

from __future__ import annotations

import itertools
from pathlib import Path

from anyio.to_thread import run_sync

from dbmedic.core.ports import Bucket


class Places:
    def __init__(self, folder: Path, bucket: Bucket | None = None) -> None:
        self.folder, self._bucket, self._numbers = folder, bucket, itertools.count()

    async def keep(self, id: str, arrived: Path) -> None:
        """Makes what has arrived the bytes of a file.  Raises `BucketFailed`, and leaves nothing behind then."""
        if self._bucket is not None:
            await self._bucket.put(id, arrived)
        await run_sync(arrived.rename, self.folder / id)

    async def here(self, id: str) -> Path:
        """The bytes of a file on this machine, fetched when another one took it in.

        The path leads nowhere when the file is nowhere.  Raises `BucketFailed`.
        """
        path = self.folder / id
        if self._bucket is not None and not await run_sync(path.exists):
            part = self.folder / f"{id}.{next(self._numbers)}.part"
            try:
                if await self._bucket.get(id, part):
                    await run_sync(part.rename, path)
            finally:
                await run_sync(_gone, part)
        return path

    async def close(self) -> None:
        if self._bucket is not None:
            await self._bucket.close()


def _gone(path: Path) -> None:
    path.unlink(missing_ok=True)
