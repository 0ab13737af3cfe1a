"""The envelope: keys, errors, ids."""

from __future__ import annotations

import json
from uuid import NAMESPACE_DNS, uuid3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmedic.api.dify.wire import (
    ERRORS,
    Fault,
    ascii_json,
    end_user_id,
    failed_run,
    fault_of,
    named_uuid,
    secret,
    uuid_text,
)
from dbmedic.core import errors
from dbmedic.core.values import Caller

CODES = {
    400: {"invalid_param", "completion_request_error"},
    401: {"unauthorized"},
    403: {"forbidden"},
    404: {"not_found"},
    413: {"request_entity_too_large"},
    429: {"too_many_requests", "rate_limit_error"},
    500: {"internal_server_error"},
    503: {"service_unavailable"},
}


def failures(kind: type[errors.Failure] = errors.Failure) -> list[type[errors.Failure]]:
    return [kind, *(grandchild for child in kind.__subclasses__() for grandchild in failures(child))]


def made(kind: type[errors.Failure]) -> errors.Failure:
    """One of each class, whatever it wants to be made of."""
    wants: dict[str, tuple[object, ...]] = {
        "BadField": ("query", "query is required"),
        "TooLarge": ("query", 2, 1),
        "NotFound": ("conversation", "x"),
        "UnknownInstance": ("rm-x", ("rm-a",)),
        "Busy": ("turns", 1),
        "TooOften": ("key k", 60, 1),
        "WriteRefused": ("drop table t", "it drops a table"),
        "Timeout": (5.0,),
        "Unmeasured": ("no_host_source", "no host"),
        "StoreTooNew": ("store.db", 9, 2),
    }
    return kind(*wants.get(kind.__name__, ("a sentence",)))


@pytest.mark.parametrize("kind", [kind for kind in failures() if kind.__module__ == errors.__name__])
def test_every_error_of_ours_has_a_status_and_a_code_of_this_api(kind: type[errors.Failure]) -> None:
    fault = fault_of(made(kind))
    assert fault.code in CODES[fault.status]
    assert fault.message
    body = json.loads(fault.body())
    assert body == {"code": fault.code, "message": fault.message, "status": fault.status}


def test_branches_of_the_tree_are_answered_by_whose_turn_it_is_to_act() -> None:
    for kind, (status, _) in ERRORS.items():
        if issubclass(kind, errors.BadAsk | errors.Refused) and status == 500:
            assert kind in (errors.FolderTaken, errors.WrongKey, errors.StoreTooNew), "met at start only"


def test_the_limit_of_parallel_runs_is_told_with_a_time_to_come_back() -> None:
    fault = fault_of(errors.Busy("turns of account default", 3, retry_after_s=7), "ops")
    assert (fault.status, fault.code) == (429, "too_many_requests")
    assert fault.headers == ((b"retry-after", b"7"),)
    assert fault.message == (
        "Too many requests. Please try again later. "
        "The current maximum concurrent requests allowed for ops is 3."
    )  # fmt: skip


def test_an_unknown_instance_is_answered_with_those_there_are() -> None:
    fault = fault_of(errors.UnknownInstance("rm-x", ["rm-a", "rm-b"]))
    assert (fault.status, fault.code) == (400, "invalid_param")
    assert fault.message == "instance 'rm-x' is not registered; instances you may use: rm-a, rm-b"


def test_a_full_disk_is_told_without_naming_the_file() -> None:
    fault = fault_of(errors.StoreFull("/var/lib/dbmedic/store.db: database or disk is full"))
    assert (fault.status, fault.code) == (500, "internal_server_error")
    assert fault.message.startswith("There is no room for our own store to write")


def test_an_error_of_ours_is_not_told_in_detail() -> None:
    assert "sqlite" not in fault_of(errors.Bug("sqlite: no such column")).message


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "Authorization header must be provided and start with 'Bearer'"),
        ("", "Authorization header must be provided and start with 'Bearer'"),
        ("Bearer", "Authorization header must be provided and start with 'Bearer'"),
        ("app-123", "Authorization header must be provided and start with 'Bearer'"),
        ("Basic dXNlcjpwdw==", "Authorization scheme must be 'Bearer'"),
    ],
)
def test_a_key_comes_as_bearer(header: str | None, message: str) -> None:
    with pytest.raises(Fault) as refused:
        secret(header)
    assert refused.value.message == message
    assert refused.value.status == 401
    assert refused.value.headers == ((b"www-authenticate", b'Bearer realm="api"'),)


@pytest.mark.parametrize("header", ["Bearer app-1", "bearer app-1", " BEARER  app-1 "])
def test_the_scheme_is_read_in_any_case(header: str) -> None:
    assert secret(header) == "app-1"


def test_replies_are_ascii_and_end_with_a_newline() -> None:
    assert ascii_json({"name": "磁盘"}) == b'{"name":"\\u78c1\\u76d8"}\n'


def test_ids_are_uuids_in_their_canonical_form() -> None:
    assert uuid_text(" 5C85B2B7-401F-4506-A564-D48685BC0757", "id") == "5c85b2b7-401f-4506-a564-d48685bc0757"
    with pytest.raises(Fault, match="conversation_id must be a valid UUID"):
        uuid_text("none", "conversation_id")


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_names_become_uuids_as_the_standard_says(name: str) -> None:
    assert named_uuid(NAMESPACE_DNS.bytes, name) == str(uuid3(NAMESPACE_DNS, name))


def test_two_users_of_an_app_and_two_apps_of_a_user_are_four_people() -> None:
    people = [Caller(account="default", user="owner", key="k", app=app, end_user=user) for app in "ab" for user in "uv"]
    assert len({end_user_id(person) for person in people}) == 4


def test_a_model_that_fails_is_told_in_its_own_words() -> None:
    assert failed_run("model_down", "qwen: 503").message == "qwen: 503"
    assert failed_run("model_down", "qwen: 503").code == "completion_request_error"
    assert failed_run("denied", "no").message == "Run failed: no"
