"""Files from addresses that somebody sent: only public ones, checked where the connection is made.

The address that is checked is the one that is connected to, so neither a redirect nor a name that changes its meaning
between two look-ups leads into the inside of a network.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias
from urllib.parse import unquote, urljoin, urlsplit

from dbmedic.core.errors import BadField, TooLarge

if TYPE_CHECKING:
    import aiohttp

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
HOPS: Final = 3
"""Redirects that are followed."""
SECONDS: Final = 20.0
LIMIT: Final = 15 << 20
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class Sink(Protocol):
    async def write(self, data: bytes) -> None: ...


class Fetched(NamedTuple):
    name: str
    """Last part of the path; "file" where it has none."""
    mime: str


class _Inside(OSError):
    """The address is not public."""


def public(text: str) -> bool:
    """Whether an address may be connected to: no private, loopback, link-local, multicast or reserved one.  Pure."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return public(str(inner))
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


async def fetch(url: str, sink: Sink, *, allowed: Callable[[str], bool] = public, limit: int = LIMIT) -> Fetched:
    """Writes what an http or https address answers.

    Raises `BadField("files")` when it may not be, or cannot be, fetched within `SECONDS`, and `TooLarge`.
    """
    import aiohttp

    def connected(info: Any) -> socket.socket:
        family, kind, protocol, _, address = info
        if not allowed(address[0]):
            raise _Inside("it is not a public address")
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made

    connector = aiohttp.TCPConnector(socket_factory=connected, use_dns_cache=False, force_close=True)
    try:
        async with asyncio.timeout(SECONDS), aiohttp.ClientSession(connector=connector, trust_env=False) as http:
            for _ in range(HOPS + 1):
                _check(url)
                async with http.get(url, allow_redirects=False, headers={"Accept-Encoding": "identity"}) as answer:
                    if answer.status in (301, 302, 303, 307, 308) and "location" in answer.headers:
                        url = urljoin(url, answer.headers["location"])
                        continue
                    return await _read(answer, url, sink, limit)
        raise _bad(f"it redirects more than {HOPS} times")
    except TimeoutError:
        raise _bad(f"it did not answer within {SECONDS:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        inside = isinstance(error, _Inside) or isinstance(getattr(error, "os_error", None), _Inside)
        raise _bad(
            "it is not a public address" if inside else f"it cannot be fetched ({type(error).__name__})"
        ) from None


async def _read(answer: aiohttp.ClientResponse, url: str, sink: Sink, limit: int) -> Fetched:
    if answer.status != 200:
        raise _bad(f"it answers with status {answer.status}")
    size = 0
    async for piece in answer.content.iter_chunked(1 << 16):
        size += len(piece)
        if size > limit:
            raise TooLarge("the file at the url", size, limit)
        await sink.write(piece)
    name = unquote(urlsplit(url).path.rpartition("/")[2]) or "file"
    return Fetched(name.replace("/", "_").replace("\\", "_"), answer.content_type)


def _check(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise _bad("it must be an http or https address without a password")


def _bad(why: str) -> BadField:
    return BadField("files", f"Invalid file url: {why}")
