"""A document's text as rows: its passages, and the words each is found by.  Pure."""

from __future__ import annotations

from typing import Any

from dbmedic.core.values import Row
from dbmedic.knowledge.split import PASSAGE, Piece, passages
from dbmedic.knowledge.tokens import words


def split(text: str, settings: dict[str, Any]) -> list[Piece]:
    """The passages as a document's settings say: `limit`, `separator`, `overlap`."""
    limit = int(settings.get("limit") or PASSAGE)
    overlap = min(int(settings.get("overlap") or 0), limit // 2)
    return passages(text, limit=limit, separator=settings.get("separator"), overlap=overlap)


def segment(
    id: str, document: str, dataset: str, place: str, title: str, piece: Piece, now: int
) -> list[tuple[str, Row]]:
    """What keeps one passage and makes it findable."""
    row = {
        "id": id,
        "document": document,
        "dataset": dataset,
        "position": piece.position,
        "heading": piece.heading,
        "text": piece.text,
        "keywords": "[]",
        "now": now,
    }
    found_by = {
        "id": id,
        "place": place,
        "title": " ".join(words(f"{title} {piece.heading}")),
        "body": " ".join(words(piece.text)),
    }
    return [("segment_put", row), ("words_put", found_by)]
