"""Signed requests made by hand with the SDK's own signer, so that each part of them can be wrong."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode
from uuid import uuid4

import aiohttp
from alibabacloud_tea_openapi.utils import Utils
from darabonba.request import DaraRequest
from yarl import URL

from clients.aliyun import Cloud

VERSIONS = {"rdsai": "2025-05-07", "polardb": "2017-08-01", "das": "2020-01-16"}


class Heard(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any
    """JSON, or the text of a stream."""

    @property
    def code(self) -> str:
        return str(self.body.get("Code", "")) if isinstance(self.body, dict) else ""


async def sent(url: str, headers: dict[str, str], body: bytes = b"", method: str = "POST") -> Heard:
    skip = {"Accept", "Accept-Encoding", "User-Agent", "Content-Type"}
    async with (
        aiohttp.ClientSession(skip_auto_headers=skip) as http,
        http.request(
            method, URL(url, encoded=True), headers=headers, data=io.BytesIO(body) if body else None
        ) as answer,
    ):
        raw = await answer.read()
        kind = answer.headers.get("Content-Type", "")
        found = json.loads(raw) if kind.startswith("application/json") else raw.decode()
        return Heard(answer.status, {name.lower(): value for name, value in answer.headers.items()}, found)


class Signed(NamedTuple):
    """A request that is right; change a field and it is not."""

    url: str
    headers: dict[str, str]
    body: bytes = b""

    async def send(self) -> Heard:
        return await sent(self.url, self.headers, self.body)


def signed(
    cloud: Cloud,
    action: str,
    product: str = "rdsai",
    *,
    query: dict[str, str] | None = None,
    body: bytes = b"",
    kind: str = "application/x-www-form-urlencoded",
    path: str = "/",
    key: Any = None,
    skew: timedelta = timedelta(0),
    nonce: str = "",
    **extra: str,
) -> Signed:
    key = key or cloud.key
    digest = hashlib.sha256(body).hexdigest()
    request = DaraRequest()
    request.method, request.pathname, request.query = "POST", path, query or {}
    request.headers = {
        "host": cloud.url.removeprefix("http://"),
        "x-acs-version": VERSIONS[product],
        "x-acs-action": action,
        "x-acs-date": f"{datetime.now(UTC) + skew:%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": nonce or uuid4().hex,
        "x-acs-content-sha256": digest,
        **({"content-type": kind} if body else {}),
        **{name.replace("_", "-"): value for name, value in extra.items()},
    }
    request.headers["Authorization"] = Utils.get_authorization(
        request, "ACS3-HMAC-SHA256", digest, key.access_key_id, key.access_key_secret
    )
    target = f"{cloud.url}{path}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")
    return Signed(target, dict(request.headers), body)
