"""What of MCP is decided before the protocol begins."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from dbmedic.api.mcp.wire import internal, refused
from dbmedic.core.errors import Busy, NotSignedIn, OutsideFailed, TooLarge

LATE = """
import sys
from importlib import import_module
from dbmedic import app
from dbmedic.api import names
for name in names():
    import_module(f"dbmedic.api.{name}.routes")
assert "mcp" in names()
assert not {"mcp", "mcp_types", "pydantic", "starlette"} & set(sys.modules)
"""


def test_the_package_is_loaded_by_the_first_request_not_by_the_server() -> None:
    subprocess.run([sys.executable, "-c", LATE], check=True, timeout=30)


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (NotSignedIn("no"), 401),
        (TooLarge("request body", 2, 1), 413),
        (Busy("turns", 1), 429),
        (OutsideFailed("x"), 503),
    ],
)
def test_an_error_before_the_protocol_is_json_rpc(failure: Exception, status: int) -> None:
    reply = refused(failure)  # type: ignore[arg-type]
    body = msgspec.json.decode(reply.body)
    assert reply.status == status
    assert body["jsonrpc"] == "2.0"
    assert body["id"] is None
    assert str(failure) == body["error"]["message"]
    assert (b"retry-after" in dict(reply.headers)) == (status == 429)
    assert (b"www-authenticate" in dict(reply.headers)) == (status == 401)


def test_what_nobody_foresaw_says_nothing_of_itself() -> None:
    assert msgspec.json.decode(internal().body)["error"]["message"] == "dbmedic failed; its log has the details."
