"""Datasets and documents through the knowledge API: made, shown, found, switched, removed, and whose they are."""

from __future__ import annotations

import io
import zipfile
from uuid import uuid4

import pytest

from api.dify.desk import Client, desk
from api.dify.shelf import Keeper, keeper
from dbmedic.core.values import Caller, Text

LOCKS = "# Locks\n\nA waiting ALTER TABLE queues every newcomer.\n\n# Way out\n\nSet lock_timeout first."
DISK = "# 磁盘\n\n扩容前先清理 WAL 归档与临时文件。"


async def test_a_dataset_has_every_field_and_its_documents_are_counted() -> None:
    async with keeper() as shelf:
        empty = (await shelf.call("GET", "")).body
        await shelf.put("locks", LOCKS)
        full = (await shelf.call("GET", "")).body
        listed = (await shelf.client.call("GET", "/v1/datasets")).body
    assert (empty["document_count"], empty["indexing_technique"], empty["doc_form"]) == (0, None, None)
    assert (full["document_count"], full["total_available_documents"], full["word_count"]) == (1, 1, len(LOCKS))
    assert (full["indexing_technique"], full["doc_form"], full["data_source_type"]) == (
        "economy", "text_model", "upload_file",
    )  # fmt: skip
    assert "partial_member_list" not in full
    assert full["retrieval_model_dict"]["top_k"] == 4
    assert {name: listed[name] for name in ("has_more", "limit", "total", "page")} == {
        "has_more": False, "limit": 20, "total": 1, "page": 1,
    }  # fmt: skip
    assert listed["data"] == [full]


async def test_a_dataset_is_changed_and_its_name_is_its_own() -> None:
    async with keeper() as shelf:
        other = (await shelf.client.call("POST", "/v1/datasets", json={"name": "other", "description": "d"})).body
        taken = await shelf.client.call("POST", "/v1/datasets", json={"name": "runbooks"})
        clash = await shelf.client.call("PATCH", f"/v1/datasets/{other['id']}", json={"name": "runbooks"})
        body = {"name": "books", "permission": "partial_members", "partial_member_list": [{"user_id": "u"}]}
        changed = await shelf.call("PATCH", "", json=body)
        shown = (await shelf.call("GET", "")).body
        long = await shelf.client.call("POST", "/v1/datasets", json={"name": "n" * 41})
        outside = await shelf.client.call("POST", "/v1/datasets", json={"name": "n", "provider": "external"})
        found = (await shelf.client.call("GET", "/v1/datasets", params={"keyword": "OTH", "limit": "1"})).body
    assert (taken.status, taken.body["code"]) == (clash.status, clash.body["code"]) == (409, "dataset_name_duplicate")
    assert changed.status == 200
    assert (shown["name"], shown["partial_member_list"]) == ("books", [{"user_id": "u"}])
    assert (long.status, outside.status, outside.body["message"]) == (400, 400, "External datasets are not supported.")
    assert ([one["name"] for one in found["data"]], found["has_more"], found["total"]) == (["other"], True, 1)


async def test_a_text_is_indexed_in_the_background_and_found() -> None:
    async with keeper() as shelf:
        body = {
            "name": "locks",
            "text": LOCKS,
            "indexing_technique": "high_quality",
            "process_rule": {"mode": "automatic"},
        }
        made = await shelf.call("POST", "/document/create_by_text", json=body)
        await shelf.assistant.knowledge.indexer.idle()
        status = await shelf.progress(made.body["batch"])
        listed = (await shelf.call("GET", "/documents", params={"status": "available"})).body["data"]
        detail = (await shelf.call("GET", f"/documents/{made.body['document']['id']}")).body
        only = (await shelf.call("GET", f"/documents/{detail['id']}", params={"metadata": "only"})).body
        without = (await shelf.call("GET", f"/documents/{detail['id']}", params={"metadata": "without"})).body
        wrong = await shelf.call("GET", f"/documents/{detail['id']}", params={"metadata": "x"})
        heard = await shelf.call("POST", "/retrieve", json={"query": "lock_timeout"})
        again = (await shelf.segments(detail["id"]))[1]
        nothing = await shelf.found("kubernetes")
    assert made.status == 200
    assert (made.body["document"]["indexing_status"], made.body["document"]["created_from"]) == ("waiting", "api")
    assert (status["indexing_status"], status["completed_segments"], status["total_segments"]) == ("completed", 2, 2)
    assert [one["id"] for one in listed] == [detail["id"]]
    assert (listed[0]["display_status"], listed[0]["word_count"]) == ("available", len(LOCKS))
    assert (detail["segment_count"], detail["doc_form"], detail["error"]) == (2, "text_model", None)
    assert only.keys() == {"id", "doc_type", "doc_metadata"}
    assert without.keys() == detail.keys() - {"doc_type", "doc_metadata"}
    assert (wrong.status, wrong.body["code"]) == (400, "invalid_metadata")
    record = heard.body["records"][0]
    assert heard.body["query"] == {"content": "lock_timeout"}
    assert (record["segment"]["content"], record["score"]) == ("Set lock_timeout first.", 1.0)
    assert record["segment"]["document"]["name"] == "locks"
    assert (record["segment"]["hit_count"], again["hit_count"]) == (0, 1)
    assert nothing == []


NAMED = {"name": "n", "text": "x"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"text": "x"}, "name: Field required"),
        ({"name": "n"}, "text: Field required"),
        ({"name": "n", "text": "x"}, "indexing_technique is required."),
        ({"name": "n", "text": "x", "indexing_technique": "cheap"}, "indexing_technique"),
        ({"name": "n", "text": "x", "doc_form": "poem"}, "Invalid doc_form."),
        ({"name": "n", "text": " ", "indexing_technique": "economy"}, "text is required"),
        ({"name": "n", "text": "x", "process_rule": {"mode": "odd"}}, "process_rule.mode"),
        ({"name": "n", "text": "x", "process_rule": {"mode": "custom"}}, "rules is required"),
        (
            {
                "name": "n",
                "text": "x",
                "process_rule": {"mode": "custom", "rules": {"segmentation": {"max_tokens": 9}}},
            },
            "between 50 and 4000",
        ),
        ({"name": "n", "text": "x", "retrieval_model": {"search_method": "guess"}}, "search_method"),
    ],
)
async def test_what_is_wrong_with_a_new_document_is_said(body: dict[str, object], message: str) -> None:
    async with keeper() as shelf:
        heard = await shelf.call("POST", "/document/create-by-text", json=body)
        listed = await shelf.call("GET", "/documents")
    assert (heard.status, heard.body["code"]) == (400, "invalid_param")
    assert message in heard.body["message"]
    assert listed.body["total"] == 0


async def test_a_dataset_that_is_not_there_is_said_as_the_reference_says() -> None:
    async with keeper() as shelf:
        nowhere = shelf._replace(id=str(uuid4()))
        read = await nowhere.call("GET", "")
        written = await nowhere.call("POST", "/document/create-by-text", json={"name": "n", "text": "x"})
        document = await shelf.call("GET", f"/documents/{uuid4()}")
        gone = await shelf.call("DELETE", f"/documents/{uuid4()}")
        batch = await shelf.call("GET", "/documents/none/indexing-status")
        no_id = await shelf._replace(id="x").call("GET", "")
        post = await shelf.call("POST", "/tags", json={})
        pipeline = await shelf.call("POST", "/pipeline/run", json={})
    assert (read.status, read.body["message"]) == (404, "Dataset not found.")
    assert (written.status, written.body["message"]) == (400, "Dataset does not exist.")
    assert (document.status, document.body["message"]) == (404, "Document not found.")
    assert (gone.status, gone.body["message"]) == (404, "Document Not Exists.")
    assert (batch.status, batch.body["message"]) == (404, "Documents not found.")
    assert [one.status for one in (no_id, post, pipeline)] == [404, 405, 404]


async def test_the_two_kinds_of_key_do_not_open_each_others_doors() -> None:
    async with desk((Text("Yes."),)) as (asker, assistant, _):
        client = Client(asker.http, asker.url, (await assistant.keys.create(kind="dataset")).secret)
        refused = [await asker.call("GET", "/v1/datasets"), await client.call("GET", "/v1/info")]
        refused.append(await client.call("GET", "/v1/datasets", headers={}))
    assert [one.status for one in refused] == [401, 401, 401]
    assert refused[0].body["message"] == "Access token is invalid"


async def test_documents_are_switched_off_on_archived_and_removed() -> None:
    async with keeper() as shelf:
        one, two = await shelf.put("locks", LOCKS), await shelf.put("disk", DISK)

        async def switch(action: str) -> int:
            body = {"document_ids": [one["id"]]}
            status = (await shelf.call("PATCH", f"/documents/status/{action}", json=body)).status
            await shelf.assistant.knowledge.indexer.idle()
            return status

        async def shown() -> tuple[str, bool]:
            rows = (await shelf.call("GET", "/documents")).body["data"]
            return rows[1]["display_status"], bool(await shelf.found("lock_timeout"))

        before = await shown()
        states = [(await switch(action), *await shown()) for action in ("disable", "enable", "archive")]
        kept = await shelf.call("DELETE", f"/documents/{one['id']}")
        edited = await shelf.call("POST", f"/documents/{one['id']}/update-by-text", json={"name": "n", "text": "t"})
        states.append((await switch("un_archive"), *await shown()))
        odd = await shelf.call("PATCH", "/documents/status/burn", json={"document_ids": [one["id"]]})
        gone = await shelf.call("DELETE", f"/documents/{one['id']}")
        left = (await shelf.call("GET", "/documents")).body["data"]
        found = await shelf.found("lock_timeout"), await shelf.found("扩容")
    assert before == ("available", True)
    assert states == [
        (200, "disabled", False), (200, "available", True), (200, "archived", False), (200, "available", True),
    ]  # fmt: skip
    assert (kept.status, kept.body["code"]) == (edited.status, edited.body["code"]) == (
        403, "archived_document_immutable",
    )  # fmt: skip
    assert (odd.status, odd.body["code"]) == (400, "invalid_action")
    assert gone.status == 204
    assert [row["id"] for row in left] == [two["id"]]
    assert (found[0], len(found[1])) == ([], 1)


async def test_a_dataset_is_not_deleted_while_an_app_reads_it() -> None:
    async with keeper() as shelf:
        datasets = shelf.assistant.knowledge.datasets
        dataset = (await datasets.shelves(await _keeping(shelf)))[0][0].dataset
        await datasets.attach(dataset, "ops")
        used = await shelf.call("DELETE", "")
        counted = (await shelf.call("GET", "")).body["app_count"]
        await datasets.detach(dataset, "ops")
        gone = [(await shelf.call("DELETE", "")).status, (await shelf.call("GET", "")).status]
    assert (used.status, used.body["code"], counted) == (409, "dataset_in_use", 1)
    assert gone == [204, 404]


async def _keeping(shelf: Keeper) -> Caller:
    return await shelf.assistant.keys.sign_in(shelf.client.headers["Authorization"][7:])


async def test_a_file_can_be_fetched_again_by_an_address_that_needs_no_key() -> None:
    async with keeper() as shelf:
        made = (await shelf.upload(b"<b>checkpoints</b><script>x()</script>", "notes.html")).body["document"]
        text = await shelf.put("locks", LOCKS)
        url = (await shelf.call("GET", f"/documents/{made['id']}/download")).body["url"]
        none = await shelf.call("GET", f"/documents/{text['id']}/download")
        part = await shelf.client.call("GET", url.removeprefix(shelf.client.url), headers={"Range": "bytes=3-13"})
        path = url.removeprefix(shelf.client.url)
        fetched = await shelf.client.call("GET", path, headers={})
        forged = await shelf.client.call("GET", f"{path[:-6]}AAAA==", headers={})
        body = {"document_ids": [made["id"], text["id"]]}
        async with shelf.client.http.post(
            f"{shelf.client.url}/v1/datasets/{shelf.id}/documents/download-zip", json=body, headers=shelf.client.headers
        ) as heard:
            kind, packed = heard.headers["Content-Type"], zipfile.ZipFile(io.BytesIO(await heard.read()))
        segments = await shelf.segments(made["id"])
        await shelf.call("DELETE", f"/documents/{made['id']}")
        gone = await shelf.client.call("GET", path, headers={})
    assert (gone.status, gone.body["message"]) == (404, "Uploaded file not found.")
    assert (fetched.status, fetched.body) == (200, "<b>checkpoints</b><script>x()</script>")
    assert fetched.headers["Content-Disposition"].startswith("attachment")
    assert (part.status, part.body) == (206, "checkpoints")
    assert (none.status, forged.status, forged.body["code"]) == (404, 403, "forbidden")
    assert kind == "application/zip"
    assert sorted(packed.namelist()) == ["locks.txt", "notes.html"]
    assert [one["content"] for one in segments] == ["checkpoints"], "no script is text"


async def test_a_dataset_is_the_external_knowledge_of_a_dify() -> None:
    async with keeper() as shelf:
        made = await shelf.put("locks", LOCKS)
        setting = {"top_k": 1, "score_threshold": 0.5}
        body = {"knowledge_id": shelf.id, "query": "lock_timeout", "retrieval_setting": setting}
        found = await shelf.client.call("POST", "/v1/retrieval", json=body)
        condition = {"conditions": [{"name": ["document_name"], "comparison_operator": "is", "value": "other"}]}
        none = await shelf.client.call("POST", "/v1/retrieval", json={**body, "metadata_condition": condition})
        unknown = await shelf.client.call("POST", "/v1/retrieval", json={**body, "knowledge_id": str(uuid4())})
        app = (await shelf.assistant.keys.create(app="ops")).secret
        heads = [{}, {"Authorization": "x"}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {app}"}]
        refused = [await shelf.client.call("POST", "/v1/retrieval", json=body, headers=head) for head in heads]
    (record,) = found.body["records"]
    assert (record["content"], record["title"], record["score"]) == ("Set lock_timeout first.", "locks", 1.0)
    assert record["metadata"]["document_id"] == made["id"]
    assert none.body == {"records": []}
    assert (unknown.status, unknown.body["error_code"]) == (404, 2001)
    assert [(one.status, one.body["error_code"]) for one in refused] == [
        (403, 1001), (403, 1001), (403, 1002), (403, 1002),
    ]  # fmt: skip


async def test_a_dataset_of_many_documents_is_deleted_with_all_of_them() -> None:
    async with keeper() as shelf:
        for number in range(12):
            await shelf.put(f"page {number}", LOCKS)
        gone = await shelf.call("DELETE", "")
        left = await shelf.assistant.knowledge.library._store.read(
            "words_known", words='["d1_lock_timeout", "d3_lock"]'
        )
    assert (gone.status, left) == (204, [])
