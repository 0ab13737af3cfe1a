"""Segments, child chunks, search settings, metadata and tags through the knowledge API."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from api.dify.shelf import SEARCH, Keeper, keeper

LOCKS = "# Locks\n\nA waiting ALTER TABLE queues every newcomer.\n\n# Way out\n\nSet lock_timeout first."
PARENTS = {
    "mode": "hierarchical",
    "rules": {
        "pre_processing_rules": [{"id": "remove_urls_emails", "enabled": True}],
        "segmentation": {"separator": "\\n\\n", "max_tokens": 50},
        "subchunk_segmentation": {"separator": "。", "max_tokens": 50},
        "parent_mode": "paragraph",
    },
}


async def test_segments_are_added_changed_switched_and_removed() -> None:
    async with keeper() as shelf:
        made = await shelf.put("locks", LOCKS)
        place = f"/documents/{made['id']}/segments"
        new = {"content": "vacuum freeze", "answer": "run VACUUM", "keywords": ["wraparound"]}
        added = await shelf.call("POST", place, json={"segments": [new, {"content": "second"}]})
        one = added.body["data"][0]
        found = [await shelf.found(words) for words in ("wraparound", "freeze")]
        await shelf.call("POST", f"{place}/{one['id']}", json={"segment": {"content": "checkpoint storm"}})
        renewed = await shelf.found("freeze"), await shelf.found("checkpoint storm")
        off = await shelf.call("POST", f"{place}/{one['id']}", json={"segment": {"enabled": False}})
        hidden = await shelf.found("checkpoint storm")
        on = await shelf.call("POST", f"{place}/{one['id']}", json={"segment": {"enabled": True, "keywords": ["k"]}})
        back = await shelf.found("checkpoint storm")
        page = (await shelf.call("GET", place, params={"limit": "2", "page": "2"})).body
        sought = (await shelf.call("GET", place, params={"keyword": "SECOND", "limit": "x"})).body
        none = (await shelf.call("GET", place, params={"status": "waiting"})).body
        gone = await shelf.call("DELETE", f"{place}/{one['id']}")
        after = await shelf.call("GET", f"{place}/{one['id']}")
        left = await shelf.found("checkpoint storm")
    assert (added.status, added.body["doc_form"]) == (200, "text_model")
    assert (one["position"], one["answer"], one["keywords"], one["status"]) == (
        3,
        "run VACUUM",
        ["wraparound"],
        "completed",
    )
    assert found == [["vacuum freeze"]] * 2
    assert renewed == ([], ["checkpoint storm"])
    assert (off.body["data"]["enabled"], hidden) == (False, [])
    assert off.body["data"]["disabled_at"] is not None
    assert (on.body["data"]["keywords"], on.body["data"]["disabled_at"], back) == (["k"], None, ["checkpoint storm"])
    assert ([row["position"] for row in page["data"]], page["total"], page["has_more"]) == ([3, 4], 4, True)
    assert ([row["content"] for row in sought["data"]], sought["limit"]) == (["second"], 20)
    assert (none["data"], none["total"]) == ([], 0)
    assert (gone.status, after.status, after.body["message"], left) == (204, 404, "Segment not found.", [])


async def test_segments_of_a_bad_body_or_a_document_that_is_not_ready_are_refused() -> None:
    async with keeper() as shelf:
        made = await shelf.put("locks", LOCKS)
        place = f"/documents/{made['id']}/segments"
        bare = [
            await shelf.call("POST", place, json=body)
            for body in ({}, {"segments": []}, {"segments": [{"content": " "}]}, {"segments": [{"content": 1}]})
        ]
        many = await shelf.call("POST", place, json={"segments": [{"content": "x"}] * 101})
        await shelf.call("PATCH", "/documents/status/disable", json={"document_ids": [made["id"]]})
        off = await shelf.call("POST", place, json={"segments": [{"content": "x"}]})
    assert [(one.status, list(one.body)) for one in bare] == [(400, ["error"])] * 4
    assert (many.status, many.body["message"]) == (400, "Exceeded maximum segments limit of 100.")
    assert (off.status, off.body["message"]) == (404, "Document is disabled.")


async def test_a_parent_is_found_by_its_children() -> None:
    text = "磁盘满了先看 https://x.example 归档。然后看临时文件。\n\n第二段说的是主从延迟。"
    async with keeper() as shelf:
        made = await shelf.put("页", text, doc_form="hierarchical_model", process_rule=PARENTS)
        first = (await shelf.segments(made["id"]))[0]
        place = f"/documents/{made['id']}/segments/{first['id']}/child_chunks"
        own = await shelf.call("POST", place, json={"content": "zebra crossing"})
        heard = (await shelf.call("POST", "/hit-testing", json={"query": "zebra"})).body["records"]
        changed = await shelf.call("PATCH", f"{place}/{own.body['data']['id']}", json={"content": "giraffe"})
        listed = (await shelf.call("GET", place, params={"limit": "2"})).body
        found = await shelf.found("zebra"), await shelf.found("giraffe")
        gone = await shelf.call("DELETE", f"{place}/{own.body['data']['id']}")
        again = await shelf.call("DELETE", f"{place}/{own.body['data']['id']}")
        left = await shelf.found("giraffe")
        other = await shelf.call(
            "POST", "/document/create-by-text", json={"name": "n", "text": "t", "doc_form": "qa_model"}
        )
    assert first["content"].startswith("磁盘满了先看  归档。"), "the rule took the address out"
    assert [child["type"] for child in first["child_chunks"]] == ["automatic"]
    assert (own.status, own.body["data"]["type"]) == (200, "customized")
    assert [child["content"] for child in heard[0]["child_chunks"]] == ["zebra crossing"]
    assert heard[0]["score"] == 1.0
    assert changed.body["data"]["content"] == "giraffe"
    assert (listed["total"], listed["total_pages"], listed["page"]) == (2, 1, 1)
    assert found == ([], [first["content"]])
    assert (gone.status, again.status, again.body["message"], left) == (204, 404, "Child chunk not found.", [])
    assert (other.status, other.body["message"]) == (400, "doc_form is different from the dataset doc_form.")


async def test_a_search_keeps_to_its_settings() -> None:
    async with keeper() as shelf:
        await shelf.put("locks", LOCKS)
        await shelf.put("disk", "disk full, then lock the archive")
        both = await shelf.found("lock disk")
        one = await shelf.found("lock disk", top_k=1)
        sure = await shelf.found("lock disk", score_threshold_enabled=True, score_threshold=0.9)
        unsaid = await shelf.found("lock disk", score_threshold=0.9)
        ways = [
            await shelf.found("lock disk", search_method=method)
            for method in ("semantic_search", "full_text_search", "keyword_search")
        ]
        await shelf.call("PATCH", "", json={"retrieval_model": {**SEARCH, "top_k": 1}})
        own = (await shelf.call("POST", "/retrieve", json={"query": "lock disk"})).body["records"]
        bad = [
            await shelf.call("POST", "/retrieve", json=body)
            for body in ({}, {"query": " "}, {"query": "x" * 251}, {"query": "x", "retrieval_model": {"top_k": 0}})
        ]
    assert len(both) == 3
    assert one == sure == both[:1] == ["disk full, then lock the archive"]
    assert unsaid == both
    assert ways == [both] * 3, "without an embedding model every way is by words"
    assert len(own) == 1
    assert [(heard.status, heard.body["code"]) for heard in bad] == [(400, "invalid_param")] * 4


async def labelled(shelf: Keeper) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two documents of two teams and years."""
    fields = {}
    for name, kind in (("team", "string"), ("year", "number")):
        made = await shelf.call("POST", "/metadata", json={"name": name, "type": kind})
        assert made.status == 201
        fields[name] = made.body["id"]
    documents = [await shelf.put("one", "lock one"), await shelf.put("two", "lock two")]
    data = [
        {
            "document_id": document["id"],
            "metadata_list": [
                {"id": fields["team"], "name": "team", "value": team},
                {"id": fields["year"], "value": year},
            ],
        }
        for document, team, year in zip(documents, ("dba", "web"), (2024, "2026"), strict=True)
    ]
    done = await shelf.call("POST", "/documents/metadata", json={"operation_data": data})
    assert done.body == {"result": "success"}
    return fields, {"one": documents[0]["id"], "two": documents[1]["id"]}


@pytest.mark.parametrize(
    ("conditions", "operator", "found"),
    [
        ([("team", "is", "dba")], "and", {"lock one"}),
        ([("team", "is not", "dba")], "and", {"lock two"}),
        ([("team", "in", ["web", "app"])], "and", {"lock two"}),
        ([("year", ">", 2025)], "and", {"lock two"}),
        ([("year", "≤", "2024")], "and", {"lock one"}),
        ([("team", "start with", "w"), ("year", "=", 2024)], "and", set()),
        ([("team", "contains", "eb"), ("year", "=", 2024)], "or", {"lock one", "lock two"}),
        ([("team", "empty", None)], "and", set()),
        ([("nothing", "empty", None)], "and", {"lock one", "lock two"}),
        ([("document_name", "is", "two")], "and", {"lock two"}),
        ([("upload_date", "before", 1)], "and", set()),
    ],
)
async def test_a_search_can_be_narrowed_by_metadata(
    conditions: list[tuple[str, str, Any]], operator: str, found: set[str]
) -> None:
    wanted = [{"name": name, "comparison_operator": how, "value": value} for name, how, value in conditions]
    filtering = {"logical_operator": operator, "conditions": wanted}
    async with keeper() as shelf:
        await labelled(shelf)
        assert set(await shelf.found("lock", metadata_filtering_conditions=filtering)) == found


async def test_metadata_fields_have_names_of_their_own_and_documents_values() -> None:
    async with keeper() as shelf:
        fields, documents = await labelled(shelf)
        listed = (await shelf.call("GET", "/metadata")).body
        shown = (await shelf.call("GET", f"/documents/{documents['one']}")).body["doc_metadata"]
        body = {"document_id": documents["one"], "metadata_list": [{"id": fields["team"], "value": "ops"}]}
        await shelf.call("POST", "/documents/metadata", json={"operation_data": [{**body, "partial_update": True}]})
        partial = (await shelf.call("GET", f"/documents/{documents['one']}")).body["doc_metadata"]
        await shelf.call("POST", "/documents/metadata", json={"operation_data": [body]})
        whole = (await shelf.call("GET", f"/documents/{documents['one']}")).body["doc_metadata"]
        only = {"conditions": [{"name": "team", "comparison_operator": "is", "value": "ops"}]}
        search = {"query": "lock", "retrieval_model": {**SEARCH, "metadata_filtering_conditions": only}}
        heard = (await shelf.call("POST", "/retrieve", json=search)).body["records"]
        refused = [
            await shelf.call("POST", "/metadata", json={"name": "team", "type": "string"}),
            await shelf.call("POST", "/metadata", json={"name": "source", "type": "string"}),
            await shelf.call("POST", "/metadata", json={"name": "x", "type": "colour"}),
            await shelf.call("PATCH", f"/metadata/{fields['team']}", json={"name": "year"}),
            await shelf.call("POST", "/metadata/built-in/maybe"),
        ]
        unknown = await shelf.call("PATCH", f"/metadata/{uuid4()}", json={"name": "z"})
        renamed = await shelf.call("PATCH", f"/metadata/{fields['team']}", json={"name": "crew"})
        gone = await shelf.call("DELETE", f"/metadata/{fields['year']}")
        built = [row["name"] for row in (await shelf.call("GET", "/metadata/built-in")).body["fields"]]
        await shelf.call("POST", "/metadata/built-in/enable")
        final = (await shelf.call("GET", f"/documents/{documents['two']}")).body["doc_metadata"]
    assert [(row["name"], row["type"], row["count"]) for row in listed["doc_metadata"]] == [
        ("team", "string", 2), ("year", "number", 2),
    ]  # fmt: skip
    assert listed["built_in_field_enabled"] is False
    assert {row["name"]: row["value"] for row in shown} == {"team": "dba", "year": 2024}
    assert {row["name"]: row["value"] for row in partial} == {"team": "ops", "year": 2024}
    assert {row["name"]: row["value"] for row in whole} == {"team": "ops"}
    assert heard[0]["segment"]["document"]["doc_metadata"] == {"team": "ops"}
    assert [one.status for one in refused] == [400] * 5
    assert (unknown.status, renamed.body["name"], gone.status) == (404, "crew", 204)
    assert built == ["document_name", "uploader", "upload_date", "last_update_date", "source"]
    assert [row["name"] for row in final] == ["crew", *built]


async def test_tags_sort_datasets() -> None:
    async with keeper() as shelf:
        tag = (await shelf.client.call("POST", "/v1/datasets/tags", json={"name": "prod"})).body
        again = await shelf.client.call("POST", "/v1/datasets/tags", json={"name": "prod"})
        pair = {"tag_ids": [tag["id"]], "target_id": shelf.id}
        bound = await shelf.client.call("POST", "/v1/datasets/tags/binding", json=pair)
        listed = (await shelf.client.call("GET", "/v1/datasets/tags")).body
        mine = (await shelf.call("GET", "/tags")).body
        sorted_ = (await shelf.client.call("GET", "/v1/datasets", params={"tag_ids": tag["id"]})).body["total"]
        others = (await shelf.client.call("GET", "/v1/datasets", params={"tag_ids": str(uuid4())})).body["total"]
        body = {"tag_id": tag["id"], "name": "live"}
        renamed = (await shelf.client.call("PATCH", "/v1/datasets/tags", json=body)).body
        old = {"tag_id": tag["id"], "target_id": shelf.id}
        loose = await shelf.client.call("POST", "/v1/datasets/tags/unbinding", json=old)
        after = (await shelf.call("GET", "/tags")).body["total"]
        gone = await shelf.client.call("DELETE", "/v1/datasets/tags", json={"tag_id": tag["id"]})
        twice = await shelf.client.call("DELETE", "/v1/datasets/tags", json={"tag_id": tag["id"]})
    assert tag == {"id": tag["id"], "name": "prod", "type": "knowledge", "binding_count": "0"}
    assert (again.status, bound.status, loose.status) == (400, 204, 204)
    assert listed == [{**tag, "binding_count": "1"}]
    assert mine == {"data": [{"id": tag["id"], "name": "prod"}], "total": 1}
    assert (sorted_, others, renamed["name"], after) == (1, 0, "live", 0)
    assert (gone.status, twice.status) == (204, 404)


async def test_the_models_that_are_configured_are_listed() -> None:
    async with keeper() as shelf:
        where = "/v1/workspaces/current/models/model-types"
        llm = (await shelf.client.call("GET", f"{where}/llm")).body["data"]
        none = (await shelf.client.call("GET", f"{where}/text-embedding")).body
    assert [model["model"] for model in llm[0]["models"]] == ["script"]
    assert none == {"data": []}
