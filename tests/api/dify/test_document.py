"""The published description: made of the operations, true to what they answer, and as wide as the public one."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from api.dify.desk import desk
from clients.running import Server
from dbmedic.api.dify.action import found
from dbmedic.api.dify.document import BODIES, QUERIES, document
from dbmedic.api.dify.shapes import REPLIES
from dbmedic.core.values import Text

METHODS = ("get", "post", "put", "delete", "patch")


def operations(described: dict[str, Any]) -> set[tuple[str, str]]:
    return {(method, path) for path, of in described["paths"].items() for method in of if method in METHODS}


def test_every_operation_is_described_and_no_other() -> None:
    described = json.loads(document())
    assert operations(described) == {(one.route.method.lower(), f"/v1{one.route.path}") for one in found()}
    names = [of[method]["operationId"] for of in described["paths"].values() for method in of]
    assert sorted(names) == sorted(one.name for one in found())
    assert all(of[method]["summary"] for of in described["paths"].values() for method in of)
    for table in (QUERIES, BODIES, REPLIES):
        assert set(table) <= set(names)


def test_the_names_in_a_path_are_its_parameters() -> None:
    for path, of in json.loads(document())["paths"].items():
        for operation in of.values():
            named = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}


async def test_anybody_may_read_it() -> None:
    async with desk((Text("Yes."),)) as (client, _, _):
        heard = await client.call("GET", "/openapi.json", headers={})
    assert heard.status == 200
    assert heard.body["openapi"] == "3.1.0"


def test_it_is_as_wide_as_the_public_one() -> None:
    place = Path(os.environ.get("DIFY_OPENAPI", "openapi_chatflow.json"))
    if not place.is_file():
        pytest.skip(f"{place} is not here; DIFY_OPENAPI names the public description to compare with")
    public = json.loads(place.read_text("utf-8"))
    ours = {(method, _bare(path)) for method, path in operations(json.loads(document()))}
    theirs = {(method, _bare(f"/v1{path}")) for method, path in operations(public)}
    assert theirs - ours == set()


def _bare(path: str) -> str:
    """A path without what its names are."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


@pytest.mark.parametrize("side", ["app", "knowledge"])
async def test_no_request_that_can_be_made_up_breaks_it(tmp_path: Path, side: str) -> None:
    """Nothing is answered with a 5xx, a status or a shape that is not described."""
    program = Path(sys.executable).with_name("schemathesis")
    knowledge = "^/v1/(datasets|workspaces|retrieval)"
    with Server(tmp_path) as server:
        made = server.key() if side == "app" else server.dbmedic("key", "create", "--dataset")["key"]
        which = "--exclude-path-regex" if side == "app" else "--include-path-regex"
        if side == "knowledge":
            (tmp_path / "schemathesis.toml").write_text(await asyncio.to_thread(_shelf, server.url, made))
        checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
        command = [
            str(program), "run", f"{server.url}/openapi.json", "--header", f"Authorization: Bearer {made}",
            which, knowledge,
            "--checks", checks, "--phases", "coverage,fuzzing", "--max-examples", "4",
            "--max-time", "30" if side == "app" else "12", "--seed", "7", "--no-color",
        ]  # fmt: skip
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=tmp_path, capture_output=True, timeout=180, check=False
        )
    said = done.stdout.decode()
    assert done.returncode == 0, said[-6000:]
    assert "Test cases:" in said


def _shelf(url: str, key: str) -> str:
    """Settings of the program: the ids in paths are those of a document that is there."""
    with requests.Session() as http:
        http.headers["Authorization"] = f"Bearer {key}"
        base = f"{url}/v1/datasets"
        dataset = http.post(base, json={"name": "shelf"}, timeout=9).json()["id"]
        body = {"name": "locks", "text": "lock_timeout", "indexing_technique": "economy"}
        made = http.post(f"{base}/{dataset}/document/create-by-text", json=body, timeout=9).json()
        document = made["document"]["id"]
        place = f"{base}/{dataset}/documents/{document}/segments"
        deadline = time.monotonic() + 20
        while not (rows := http.get(place, timeout=9).json()["data"]) and time.monotonic() < deadline:
            time.sleep(0.02)
    ids = {"dataset_id": dataset, "document_id": document, "segment_id": rows[0]["id"], "batch": made["batch"]}
    lines = ["[parameters]", *(f'"path.{name}" = "{id}"' for name, id in ids.items())]
    for name in ("dataset_delete", "document_delete", "segment_delete"):
        lines += ["[[operations]]", f'include-operation-id = "{name}"', "[operations.parameters]"]
        lines += [f'"path.{one}" = "{uuid4()}"' for one in ids]
    return "\n".join(lines)
