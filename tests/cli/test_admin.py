"""Keys and instances from the command line: what is printed, what never is."""

from __future__ import annotations

from pathlib import Path

URL = "postgresql://me:s3cret@127.0.0.1:1/shop"


def test_a_key_is_shown_once_and_listed_without_its_secret(dbmedic) -> None:
    made = dbmedic("key", "create", "--app", "helpdesk", "--json").json
    assert made["key"].startswith("app-")
    assert (made["app"], made["kind"], made["rights"]) == ("helpdesk", "app", ["ask"])
    listed = dbmedic("key", "list", "--json")
    assert made["key"] not in listed.out
    assert [(key["id"], key["app"]) for key in listed.json["keys"]] == [(made["id"], "helpdesk")]
    assert "helpdesk" in dbmedic("key", "list").out


def test_a_key_on_a_terminal_is_alone_on_standard_output(dbmedic) -> None:
    ran = dbmedic("key", "create")
    assert ran.out.strip().startswith("app-")
    assert len(ran.out.split()) == 1
    assert "not shown again" in ran.err


def test_a_revoked_key_says_so(dbmedic) -> None:
    made = dbmedic("key", "create", "--json").json
    assert dbmedic("key", "revoke", made["id"], "--json").json == {"id": made["id"], "revoked": True}
    assert "revoked 20" in dbmedic("key", "list").out


def test_a_key_is_limited_to_so_many_questions_a_minute(dbmedic) -> None:
    id = dbmedic("key", "create", "--json").json["id"]
    assert dbmedic("key", "limit", id).out.strip() == f"key {id}: no limit, by the setting key_rate"
    said = {"id": id, "questions_a_minute": 60, "own": True}
    assert dbmedic("key", "limit", id, "--questions", "60", "--json").json == said
    assert dbmedic("key", "limit", id, "--json").json == said
    assert "60 questions a minute, of its own" in dbmedic("key", "limit", id).out
    assert dbmedic("key", "limit", id, "--usual", "--json").json == {"id": id, "questions_a_minute": None, "own": False}
    for words in (("nobody",), ("nobody", "--questions", "1"), (id, "--questions", "1", "--usual")):
        assert dbmedic("key", "limit", *words).code == 2


def test_an_admin_key_may_do_all_and_belongs_to_no_app(dbmedic) -> None:
    made = dbmedic("key", "create", "--kind", "admin", "--json").json
    assert made["key"].startswith("admin-")
    assert made["app"] is None
    assert made["rights"] == ["ask", "approve", "administer"]


def test_an_instance_is_listed_and_shown_without_its_password(dbmedic) -> None:
    words = ("--name", "Der Laden", "--tags", "env=test,team=a", "--storage", "100GiB", "--no-check")
    added = dbmedic("instance", "add", "shop", URL, *words, "--json")
    assert added.json["check"] is None
    assert added.json["storage_bytes"] == 100 * 2**30
    for ran in (
        added,
        dbmedic("instance", "list"),
        dbmedic("instance", "show", "shop"),
        dbmedic("instance", "list", "--json"),
    ):
        assert ran.code == 0
        assert "s3cret" not in ran.out + ran.err
        assert "me:***@127.0.0.1:1/shop" in ran.out
    assert dbmedic("instance", "show", "shop", "--json").json["tags"] == {"env": "test", "team": "a"}


def test_an_instance_that_does_not_answer_is_registered_with_the_reason(dbmedic) -> None:
    ran = dbmedic("instance", "add", "shop", URL, "--json")
    assert ran.code == 0
    assert ran.json["check"]["error"]["code"] == "unreachable"
    assert "127.0.0.1:1" in ran.json["check"]["error"]["message"]
    assert "s3cret" not in ran.out + ran.err
    assert [one["id"] for one in dbmedic("instance", "list", "--json").json["instances"]] == ["shop"]
    assert "does not answer" in dbmedic("instance", "add", "other", URL).out


def test_what_is_wrong_with_an_instance_is_said(dbmedic) -> None:
    for words, sentence in (
        (("1shop", URL), "a letter, then"),
        (("shop", "oracle://host/x"), "oracle"),
        (("shop", URL, "--storage", "much"), "'much' is not a size"),
        (("shop", URL, "--tags", "env"), "'env' is not NAME=VALUE"),
    ):
        ran = dbmedic("instance", "add", *words, "--no-check")
        assert ran.code == 2
        assert sentence in ran.err


def test_an_instance_is_told_what_only_its_operator_knows(dbmedic) -> None:
    dbmedic("instance", "add", "shop", URL, "--tags", "env=test", "--no-check")
    told = dbmedic("instance", "tag", "shop", "backup_at=2026-11-20T02:00:00Z", "env=", "--json").json
    assert told == {"id": "shop", "tags": {"backup_at": "2026-11-20T02:00:00Z"}}
    assert dbmedic("instance", "tag", "shop", "nonsense").code != 0
    assert dbmedic("instance", "show", "shop", "--json").json["tags"] == told["tags"]


def test_a_removed_instance_is_gone(dbmedic) -> None:
    dbmedic("instance", "add", "shop", URL, "--no-check")
    assert dbmedic("instance", "remove", "shop", "--json").json == {"id": "shop", "removed": True}
    ran = dbmedic("instance", "remove", "shop")
    assert ran.code == 2
    assert "'shop' is not registered; instances you may use: none" in ran.err


def test_an_instance_is_checked_before_it_is_registered(dbmedic, tmp_path: Path) -> None:
    import apsw

    file = tmp_path / "app.db"
    apsw.Connection(str(file)).execute("create table t(id integer primary key)")
    added = dbmedic("instance", "add", "app", f"sqlite:///{file}", "--json").json
    assert added["check"]["engine"] == "sqlite"
    assert added["check"]["version"].startswith("3.")
    assert "sqlite" in dbmedic("instance", "check", "app").out


def test_the_data_folder_can_be_named_by_a_flag(dbmedic, tmp_path: Path) -> None:
    dbmedic("instance", "add", "shop", URL, "--no-check", "--data", str(tmp_path / "other"))
    assert dbmedic("instance", "list", "--json").json == {"instances": []}
    assert len(dbmedic("instance", "list", "--data", str(tmp_path / "other"), "--json").json["instances"]) == 1
