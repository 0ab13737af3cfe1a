"""When the certificate of a PostgreSQL server ends: read from a handshake of our own, which signs in nowhere."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
from anyio.streams.tls import TLSAttribute, TLSStream

from dbmedic.checks.context import Context
from dbmedic.core.errors import Unmeasured
from dbmedic.core.values import Row

REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
"""SSLRequest: https://www.postgresql.org/docs/current/protocol-message-formats.html"""
WITHIN_S = 3.0


async def rows(context: Context) -> list[Row]:
    """One row, none where TLS is off.  Raises `Unmeasured` when the server cannot be reached over TCP."""
    state = (await context.rows(context.query("on")))[0]
    if state["tls"] != "on":
        return []
    try:
        with anyio.fail_after(WITHIN_S):
            encoded = await _certificate(*place(context.lanes.target.instance.url))
    except (OSError, TimeoutError, ssl.SSLError, anyio.EndOfStream, anyio.BrokenResourceError) as error:
        raise Unmeasured(
            "no_host_source", f"its certificate could not be read: {error or type(error).__name__}"
        ) from None
    return [ends(encoded, state["now"])]


def place(url: str) -> tuple[str, int]:
    """Host and port of a URL.  Raises `Unmeasured` for a socket file, over which there is no TLS."""
    parts = urlsplit(url)
    host = parts.hostname or parse_qs(parts.query).get("host", [""])[0]
    if not host or host.startswith("/"):
        raise Unmeasured("no_host_source", "dbmedic reaches this server over a socket file, where TLS is not used")
    return host, parts.port or 5432


def ends(encoded: bytes, now: Any) -> Row:
    """until, seconds left, and the subject of a certificate in DER."""
    from cryptography import x509

    certificate = x509.load_der_x509_certificate(encoded)
    until = certificate.not_valid_after_utc
    return {"until": until, "left": (until - now).total_seconds(), "subject": certificate.subject.rfc4514_string()}


async def _certificate(host: str, port: int) -> bytes:
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # an expired one must be read, too; nothing is sent over it
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    async with await anyio.connect_tcp(host, port) as stream:
        await stream.send(REQUEST)
        if await stream.receive(1) != b"S":
            raise Unmeasured("feature_off", "the server refuses TLS, though its setting is on")
        wrapped = await TLSStream.wrap(stream, server_side=False, ssl_context=trusting, standard_compatible=False)
        return wrapped.extra(TLSAttribute.peer_certificate_binary) or b""  # noqa: S610 - this is no Django
