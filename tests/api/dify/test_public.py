"""The published description beside the public one, where that is at hand: nothing it promises is missing in ours."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dbmedic.api.dify.document import document

METHODS = ("get", "post", "put", "delete", "patch")
OURS_NOT = {
    ("post", "/v1/chat-messages", f"200.metadata.retriever_resources.{name}")
    for name in ("id", "message_id", "created_at")
}
"""Promised by the public description, sent by no release: these are in the list of messages alone."""
DEPTH = 6


def bare(path: str) -> str:
    """A path without what its names are."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


class Fields:
    """What a description says of the fields of a schema."""

    def __init__(self, whole: dict[str, Any]) -> None:
        self._schemas = whole["components"]["schemas"]

    def of(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Name -> schema; of a list those of an item, of several forms those of all."""
        if "$ref" in schema:
            return self.of(self._schemas[schema["$ref"].rpartition("/")[2]])
        if "items" in schema:
            return self.of(schema["items"])
        found = dict(schema.get("properties", {}))
        for form in ("allOf", "anyOf", "oneOf"):
            for one in schema.get(form, ()):
                found |= self.of(one)
        return found


def missing(theirs: Fields, public: Any, ours: Fields, own: Any, place: str, depth: int = 0) -> Iterator[str]:
    """Places of fields that the public schema has and ours lacks; an object of ours without fields may hold any."""
    known = ours.of(own)
    for name, schema in theirs.of(public).items() if known else ():
        if name not in known:
            yield f"{place}.{name}"
        elif depth < DEPTH:
            yield from missing(theirs, schema, ours, known[name], f"{place}.{name}", depth + 1)


def lacking(public: dict[str, Any], own: dict[str, Any], theirs: Fields, ours: Fields) -> Iterator[str]:
    """What of one operation is not in ours."""
    for status, answer in public["responses"].items():
        if status not in own["responses"]:
            yield f"status {status}"
        elif status.startswith("2") and (said := answer.get("content", {}).get("application/json")):
            kept = own["responses"][status].get("content", {}).get("application/json")
            yield from missing(theirs, said["schema"], ours, kept["schema"], status) if kept else (f"{status} JSON",)
    for kind, body in public.get("requestBody", {}).get("content", {}).items():
        taken = own["requestBody"]["content"].get(kind)
        names = ours.of(taken["schema"]) if taken else {}
        yield from (f"{kind} {name}" for name in theirs.of(body["schema"]) if name not in names)


def test_nothing_that_the_public_description_promises_is_missing() -> None:
    place = Path(os.environ.get("DIFY_OPENAPI", "openapi_chatflow.json"))
    if not place.is_file():
        pytest.skip(f"{place} is not here; DIFY_OPENAPI names the public description to compare with")
    public, own = json.loads(place.read_text("utf-8")), json.loads(document())
    theirs, ours = Fields(public), Fields(own)
    operations = {(method, bare(path)): one for path, of in own["paths"].items() for method, one in of.items()}
    found = {
        (method, f"/v1{path}", lack)
        for path, of in public["paths"].items()
        for method in METHODS
        if method in of
        for lack in lacking(of[method], operations[method, bare(f"/v1{path}")], theirs, ours)
    }
    assert found == OURS_NOT


def test_a_field_that_is_missing_is_found() -> None:
    """The comparison itself, on two small descriptions."""
    wide = {"properties": {"a": {"items": {"properties": {"x": {}, "y": {}}}}, "b": {}}}
    narrow = {"properties": {"a": {"items": {"properties": {"x": {}}}}}}
    fields = Fields({"components": {"schemas": {}}})
    assert list(missing(fields, wide, fields, narrow, "200")) == ["200.a.y", "200.b"]
    assert list(missing(fields, narrow, fields, wide, "200")) == []
