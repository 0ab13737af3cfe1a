"""A small S3 over real HTTP: keeps objects in memory and takes only what is signed with its key (AWS signature v4)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

from aiohttp import web

KEY, SECRET, REGION = "AKTEST", "very secret", "eu-test-1"


class S3Script:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.fails = 0
        """Status that is answered to everything; 0: none."""
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.fails:
            return web.Response(status=self.fails, text="<Error><Code>Broken</Code></Error>")
        if not signed(request, body):
            return web.Response(status=403, text="<Error><Code>SignatureDoesNotMatch</Code></Error>")
        if request.method == "PUT":
            self.objects[request.path] = body
            return web.Response(headers={"ETag": f'"{hashlib.md5(body).hexdigest()}"'})
        found = self.objects.get(request.path)
        if found is None:
            return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>")
        headers = {"ETag": '"x"', "Last-Modified": "Sat, 21 Nov 2026 10:00:00 GMT"}
        return web.Response(body=found, headers=headers)


def signed(request: web.Request, body: bytes) -> bool:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html"""
    words = request.headers.get("Authorization", "").removeprefix("AWS4-HMAC-SHA256 ").split(",")
    fields = dict(word.strip().partition("=")[::2] for word in words)
    hashed = request.headers.get("x-amz-content-sha256", "")
    if hashed not in (hashlib.sha256(body).hexdigest(), "UNSIGNED-PAYLOAD"):
        return False
    names = fields.get("SignedHeaders", "").split(";")
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in names)
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in sorted(request.query.items())
    )
    canonical = "\n".join((request.method, request.rel_url.raw_path, query, headers, ";".join(names), hashed))
    _, _, scope = fields.get("Credential", "").partition("/")
    if fields.get("Credential", "").partition("/")[0] != KEY or REGION not in scope:
        return False
    text = "\n".join(
        ("AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest())
    )
    key = b"AWS4" + SECRET.encode()
    for part in (*scope.split("/"), text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.compare_digest(key.hex(), fields.get("Signature", ""))


@asynccontextmanager
async def s3() -> AsyncIterator[S3Script]:
    script = S3Script()
    app = web.Application(client_max_size=200 << 20)
    app.router.add_route("*", "/{tail:.*}", script.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    script.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield script
    finally:
        await runner.cleanup()
