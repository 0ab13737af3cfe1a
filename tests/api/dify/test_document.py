"""The published description: made of the operations, true to what they answer, and as wide as the public one."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

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


async def test_no_request_that_can_be_made_up_breaks_it(tmp_path: Path) -> None:
    """Nothing is answered with a 5xx, a status or a shape that is not described."""
    program = Path(sys.executable).with_name("schemathesis")
    with Server(tmp_path) as server:
        checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
        command = [
            str(program), "run", f"{server.url}/openapi.json", "--header", f"Authorization: Bearer {server.key()}",
            "--checks", checks, "--phases", "coverage,fuzzing", "--max-examples", "5", "--max-time", "40",
            "--seed", "7", "--no-color",
        ]  # fmt: skip
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=tmp_path, capture_output=True, timeout=180, check=False
        )
    said = done.stdout.decode()
    assert done.returncode == 0, said[-6000:]
    assert "Test cases:" in said
