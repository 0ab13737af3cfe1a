"""Access keys and policies from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

READ = {"Version": "1", "Statement": {"Effect": "Allow", "Action": "rdsai:Get*", "Resource": "*"}}


def decision(dbmedic, user: str, action: str, *more: str) -> str:
    return dbmedic("policy", "simulate", "--user", user, "--action", action, *more, "--json").json["decision"]


def test_an_access_key_is_an_id_and_a_secret(dbmedic) -> None:
    made = dbmedic("key", "create", "--ram", "--json").json
    assert made.keys() == {"access_key_id", "access_key_secret", "id"}
    listed = dbmedic("key", "list", "--json")
    assert made["access_key_secret"] not in listed.out
    assert [(key["id"], key["kind"]) for key in listed.json["keys"]] == [(made["id"], "ram")]
    said = dbmedic("key", "create", "--ram")
    assert "access_key_secret: " in said.out
    assert "not shown again" in said.err


def test_full_access_unless_a_policy_is_named(dbmedic) -> None:
    dbmedic("key", "create", "--ram", "--user", "ann")
    dbmedic("key", "create", "--ram", "--user", "bob", "--policy", "ReadOnlyAccess")
    assert decision(dbmedic, "ann", "rdsai:ChatMessages") == "allowed"
    assert decision(dbmedic, "bob", "rdsai:ChatMessages") == "not allowed"
    assert decision(dbmedic, "bob", "rdsai:GetMessages") == "allowed"


def test_a_temporary_key_has_a_token_and_an_end(dbmedic) -> None:
    made = dbmedic("key", "create", "--ram", "--expires", "600", "--json").json
    assert made["security_token"]
    assert made["expires_at"].endswith("Z")
    assert dbmedic("key", "create", "--ram", "--expires", "5").code == 2


def test_a_document_is_attached_simulated_and_detached(dbmedic, tmp_path: Path) -> None:
    dbmedic("key", "create", "--ram", "--user", "bob", "--policy", "AliyunHDMFullAccess")
    document = tmp_path / "read.json"
    document.write_text(json.dumps(READ))
    ran = dbmedic("policy", "attach", "Read", "--user", "bob", "--document", str(document), "--json")
    assert ran.json == {"policy": "Read", "user": "bob", "attached": True}
    assert decision(dbmedic, "bob", "rdsai:GetMessages") == "allowed"
    assert "Read" in dbmedic("policy", "list").out
    assert {"name": "Read", "built_in": False, "document": json.dumps(READ), "users": ["bob"]} in (
        dbmedic("policy", "list", "--json").json["policies"]
    )
    dbmedic("policy", "detach", "Read", "--user", "bob")
    assert decision(dbmedic, "bob", "rdsai:GetMessages") == "not allowed"


def test_conditions_are_simulated(dbmedic, tmp_path: Path) -> None:
    dbmedic("key", "create", "--ram", "--user", "bob", "--policy", "AliyunHDMFullAccess")
    inside = {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}, "Bool": {"acs:SecureTransport": "true"}}
    document = tmp_path / "inside.json"
    document.write_text(json.dumps({**READ, "Statement": {**READ["Statement"], "Condition": inside}}))
    dbmedic("policy", "attach", "Inside", "--user", "bob", "--document", str(document))
    assert decision(dbmedic, "bob", "rdsai:GetMessages", "--source-ip", "10.1.1.1", "--secure") == "allowed"
    assert decision(dbmedic, "bob", "rdsai:GetMessages", "--source-ip", "10.1.1.1") == "not allowed"
    assert decision(dbmedic, "bob", "rdsai:GetMessages", "--secure") == "not allowed"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("key", "create", "--ram", "--app", "x"), "no --app"),
        (("key", "create", "--ram", "--kind", "admin"), "no --kind"),
        (("key", "create", "--policy", "ReadOnlyAccess"), "belong to --ram"),
        (("key", "create", "--ram", "--policy", "Nothing"), "does not exist"),
        (("policy", "attach", "Nothing", "--user", "default"), "does not exist"),
        (("policy", "attach", "ReadOnlyAccess", "--user", "nobody"), "does not exist"),
        (("policy", "detach", "ReadOnlyAccess", "--user", "default"), "does not have"),
        (("policy", "simulate", "--user", "nobody", "--action", "a:B"), "does not exist"),
    ],
)
def test_wrong_usage(dbmedic, words: tuple[str, ...], said: str) -> None:
    ran = dbmedic(*words)
    assert ran.code == 2
    assert said in ran.err


def test_a_document_that_is_not_in_the_format_says_where(dbmedic, tmp_path: Path) -> None:
    dbmedic("key", "create", "--ram", "--user", "bob")
    document = tmp_path / "wrong.json"
    document.write_text(json.dumps({**READ, "Statement": {**READ["Statement"], "Effect": "Maybe"}}))
    ran = dbmedic("policy", "attach", "Wrong", "--user", "bob", "--document", str(document))
    assert ran.code == 2
    assert "Statement[0].Effect" in ran.err
    assert "Wrong" not in dbmedic("policy", "list").out
