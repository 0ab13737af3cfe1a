"""Request targets that are longer than what an HTTP parser takes apart by itself."""

from __future__ import annotations

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SHORT_URL: Final = 60_000
"""Up to here httptools takes a request target apart itself; its offsets are 16 bits wide."""
LONGEST_URL: Final = 2 << 20


class LongTargets(HttpToolsProtocol):
    """uvicorn's protocol, which also takes targets above 64 KiB: some SDKs put all they say into the query."""

    def on_url(self, url: bytes) -> None:
        if len(self.url) + len(url) > LONGEST_URL:
            raise ValueError(f"request target over {LONGEST_URL} bytes")
        super().on_url(url)

    def on_headers_complete(self) -> None:
        if len(self.url) <= SHORT_URL:
            super().on_headers_complete()
            return
        self.url, _, query = self.url.partition(b"?")
        super().on_headers_complete()
        self.scope["query_string"] = query  # the application has not run yet: its task starts with the next loop
