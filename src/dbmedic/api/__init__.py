"""The APIs: each sub-folder with a `routes.py` is one.  Several share paths, so each says what it claims."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import TYPE_CHECKING, NamedTuple

from dbmedic.api.http import Head, Reply, Request
from dbmedic.api.stream import Stream

if TYPE_CHECKING:
    from dbmedic.assistant import Assistant


class Api(NamedTuple):
    """What `routes(assistant)` of a sub-folder returns."""

    name: str
    claims: Callable[[Head, Mapping[str, str]], bool]
    """Whether a request, by its head and the fields of its query, is for this API.  Pure."""
    handle: Callable[[Request], Awaitable[Reply | Stream]]
    """Answers a request that was claimed; errors of ours become the API's own."""
    broken: Callable[[], Reply]
    """The answer to an error that nobody foresaw."""


def names() -> list[str]:
    """The APIs there are, in the order in which they are asked."""
    folders = sorted(module.name for module in iter_modules(__path__) if module.ispkg)
    return [name for name in folders if find_spec(f"{__name__}.{name}.routes")]


def apis(assistant: Assistant) -> list[Api]:
    """All of them, over one assistant."""
    return [import_module(f"{__name__}.{name}.routes").routes(assistant) for name in names()]


def claimed(apis: Sequence[Api], head: Head, fields: Mapping[str, str]) -> Api | None:
    """The API that a request is for."""
    return next((api for api in apis if api.claims(head, fields)), None)
