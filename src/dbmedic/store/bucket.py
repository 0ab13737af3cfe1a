"""The `Bucket` port over S3 and what is compatible with it: MinIO, Ceph, OSS, R2 …  Needs the extra `s3`.

Sign-in, parts of large files and retries are the library's (obstore, on Rust's object_store).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, Final

from anyio.to_thread import run_sync

from dbmedic.core.errors import BadField, BucketFailed

_NAME: Final = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*?))?/?")
RETRY: Final = timedelta(seconds=15)
"""Longest time that one operation is tried again."""


class S3:
    """One bucket, or what begins with a prefix in it."""

    def __init__(self, url: str, *, endpoint: str = "", region: str = "", key: str = "", secret: str = "") -> None:
        """`url`: "s3://bucket/prefix".  Without a key the machine's own is used.

        Raises `BadField("bucket")` for an address that is none, and when the library is not installed.
        """
        found = _NAME.fullmatch(url)
        if found is None:
            raise BadField("bucket", f"bucket: {url!r} is not an address such as s3://dbmedic/files")
        try:
            from obstore.store import S3Store
        except ImportError:
            raise BadField("bucket", "bucket: the extra s3 is not installed; pip install 'dbmedic[s3]'") from None
        settings: dict[str, Any] = {"region": region or "us-east-1"}
        if endpoint:
            settings["endpoint"] = endpoint
        if key:
            settings |= {"access_key_id": key, "secret_access_key": secret}
        self._name = url
        self._store: Any = S3Store(
            found[1],
            prefix=found[2] or None,
            client_options={"allow_http": endpoint.startswith("http://"), "connect_timeout": timedelta(seconds=5)},
            retry_config={"max_retries": 3, "retry_timeout": RETRY},
            **settings,
        )

    async def put(self, name: str, file: Path, /) -> None:
        import obstore

        async with self._failing("kept"):
            await obstore.put_async(self._store, name, file)

    async def get(self, name: str, file: Path, /) -> bool:
        import obstore
        from obstore.exceptions import NotFoundError

        async with self._failing("read"):
            try:
                found = await obstore.get_async(self._store, name)
            except (FileNotFoundError, NotFoundError):
                return False
            opened: IO[bytes] = await run_sync(file.open, "wb")
            try:
                async for piece in found.stream():
                    await run_sync(opened.write, bytes(piece))
            finally:
                await run_sync(opened.close)
        return True

    async def close(self) -> None:
        """Nothing is open."""

    @asynccontextmanager
    async def _failing(self, what: str) -> AsyncIterator[None]:
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError) as problem:
            why = str(problem).partition("\n")[0][:300]
            raise BucketFailed(f"the file could not be {what} in {self._name}: {why}") from None
