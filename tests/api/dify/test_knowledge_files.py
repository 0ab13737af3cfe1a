"""Files as documents: read in the background, replaced at once or not at all, hostile ones refused with a sentence."""

from __future__ import annotations

import aiohttp
import pytest

from api.dify.shelf import RULE, keeper
from kit.documents import docx, pdf, xlsx, zipped

BOMB = zipped(word__document_dot_xml=b"<w>" + b" " * (40 << 20) + b"</w>")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("plan.docx", docx("Seq Scan on orders"), "Seq Scan on orders"),
        ("sizes.xlsx", xlsx([["table", "rows"], ["orders", "12"]]), "orders"),
        ("paper.pdf", pdf("checkpoint storms"), "checkpoint storms"),
        ("磁盘.txt", "清理归档".encode("gb18030"), "清理归档"),
        ("settings.cnf", b"innodb_buffer_pool_size=1G", "innodb_buffer_pool_size"),
    ],
)
async def test_a_file_becomes_a_document_that_is_found(name: str, content: bytes, words: str) -> None:
    async with keeper() as shelf:
        made = await shelf.upload(content, name)
        status = await shelf.progress(made.body["batch"])
        shown = (await shelf.call("GET", f"/documents/{made.body['document']['id']}")).body
        found = await shelf.found(words)
    assert made.status == 200, made.body
    assert (status["indexing_status"], status["error"]) == ("completed", None)
    assert made.body["document"]["name"] == shown["data_source_info"]["upload_file"]["name"] == name
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("photo.png", b"\x89PNG\r\n\x1a\n", 415, "unsupported_file_type"),
        ("run.exe", b"MZ", 415, "unsupported_file_type"),
        ("lie.pdf", b"MZ\0\0", 415, "unsupported_file_type"),
        ("lie.txt", b"a\0b\0\0", 415, "unsupported_file_type"),
        ("../../etc/passwd.txt", b"x", 400, "invalid_param"),
        ("large.txt", b"x" * (16 << 20), 413, "file_too_large"),
        ("huge.txt", b"x" * (103 << 20), 413, "file_too_large"),
    ],
)
async def test_a_file_that_cannot_be_is_refused_at_once(name: str, content: bytes, status: int, code: str) -> None:
    async with keeper() as shelf:
        heard = await shelf.upload(content, name)
        listed = (await shelf.call("GET", "/documents")).body
    assert (heard.status, heard.body["code"]) == (status, code)
    assert listed["total"] == 0


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("bomb.docx", BOMB, "unpacks to more than 32 MiB"),
        ("broken.docx", b"PK\x03\x04 nothing", "no zip file"),
        ("long.pdf", pdf("x", pages=10_000), "10000 pages, at most 2000"),
        ("empty.txt", b"  \n", "no text"),
    ],
)
async def test_a_file_that_cannot_be_read_says_why_in_its_status(name: str, content: bytes, why: str) -> None:
    async with keeper() as shelf:
        made = await shelf.upload(content, name)
        status = await shelf.progress(made.body["batch"])
        listed = (await shelf.call("GET", "/documents", params={"status": "error"})).body["data"]
        gone = await shelf.call("DELETE", f"/documents/{made.body['document']['id']}")
    assert made.status == 200, made.body
    assert status["indexing_status"] == "error"
    assert why in status["error"]
    assert (status["completed_segments"], listed[0]["display_status"], gone.status) == (0, "error", 204)


async def test_a_new_file_takes_the_place_of_the_old_one_or_leaves_it() -> None:
    async with keeper() as shelf:
        made = (await shelf.upload(b"about vacuum", "a.md")).body["document"]
        worse = await shelf.upload(b"PK\x03\x04 nothing", "b.docx", f"/documents/{made['id']}")
        failed = await shelf.progress(worse.body["batch"])
        kept = await shelf.found("vacuum")
        better = await shelf.upload(b"about checkpoints", "c.md", f"/documents/{made['id']}")
        found = await shelf.found("vacuum"), await shelf.found("checkpoints")
        listed = (await shelf.call("GET", "/documents")).body["data"]
        original = await shelf.upload(b"about locks", "d.md", original_document_id=made["id"])
    assert (worse.status, failed["indexing_status"]) == (200, "error")
    assert "no zip file" in failed["error"]
    assert kept == ["about vacuum"], "what cannot be read leaves the old text to be found"
    assert better.status == 200
    assert found == ([], ["about checkpoints"])
    assert [(one["id"], one["name"], one["display_status"]) for one in listed] == [(made["id"], "c.md", "available")]
    assert original.body["document"]["id"] == made["id"]


async def test_passages_that_stay_the_same_keep_their_ids() -> None:
    text = "\n\n".join(f"# {n}\n\nparagraph {n} of the page" for n in range(5))
    async with keeper() as shelf:
        made = await shelf.put("page", text)
        before = await shelf.segments(made["id"])
        body = {"name": "page", "text": text.replace("paragraph 2", "new words") + "\n\n# 5\n\nthe end"}
        await shelf.call("POST", f"/documents/{made['id']}/update_by_text", json=body)
        await shelf.assistant.knowledge.indexer.idle()
        after = await shelf.segments(made["id"])
        found = await shelf.found("new words")
    assert [one["content"] for one in after][2::3] == ["new words of the page", "the end"]
    assert [one["id"] for one in after][:2] == [one["id"] for one in before][:2]
    assert [one["id"] for one in after][3:5] == [one["id"] for one in before][3:]
    assert after[2]["id"] not in {one["id"] for one in before}
    assert [one["position"] for one in after] == [1, 2, 3, 4, 5, 6]
    assert found[0] == "new words of the page"


async def test_a_form_without_a_file_or_a_rule_is_refused() -> None:
    async with keeper() as shelf:
        form = aiohttp.FormData({"data": "{}"}, default_to_multipart=True)
        none = await shelf.call("POST", "/document/create-by-file", data=form)
        bad = aiohttp.FormData({"data": "{"}, default_to_multipart=True)
        bad.add_field("file", b"x", filename="a.md")
        broken = await shelf.call("POST", "/document/create_by_file", data=bad)
        bare = await shelf.upload(b"x", "a.md", process_rule=None)
        custom = {"mode": "custom", "rules": {"segmentation": {"separator": "###", "max_tokens": 50}}}
        cut = await shelf.upload(b"one###two###three", "b.md", process_rule=custom)
        made = cut.body["document"]["id"]
        first = [one["content"] for one in await shelf.segments(made)]
        form = aiohttp.FormData({"data": '{"process_rule": {"mode": "automatic"}}'}, default_to_multipart=True)
        recut = await shelf.call("PATCH", f"/documents/{made}", data=form)
        await shelf.assistant.knowledge.indexer.idle()
        second = [one["content"] for one in await shelf.segments(made)]
    assert (none.status, none.body["code"]) == (400, "no_file_uploaded")
    assert (broken.status, broken.body["code"]) == (400, "invalid_param")
    assert (bare.status, bare.body["message"]) == (400, "process_rule is required.")
    assert first == ["one\n\ntwo\n\nthree"], "small pieces share a segment"
    assert (recut.status, second) == (200, ["one###two###three"])
    assert RULE["mode"] == "automatic"
