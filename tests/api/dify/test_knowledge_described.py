"""The published description of the knowledge operations beside the public one, where that lies here."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dbmedic.api.dify.document import document

METHODS = ("get", "post", "put", "delete", "patch")
LEFT_OUT = "pipeline/"
"""Operations of pipelines are not served."""
FREE = {"external_retrieval_model", "icon_small", "icon_small_dark", "label"}
"""Objects that are shown as they are, without their fields."""


@pytest.fixture(scope="module")
def public() -> dict[str, Any]:
    place = Path(os.environ.get("DIFY_OPENAPI_KNOWLEDGE", "openapi_knowledge.json"))
    if not place.is_file():
        pytest.skip(f"{place} is not here; DIFY_OPENAPI_KNOWLEDGE names the public description to compare with")
    found: dict[str, Any] = json.loads(place.read_text("utf-8"))
    return found


def operations(described: dict[str, Any], before: str = "") -> dict[tuple[str, str], dict[str, Any]]:
    def bare(path: str) -> str:
        return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))

    return {
        (method, bare(before + path)): about
        for path, of in described["paths"].items()
        for method, about in of.items()
        if method in METHODS and LEFT_OUT not in path
    }


def fields(schema: dict[str, Any] | None, described: dict[str, Any], above: str = "") -> Iterator[str]:
    """Dotted names of all fields of a reply."""
    if not schema:
        return
    if name := schema.get("$ref"):
        yield from fields(described["components"]["schemas"][name.rpartition("/")[2]], described, above)
    for one in (*schema.get("anyOf", ()), schema.get("items")):
        yield from fields(one, described, above)
    for field, inner in schema.get("properties", {}).items():
        yield f"{above}{field}"
        if field not in FREE:
            yield from fields(inner, described, f"{above}{field}.")


def replies(about: dict[str, Any], described: dict[str, Any]) -> dict[str, set[str]]:
    """Status that is good -> fields of its reply."""
    return {
        status: set(fields(reply.get("content", {}).get("application/json", {}).get("schema"), described))
        for status, reply in about["responses"].items()
        if status.startswith("2")
    }


def test_every_public_operation_answers_with_its_status_and_its_fields(public: dict[str, Any]) -> None:
    ours = json.loads(document())
    mine, theirs = operations(ours), operations(public, "/v1")
    assert theirs.keys() - mine.keys() == set()
    free = {"data_source_info", "data_source_detail_dict", "retrieval_model_dict", "dataset_process_rule"}
    free |= {"document_process_rule", "doc_metadata"}
    lacking = {}
    for place, about in theirs.items():
        have, want = replies(mine[place], ours), replies(about, public)
        assert have.keys() == want.keys(), place
        for status, names in want.items():
            if missing := {name for name in names - have[status] if not free & set(name.split(".")[:-1])}:
                lacking[place] = missing
    assert lacking == {}


def test_every_public_query_field_is_read(public: dict[str, Any]) -> None:
    mine = operations(json.loads(document()))
    for place, about in operations(public, "/v1").items():
        asked = {one["name"] for one in about.get("parameters", ()) if one.get("in") == "query"}
        assert asked <= {one["name"] for one in mine[place]["parameters"]}, place
