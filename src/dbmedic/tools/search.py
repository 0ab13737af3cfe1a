"""Looks a question up in the knowledge base, and cites what it finds."""

from __future__ import annotations

from dbmedic.agent.tool import Context, tool
from dbmedic.core import lang
from dbmedic.core.events import Cited
from dbmedic.diagnosis.plain import plain

NOTHING = "Nothing in the knowledge base speaks of this."


@tool
async def search(context: Context, query: str, language: str | None = None) -> str:
    """Look up how something is done or what it means, in the knowledge base: runbooks, and a page for each check.

    query: the question or a few key words, in the language of the asker.  language: its BCP 47 tag, such as "en" or
    "zh".  For general questions that need no measurement.  Each passage has a number: cite what you use as [1], [2].
    When nothing is found, say so.
    """
    found = await context.search(plain(query), language or lang.detect(query))
    pieces = []
    for passage in found:
        number = context.cite(passage.id)
        await context.say(Cited(call=context.call, passage=passage))
        pieces.append(f"[{number}] {passage.title}\n{passage.text}")
    return "\n\n".join(pieces) or NOTHING
