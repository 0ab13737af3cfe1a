"""Agents of apps, published from the command line."""

from __future__ import annotations

from pathlib import Path

DRAFT = """
prompt = "Name the table first."
tools = ["diagnose"]

[[form]]
variable = "ticket"
required = true
max_length = 20
"""


def test_versions_are_published_and_listed(dbmedic, tmp_path: Path) -> None:
    dbmedic("key", "create", "--app", "helpdesk")
    draft = tmp_path / "helpdesk.toml"
    draft.write_text(DRAFT)
    first = dbmedic("agent", "publish", str(draft), "--app", "helpdesk", "--json").json
    second = dbmedic("agent", "publish", str(draft), "--app", "helpdesk", "--json").json
    assert (first["version"], second["version"]) == (1, 2)
    listed = dbmedic("agent", "list", "--app", "helpdesk", "--json").json["versions"]
    assert [one["workflow_id"] for one in listed] == [second["workflow_id"], first["workflow_id"]]
    assert first["workflow_id"] in dbmedic("agent", "list", "--app", "helpdesk").out


def test_what_cannot_be_published_is_said(dbmedic, tmp_path: Path) -> None:
    draft = tmp_path / "bad.toml"
    draft.write_text(DRAFT)
    unknown = dbmedic("agent", "publish", str(draft), "--app", "nobody")
    assert unknown.code == 2
    assert "app 'nobody' does not exist" in unknown.err
    dbmedic("key", "create")
    for text, why in (
        ("prompt = 7", "draft cannot be read"),
        ('prompt = "x"\ncolour = "red"', "colour"),
        (DRAFT.replace("diagnose", "format_disk"), "no tool 'format_disk'"),
        (DRAFT.replace('"ticket"', '"a b"'), "no name of a field"),
        (DRAFT + '\n[[form]]\nvariable = "ticket"', "two fields"),
    ):
        draft.write_text(text)
        refused = dbmedic("agent", "publish", str(draft))
        assert refused.code != 0
        assert why in refused.err
