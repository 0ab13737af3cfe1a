"""Dataset keys and datasets from the command line; what they are filled with comes by the API."""

from __future__ import annotations


def test_a_dataset_key_belongs_to_no_app(dbmedic) -> None:
    made = dbmedic("key", "create", "--dataset", "--json").json
    assert made["key"].startswith("dataset-")
    assert (made["kind"], made["app"], made["rights"]) == ("dataset", None, ["ask"])
    assert dbmedic("key", "list", "--json").json["keys"][0]["kind"] == "dataset"
    for words in (("--app", "helpdesk"), ("--kind", "admin")):
        wrong = dbmedic("key", "create", "--dataset", *words)
        assert wrong.code == 2
        assert "--dataset" in wrong.err


def test_a_dataset_that_is_not_there_is_named(dbmedic) -> None:
    assert dbmedic("dataset", "list", "--json").json == {"datasets": []}
    assert "NAME" in dbmedic("dataset", "list").out
    for verb in ("attach", "detach"):
        wrong = dbmedic("dataset", verb, "runbooks", "--app", "helpdesk")
        assert wrong.code != 0
        assert "runbooks" in wrong.err
