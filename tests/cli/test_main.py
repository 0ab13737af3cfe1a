"""The command line as a whole: help, exit codes, errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dbmedic import __version__

VERBS = ("ask", "check", "config", "demo", "docs", "instance", "key", "serve")


def test_help_lists_every_verb_and_shows_examples(dbmedic) -> None:
    said = dbmedic("--help").out
    assert all(f"\n  {verb} " in said for verb in VERBS)
    assert 'dbmedic ask "Is anything wrong?" --on' in said


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(dbmedic, verb: str) -> None:
    ran = dbmedic(verb, "--help")
    assert ran.code == 0
    assert f"Usage: dbmedic {verb}" in ran.out


def test_help_loads_nothing_heavy() -> None:
    """What takes long to import would be felt at every --help."""
    heavy = ("msgspec", "asyncio", "aiohttp", "psycopg", "sqlglot", "rich", "cryptography", "starlette", "uvicorn")
    show = (
        "import sys; sys.argv = ['dbmedic', '--help']\n"
        "from dbmedic.cli.main import main\n"
        "try: main()\n"
        f"finally: print([name for name in {heavy!r} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"


def test_version(dbmedic) -> None:
    assert dbmedic("--version").out == f"dbmedic {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [("nonsense",), ("key", "create", "--nonsense"), ("config", "--port", "x"), ("ask",), ("serve", "--port=-1")],
)
def test_wrong_usage_is_exit_code_2_and_a_sentence(dbmedic, words: tuple[str, ...]) -> None:
    ran = dbmedic(*words)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.strip()
    assert "Traceback" not in ran.err


def test_an_error_is_one_json_object_where_json_was_asked_for(dbmedic) -> None:
    ran = dbmedic("key", "revoke", "nothing", "--json")
    assert ran.code == 2
    assert ran.json == {"error": {"code": "not_found", "message": "key 'nothing' does not exist"}}


def test_a_broken_file_of_settings_is_named(dbmedic, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "dbmedic.toml").write_text("prot = 1")
    ran = dbmedic("key", "list")
    assert ran.code == 2
    assert "there is no setting 'prot'" in ran.err


def test_config_says_where_values_come_from(dbmedic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBMEDIC_MODEL_KEY", "hush")
    settings = dbmedic("config", "--port", "1", "--json").json
    assert settings["port"] == {"value": 1, "from": "flag", "variable": "DBMEDIC_PORT"}
    assert settings["model_key"] == {"value": "***", "from": "environment", "variable": "DBMEDIC_MODEL_KEY"}
    said = dbmedic("config").out
    assert "hush" not in said
    assert "DBMEDIC_SHUTDOWN_S" in said
