"""Where a MySQL or MariaDB server is and how it is spoken to, from its URL."""

from __future__ import annotations

import ssl
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from dbmedic.core.errors import BadField
from dbmedic.engines import thishost


class Place(NamedTuple):
    """Where, as whom and how, from the URL; `str()` never shows the password."""

    host: str
    port: int
    user: str
    password: str
    database: str
    socket: str | None
    tls: str
    """One of disabled, preferred, required, verify_ca, verify_identity."""
    ca: str | None
    cert: str | None
    key: str | None

    @classmethod
    def of(cls, url: str) -> Place:
        """Raises `BadField("url")`."""
        parts = urlsplit(url)
        options = {name.lower().replace("_", "-"): value for name, value in parse_qsl(parts.query)}
        try:
            port = parts.port or 3306
        except ValueError:
            raise BadField("url", "the port is not a number from 1 to 65535") from None
        found = cls(
            host=parts.hostname or "localhost",
            port=port,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=unquote(parts.path.strip("/")),
            socket=options.pop("socket", None) or options.pop("unix-socket", None),
            tls=_tls(options),
            ca=options.pop("ssl-ca", None),
            cert=options.pop("ssl-cert", None),
            key=options.pop("ssl-key", None),
        )
        unknown = set(options) - {"charset", "connect-timeout"}
        if unknown:
            raise BadField(
                "url", f"unknown option {', '.join(sorted(unknown))}; see ssl-mode, ssl-ca, ssl-cert, socket"
            )
        return found

    @property
    def account(self) -> str:
        """The same for two URLs of one server and user; a socket file is another way there, and counts apart."""
        host = "localhost" if thishost.loopback(self.host) else self.host.lower()
        return f"mysql {self.socket or f'{host}:{self.port}'} {self.user}"

    def __str__(self) -> str:
        return f"{self.socket or f'{self.host}:{self.port}'} as {self.user}"

    def context(self) -> ssl.SSLContext | None:
        """How TLS is spoken; None for not at all.  Raises `BadField("url")` for a file that cannot be read."""
        if self.tls == "disabled" or self.socket:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.cert:
                context.load_cert_chain(self.cert, self.key)
        except OSError as error:
            raise BadField("url", f"a file of ssl-ca, ssl-cert or ssl-key: {error}") from None
        context.check_hostname = self.tls == "verify_identity"
        context.verify_mode = ssl.CERT_REQUIRED if self.tls.startswith("verify") else ssl.CERT_NONE
        return context


def _tls(options: dict[str, str]) -> str:
    """The mode, from ssl-mode=… or from the shorter ssl=true and ssl-verify-…"""
    mode = options.pop("ssl-mode", options.pop("sslmode", "")).lower().replace("-", "_")
    short = options.pop("ssl", options.pop("tls", "")).lower()
    verify = options.pop("ssl-verify-server-cert", options.pop("ssl-verify-cert", "")).lower()
    if not mode:
        on = short in ("true", "1", "yes", "required", "on")
        off = short in ("false", "0", "no", "off", "disabled")
        mode = "required" if on else "disabled" if off else "preferred"
        if verify in ("true", "1", "yes", "on") or (options.get("ssl-ca") and not off):
            mode = "verify_identity"
    mode = {"require": "required", "disable": "disabled", "prefer": "preferred"}.get(mode, mode)
    if mode not in ("disabled", "preferred", "required", "verify_ca", "verify_identity"):
        raise BadField("url", "ssl-mode is one of DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY")
    return mode
