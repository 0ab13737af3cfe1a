"""Database URLs as people type them: which engine, what is wrong with one, how to show one without its password.

Only the shape is judged here; the engines read the options.  No sentence repeats a piece of a URL that could be its
password.
"""

from __future__ import annotations

import re

ENGINES = {
    "postgresql": "postgres", "postgres": "postgres", "mysql": "mysql", "mariadb": "mariadb", "sqlite": "sqlite",
    "redis": "redis", "rediss": "redis", "valkey": "redis", "valkeys": "redis", "unix": "redis",
}  # fmt: skip
"""Scheme -> family."""

EXAMPLES = "postgresql://user:password@host:5432/database, mysql://…, mariadb://…, redis://… or sqlite:///path/to/file"
MASK = "***"

_ENCODE = "percent-encode the user and the password: %40 for @, %3A for :, %2F for /, %3F for ?, %23 for #, %25 for %"
_SECRET_OPTION = re.compile(r"(?i)(^|[&?])([a-z_]*(?:password|passwd|pwd|secret|token)[a-z_]*)=[^&#]*")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[^\[\]:@]*)(?::(\d*))?")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def engine_of(url: str, /) -> str | None:
    """The family of a URL: "postgres", "mysql", "mariadb", "sqlite" or "redis"; None for anything else."""
    return ENGINES.get(url.partition("://")[0])


def database_url_problem(url: str, /) -> str | None:
    """What is wrong with the URL of a database and how to mend it, or None."""
    scheme, _, rest = url.partition("://")
    if not rest:
        return f"it is not a URL; write {EXAMPLES}"
    if engine_of(url) is None:
        known = ", ".join(ENGINES)
        plain = scheme.partition("+")[0].lower()
        if plain in ENGINES:
            return f"begin it with {plain}://"
        if not _SCHEME.fullmatch(scheme):
            return f"it is not a URL; write {EXAMPLES}"
        return f"the engine {scheme!r} is not one of {known}"
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        return "it holds a blank or a control character; write %20 for a blank"
    if _BAD_PERCENT.search(rest):
        return f"a % stands alone; {_ENCODE}"
    if engine_of(url) == "sqlite":
        return _file_problem(rest)
    return _server_problem(rest, engine_of(url) == "postgres" or scheme == "unix")


def web_url_problem(url: str, /) -> str | None:
    """What is wrong with a base URL of a web service, or None."""
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in ("http", "https") or not rest:
        return "it is not a web address; write http://host:9090"
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        return "it holds a blank or a control character"
    return _server_problem(rest.partition("?")[0], False)


def safe_url(url: str, /) -> str:
    """The URL with *** for every password in it; only its scheme when it cannot be told where the password is."""
    scheme, found, rest = url.partition("://")
    if not found or not _SCHEME.fullmatch(scheme.lower()):
        return MASK
    authority, tail = ("", rest) if scheme == "sqlite" else _split(rest)
    path, _, options = tail.partition("?")
    if scheme != "sqlite" and _server_problem(rest, True):
        return f"{scheme}://{MASK}"
    account, at, host = authority.rpartition("@")
    user, colon, _ = account.partition(":")
    account = f"{user}{colon}{MASK}" if colon else user
    options = _SECRET_OPTION.sub(lambda option: f"{option[1]}{option[2]}={MASK}", options)
    return f"{scheme}://{account}{at}{host}{path}" + (f"?{options}" if options else "")


def _split(rest: str) -> tuple[str, str]:
    """Authority, and what follows it."""
    end = min((place for mark in "/?#" if (place := rest.find(mark)) >= 0), default=len(rest))
    return rest[:end], rest[end:]


def _file_problem(rest: str) -> str | None:
    path = rest.partition("?")[0]
    if not path.startswith("/"):
        return "the path is not absolute; write sqlite:///path/to/file"
    if not path.strip("/") or path.endswith("/"):
        return "no file is named; write sqlite:///path/to/file"
    return None


def _server_problem(rest: str, several: bool) -> str | None:
    authority, tail = _split(rest)
    if "#" in tail or "@" in tail or authority.count("@") > 1:
        return f"it cannot be told where the password ends; {_ENCODE}"
    hosts = authority.rpartition("@")[2].split(",")
    if not several:
        if len(hosts) > 1:
            return "one host only"
        if not hosts[0].partition(":")[0] and "socket=" not in tail:
            return "the host is missing"
    for host in hosts:
        shape = _HOST.fullmatch(host)
        if shape is None:
            return f"the host or port cannot be read; if they are a piece of the password, {_ENCODE}"
        if shape[1] and not 0 < int(shape[1]) < 65_536:
            return "the port is not between 1 and 65535"
    return None
