"""What can be read over MCP: the instances of the caller, and the handbook with a page for every check."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Final

import mcp_types as types
import msgspec

from dbmedic.assistant import Assistant
from dbmedic.assistant.manual import shipped
from dbmedic.core.errors import BadField, NotFound
from dbmedic.core.values import Caller

INSTANCES: Final = "dbmedic://instances"
HANDBOOK: Final = "dbmedic://handbook/{language}/{page}"
PAGE: Final = 200
"""Entries of one list."""
_MARKDOWN: Final = "text/markdown"


async def listed(cursor: str | None) -> types.ListResourcesResult:
    """The instances, and every page in English.  A cursor is the number of entries before it."""
    found = [
        types.Resource(
            uri=INSTANCES, name="instances", title="Instances", mime_type="application/json",
            description="The databases that this key may see.",
        )
    ]  # fmt: skip
    for slug, (title, _) in (await asyncio.to_thread(_pages, "en")).items():
        uri = f"dbmedic://handbook/en/{slug}"
        found.append(types.Resource(uri=uri, name=slug, title=title, mime_type=_MARKDOWN))
    first = int(cursor) if cursor and cursor.isdecimal() and len(cursor) < 8 else 0
    following = str(first + PAGE) if first + PAGE < len(found) else None
    return types.ListResourcesResult(resources=found[first : first + PAGE], next_cursor=following)


async def templates() -> types.ListResourceTemplatesResult:
    await asyncio.sleep(0)
    return types.ListResourceTemplatesResult(
        resource_templates=[
            types.ResourceTemplate(
                uri_template=HANDBOOK, name="handbook", title="Handbook", mime_type=_MARKDOWN,
                description="A page of the handbook, language en or zh; the page of a check is check-ID.",
            )
        ]
    )  # fmt: skip


async def read(assistant: Assistant, caller: Caller, uri: str) -> types.ReadResourceResult:
    """Raises `NotFound("resource")`, and `BadField` for an address of another kind."""
    if uri == INSTANCES:
        cards = msgspec.json.encode(await assistant.watch.cards(caller)).decode()
        return _contents(uri, "application/json", cards)
    scheme, _, rest = uri.partition("://")
    kind, _, place = rest.partition("/")
    language, _, slug = place.partition("/")
    if scheme != "dbmedic" or kind != "handbook" or language not in ("en", "zh"):
        raise BadField("uri", f"{uri[:200]}: {INSTANCES}, or {HANDBOOK} with language en or zh")
    found = (await asyncio.to_thread(_pages, language)).get(slug)
    if found is None:
        raise NotFound("resource", uri[:200])
    return _contents(uri, _MARKDOWN, f"# {found[0]}\n\n{found[1]}")


@cache
def _pages(language: str) -> dict[str, tuple[str, str]]:
    """Name of a page -> its title and text."""
    return {page.slug: (page.name, page.text) for page in shipped(language)}


def _contents(uri: str, mime: str, text: str) -> types.ReadResourceResult:
    return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, mime_type=mime, text=text)])
