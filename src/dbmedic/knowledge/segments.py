"""A document's text as rows: its passages, the smaller ones in them, and the words each is found by.  Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

from dbmedic.core.ports import NewId
from dbmedic.core.values import Row
from dbmedic.knowledge.kept import json_text
from dbmedic.knowledge.split import PASSAGE, Piece, passages
from dbmedic.knowledge.tokens import words

_SPACES: Final = (
    (re.compile(r"\n{3,}"), "\n\n"),
    (re.compile(r"[ \t\f\r\u00a0\u2000-\u200a\u202f\u205f\u3000]{2,}"), " "),
)
_LINKS: Final = re.compile(r"\bhttps?://[^\s)>\]]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def split(text: str, settings: dict[str, Any]) -> list[Piece]:
    """The passages as a document's settings say: `limit`, `separator`, `overlap`; `spaces` and `links` go first."""
    limit = int(settings.get("limit") or PASSAGE)
    overlap = min(int(settings.get("overlap") or 0), limit // 2)
    if settings.get("links"):
        text = _LINKS.sub("", text)
    if settings.get("spaces"):
        for pattern, instead in _SPACES:
            text = pattern.sub(instead, text)
    return passages(text, limit=limit, separator=settings.get("separator"), overlap=overlap)


def smaller(text: str, settings: dict[str, Any]) -> list[str]:
    """The smaller passages of a passage, where `children` says how; none otherwise."""
    inner = settings.get("children")
    if not inner:
        return []
    pieces = passages(text, limit=int(inner.get("limit") or PASSAGE), separator=inner.get("separator"))
    return [piece.text for piece in pieces]


def piece_digest(title: str, piece: Piece, settings: dict[str, Any]) -> str:
    """The same for a passage that is found and shown alike."""
    parts = (title, piece.heading, piece.text, json_text(settings.get("children")))
    return sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def found_by(
    id: str, place: str, title: str, heading: str, texts: Sequence[str | None], keywords: Sequence[str] = ()
) -> tuple[str, Row]:
    """The words that a passage is found by, each with the dataset in front: no search ever meets another's words."""
    row = {
        "id": id,
        "title": placed(place, words(" ".join((title, heading, *keywords)))),
        "body": placed(place, words("\n".join(text for text in texts if text))),
    }
    return "words_put", row


def placed(place: str, found: Sequence[str]) -> str:
    """Words as the index holds them."""
    return " ".join(f"{place}_{word}" for word in found)


def children(segment: str, texts: Sequence[str], new_id: NewId, now: int) -> list[tuple[str, Row]]:
    """What keeps the smaller passages that were made by rule."""
    return [
        (
            "child_put",
            {"id": new_id(), "segment": segment, "position": n, "text": text, "made": "automatic", "now": now},
        )
        for n, text in enumerate(texts, 1)
    ]


def segment(
    id: str,
    document: str,
    dataset: str,
    place: str,
    title: str,
    piece: Piece,
    now: int,
    *,
    digest: str | None = None,
    staged: bool = False,
    answer: str | None = None,
    keywords: Sequence[str] = (),
    findable: bool = True,
) -> list[tuple[str, Row]]:
    """What keeps one passage and makes it findable; a staged one is found once it is published."""
    row = {
        "id": id,
        "document": document,
        "dataset": dataset,
        "position": piece.position,
        "heading": piece.heading,
        "text": piece.text,
        "keywords": json_text(list(keywords)),
        "answer": answer,
        "digest": digest,
        "staged": int(staged),
        "now": now,
    }
    put = ("segment_put", row)
    return [put, found_by(id, place, title, piece.heading, (piece.text, answer), keywords)] if findable else [put]
