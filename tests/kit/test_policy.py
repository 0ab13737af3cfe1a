"""RAM policy documents: what they allow, and which documents are refused when they are stored."""

import json
import re
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmedic.kit.policy import MAX_BYTES, Allowed, Denied, PolicyError, decide, matches, parse

CONTEXT = {
    "acs:SourceIp": "10.1.2.3",
    "acs:CurrentTime": "2026-06-01T12:00:00Z",
    "acs:SecureTransport": "false",
    "acs:PrincipalARN": "acs:ram::default:user/ann",
    "acs:Number": "7",
}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "1", "Statement": list(statements)})


def allow(action: object = "*", resource: object = "*", **more: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: object = "*", resource: object = "*", **more: object) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def says(*documents: str, action: object = "rdsai:ChatMessages", resource: str = "*") -> str:
    found = decide([parse(one) for one in documents], action, resource, CONTEXT)  # type: ignore[arg-type]
    return "allowed" if isinstance(found, Allowed) else "denied" if found.explicit else "not allowed"


def test_nothing_is_allowed_without_a_policy() -> None:
    assert decide([], "rdsai:ChatMessages", "*", {}) == Denied(explicit=False)


@pytest.mark.parametrize(
    ("pattern", "outcome"),
    [
        ("*", "allowed"),
        ("rdsai:*", "allowed"),
        ("rdsai:Chat*", "allowed"),
        ("RDSAI:chatmessages", "allowed"),
        ("rdsai:?hatMessages", "allowed"),
        (["hdm:Chat", "rdsai:ChatMessages"], "allowed"),
        ("rdsai:ChatMessagesTaskStop", "not allowed"),
        ("rdsai:?ChatMessages", "not allowed"),
        ("hdm:*", "not allowed"),
    ],
)
def test_action_patterns(pattern: object, outcome: str) -> None:
    assert says(document(allow(pattern))) == outcome


def test_explicit_denial_wins_wherever_it_stands() -> None:
    assert says(document(allow(), deny("rdsai:Chat*"))) == "denied"
    assert says(document(deny("rdsai:Chat*"), allow())) == "denied"
    assert says(document(allow()), document(deny("rdsai:Chat*"))) == "denied"
    assert says(document(allow(), deny("rdsai:Delete*"))) == "allowed"


def test_not_action_is_every_other_action() -> None:
    others = {"Effect": "Allow", "NotAction": "rdsai:Delete*", "Resource": "*"}
    assert says(document(others)) == "allowed"
    assert says(document(others), action="rdsai:DeleteSkill") == "not allowed"


def test_action_with_two_names() -> None:
    both = ("hdm:Chat", "das:Chat")
    assert says(document(allow("das:*")), action=both) == "allowed"
    assert says(document(allow("hdm:*"), deny("das:Chat")), action=both) == "denied"
    assert says(document({"Effect": "Allow", "NotAction": "hdm:Chat", "Resource": "*"}), action=both) == "not allowed"


@pytest.mark.parametrize(
    ("pattern", "outcome"),
    [
        ("*", "allowed"),
        ("**", "allowed"),
        ("?", "allowed"),
        ("acs:rdsai:*:*:*", "allowed"),
        ("acs:*:*:*:*", "allowed"),
        ("acs:hdm:*:*:*", "not allowed"),
        ("acs:rdsai:*:*:instance/x", "not allowed"),
        ("acs:rdsai:cn-hangzhou:*:*", "not allowed"),
        (["acs:rdsai:*:*:instance/x", "*"], "allowed"),
    ],
)
def test_resource_patterns_of_operations_without_resources(pattern: object, outcome: str) -> None:
    assert says(document(allow("*", pattern))) == outcome


def test_resource_patterns_of_one_resource() -> None:
    resource = "acs:rdsai:cn-hangzhou:default:dbinstance/rm-1"
    assert says(document(allow("*", "acs:rdsai:*:*:dbinstance/rm-*")), resource=resource) == "allowed"
    assert says(document(allow("*", "acs:rdsai:*:*:dbinstance/pg-*")), resource=resource) == "not allowed"


@pytest.mark.parametrize(
    ("operator", "key", "values", "holds"),
    [
        ("StringEquals", "acs:PrincipalARN", "acs:ram::default:user/ann", True),
        ("StringEquals", "acs:PrincipalARN", ["x", "acs:ram::default:user/ann"], True),
        ("StringEquals", "acs:PrincipalARN", "ACS:ram::default:user/ann", False),
        ("StringEqualsIgnoreCase", "acs:PrincipalARN", "ACS:ram::default:user/ANN", True),
        ("StringNotEqualsIgnoreCase", "acs:PrincipalARN", "ACS:ram::default:user/ANN", False),
        ("StringNotEquals", "acs:PrincipalARN", ["x", "y"], True),
        ("StringNotEquals", "acs:PrincipalARN", ["x", "acs:ram::default:user/ann"], False),
        ("StringLike", "acs:PrincipalARN", "acs:ram::*:user/a?n", True),
        ("StringNotLike", "acs:PrincipalARN", "acs:ram::*:user/b*", True),
        ("NumericEquals", "acs:Number", 7, True),
        ("NumericNotEquals", "acs:Number", "7.0", False),
        ("NumericLessThan", "acs:Number", 7, False),
        ("NumericLessThanEquals", "acs:Number", 7, True),
        ("NumericGreaterThan", "acs:Number", "6.5", True),
        ("NumericGreaterThanEquals", "acs:Number", 8, False),
        ("DateLessThan", "acs:CurrentTime", "2027-01-01T00:00:00Z", True),
        ("DateLessThanEquals", "acs:CurrentTime", "2026-06-01T12:00:00Z", True),
        ("DateGreaterThan", "acs:CurrentTime", "2026-06-01T12:00:00Z", False),
        ("DateGreaterThanEquals", "acs:CurrentTime", "2026-06-01T20:00:00+08:00", True),
        ("DateEquals", "acs:CurrentTime", "2026-06-01T12:00:00Z", True),
        ("DateNotEquals", "acs:CurrentTime", "2026-06-01T12:00:00Z", False),
        ("Bool", "acs:SecureTransport", "false", True),
        ("Bool", "acs:SecureTransport", True, False),
        ("IpAddress", "acs:SourceIp", ["192.168.1.7", "10.0.0.0/8"], True),
        ("IpAddress", "acs:SourceIp", "fe80::/10", False),
        ("NotIpAddress", "acs:SourceIp", ["192.168.0.0/16", "172.16.0.0/12"], True),
        ("NotIpAddress", "acs:SourceIp", "10.1.2.3", False),
        ("StringEquals", "acs:MFAPresent", "false", False),
        ("StringNotEquals", "acs:MFAPresent", "false", True),
    ],
)
def test_conditions(operator: str, key: str, values: object, holds: bool) -> None:
    one = document(allow(Condition={operator: {key: values}}))
    assert says(one) == ("allowed" if holds else "not allowed")


def test_all_operators_and_keys_must_hold() -> None:
    holds = {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}, "Bool": {"acs:SecureTransport": "false"}}
    assert says(document(allow(Condition=holds))) == "allowed"
    assert says(document(allow(Condition=holds | {"NumericEquals": {"acs:Number": 8}}))) == "not allowed"
    two_keys = {"StringLike": {"acs:PrincipalARN": "*", "acs:Number": "8"}}
    assert says(document(allow(Condition=two_keys))) == "not allowed"


def test_address_of_a_client_that_came_by_ipv6() -> None:
    one = parse(document(allow(Condition={"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}})))
    assert decide([one], "x:Y", "*", {"acs:SourceIp": "::ffff:10.1.1.1"}) == Allowed()


def test_value_that_a_request_cannot_have_does_not_hold() -> None:
    one = parse(document(allow(Condition={"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}})))
    assert decide([one], "x:Y", "*", {"acs:SourceIp": "unix socket"}) == Denied(explicit=False)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "not JSON"),
        ("[", "not JSON"),
        ("[]", "document: must be an object"),
        ("{}", "Version"),
        ('{"Version": 1, "Statement": []}', "Version"),
        ('{"Version": "1"}', "Statement"),
        ('{"Version": "1", "Statement": []}', "Statement"),
        ('{"Version": "1", "Statement": [], "Id": "x"}', "'Id'"),
        ('{"Version": "1", "Statement": ["x"]}', "Statement[0]"),
        (document({**allow(), "Sid": "x"}), "'Sid'"),
        (document({**allow(), "Effect": "allow"}), "Statement[0].Effect"),
        (document({"Effect": "Allow", "Resource": "*"}), "exactly one of Action and NotAction"),
        (document({**allow(), "NotAction": "x:Y"}), "exactly one of Action and NotAction"),
        (document({"Effect": "Allow", "Action": "*"}), "Statement[0].Resource"),
        (document(allow("ChatMessages")), "Statement[0].Action"),
        (document(allow([])), "Statement[0].Action"),
        (document(allow(7)), "Statement[0].Action"),
        (document(allow(["a:B", ""])), "Statement[0].Action"),
        (document(allow("*", "rm-1")), "Statement[0].Resource"),
        (document(allow(), allow(Condition={"StringIs": {}})), "Statement[1].Condition: unknown element 'StringIs'"),
        (document(allow(Condition=[])), "Condition: must be an object"),
        (document(allow(Condition={"Bool": {}})), "Condition.Bool"),
        (document(allow(Condition={"Bool": {"acs:SecureTransport": "yes"}})), "does not fit Bool"),
        (document(allow(Condition={"Bool": {"acs:SecureTransport": []}})), "needs a value"),
        (document(allow(Condition={"Bool": {"acs:SecureTransport": [None]}})), "must be a text"),
        (document(allow(Condition={"Bool": {"SecureTransport": "true"}})), "written `acs:Name`"),
        (document(allow(Condition={"IpAddress": {"acs:SourceIp": "10.0.0.0/33"}})), "does not fit IpAddress"),
        (document(allow(Condition={"DateLessThan": {"acs:CurrentTime": "soon"}})), "does not fit DateLessThan"),
        (document(allow(Condition={"NumericEquals": {"acs:Number": "1e9"}})), "does not fit NumericEquals"),
        (document(*[allow()] * 101), "1 to 100"),
        (document(allow("a:" + "b" * MAX_BYTES)), "at most 65536"),
        ("[" * 50_000, "not JSON"),
    ],
)
def test_documents_that_are_refused_when_stored(text: str, where: str) -> None:
    with pytest.raises(PolicyError) as seen:
        parse(text)
    assert where in str(seen.value)


def test_single_statement_needs_no_list() -> None:
    assert says(json.dumps({"Version": "1", "Statement": allow("rdsai:*")})) == "allowed"


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_patterns_match_as_a_regular_expression_would(pattern: str, text: str) -> None:
    regular = pattern.replace("*", ".*").replace("?", ".")
    assert matches(pattern, text) == (re.fullmatch(regular, text) is not None)


def test_pattern_made_to_be_slow_is_not() -> None:
    began = datetime.now().timestamp()  # noqa: DTZ005 - a stopwatch
    assert not matches("*a" * 200 + "b", "a" * 2000)
    assert datetime.now().timestamp() - began < 2  # noqa: DTZ005
