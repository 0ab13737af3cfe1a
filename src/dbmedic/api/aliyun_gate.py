"""The way of a signed call, the same for three products: body, credential, nonce, action, policy, parameters, work.

What a product can do is found by file: `<product>/actions/<name>.py` has a `NAME`, a pure `parse(fields)` and
`run(assistant, parsed, asked)`, async where it waits; its errors are in `<product>/wire.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, NamedTuple, TypeAlias, TypeVar
from uuid import uuid4

import anyio.to_thread

from dbmedic.api import Api
from dbmedic.api.aliyun import (
    MAX_BODY_BYTES,
    RAM_SERVICES,
    VERSIONS,
    Form,
    Product,
    answer_form,
    envelope,
    parameters,
    product,
)
from dbmedic.api.aliyun_errors import COMMON, fault_of
from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_reply import Fault, ascii_json, denied, reply_headers
from dbmedic.api.canonical import NotSigned
from dbmedic.api.canonical import Request as Raw
from dbmedic.api.http import ClientGone, Head, Reply, Request
from dbmedic.api.signature import NONCE_KEPT, AccessKey, Credential, check, credential
from dbmedic.api.stream import Stream
from dbmedic.assistant import Assistant
from dbmedic.core.errors import Failure, NotSignedIn, TooLarge
from dbmedic.core.values import Caller
from dbmedic.kit.policy import Denied

LONG_BYTES = 64 * 1024
"""A request above this is checked and read in a thread, so that others need not wait."""

T = TypeVar("T")


class Asked(NamedTuple):
    """A call that got through: who asks, and how it is answered."""

    caller: Caller
    form: Form
    """Of an operation that can stream; others answer one object."""
    request_id: str


Answer: TypeAlias = Mapping[str, Any] | Reply | Stream
"""Fields of a success body, without its RequestId; or an answer that is complete."""


class Operation(NamedTuple):
    name: str
    parse: Callable[[Fields], Any]
    run: Callable[[Assistant, Any, Asked], Answer | Awaitable[Answer]]


@cache
def operations(name: Product) -> dict[str, Operation]:
    """What a product can do, by action."""
    package = import_module(f"dbmedic.api.{name}.actions")
    modules = [import_module(f"{package.__name__}.{file.name}") for file in iter_modules(package.__path__)]
    return {module.NAME: Operation(module.NAME, module.parse, module.run) for module in modules}


def api(name: Product, assistant: Assistant) -> Api:
    """The API of a product; a call that another product must answer, as only its body tells, reaches that one."""

    def claims(head: Head, fields: Mapping[str, str]) -> bool:
        return product(head, fields) == name

    async def handle(request: Request) -> Reply | Stream:
        return await answered(assistant, request)

    def broken() -> Reply:
        return _reply(Fault("InternalError"), str(uuid4()).upper(), "")

    return Api(name, claims, handle, broken)


async def answered(assistant: Assistant, request: Request) -> Reply | Stream:
    """The answer to a call, errors included."""
    request_id = str(uuid4()).upper()
    wire: Any = None
    try:
        path, query, headers = request.raw
        raw = Raw(request.head.method, path, query, headers, await _body(request))
        claimed, caller, user = await _signed_in(assistant, raw)
        request.key = caller.key
        name, operation = _operation(raw, claimed)
        request.operation = operation.name
        wire = import_module(f"dbmedic.api.{name}.wire")
        await _allowed(assistant, request, caller, user, name, operation)
        found = Fields(await _aside(raw, parameters, raw, claimed.form))
        form = answer_form(raw, claimed.form, "sse" if assistant.options.streams else "json")
        made = operation.run(assistant, operation.parse(found), Asked(caller, form, request_id))
        answer = await made if isinstance(made, Awaitable) else made
    except NotSigned as refusal:
        explained = refusal.string_to_sign if assistant.options.explains else ""
        sentence = f"{refusal} server string to sign is:{explained}" if explained else str(refusal)
        return _reply(Fault(refusal.answer, sentence), request_id, request.head.headers.get("host", ""))
    except ClientGone:
        raise
    except (Fault, Failure) as error:
        fault = error if isinstance(error, Fault) else _translated(error, wire)
        return _reply(fault, request_id, request.head.headers.get("host", ""))
    if isinstance(answer, Reply | Stream):
        return answer
    return Reply(200, ascii_json({"RequestId": request_id, **answer}), tuple(reply_headers(request_id)))


def _translated(failure: Failure, wire: Any) -> Fault:
    fault: Fault = fault_of(failure, COMMON, {}, {}) if wire is None else wire.fault_of(failure)
    return fault


def _reply(fault: Fault, request_id: str, host: str) -> Reply:
    return Reply(fault.status, fault.body(request_id, host), tuple(fault.headers(request_id)))


async def _aside(raw: Raw, work: Callable[..., T], *args: Any) -> T:
    """What the work returns; for a long request it is done in a thread."""
    if len(raw.query) + len(raw.body) > LONG_BYTES:
        return await anyio.to_thread.run_sync(work, *args)
    return work(*args)


async def _body(request: Request) -> bytes:
    try:
        return await request.body(MAX_BODY_BYTES)
    except TooLarge as problem:
        raise Fault("RequestEntityTooLarge", str(problem)) from None


async def _signed_in(assistant: Assistant, raw: Raw) -> tuple[Credential, Caller, str]:
    """Who asks, and the name of the user.  Raises `NotSigned` and `Fault`."""
    claimed = credential(raw)
    keys = assistant.access_keys
    if claimed.form == "anonymous":
        found = await keys.find(assistant.options.unsigned_as)
        if found is None or not found.active or found.user is None:
            raise NotSigned("MissingAccessKeyId", "The request carries no credential: sign it with an access key.")
        return claimed, found.caller, found.user
    if claimed.form == "bearer":
        try:
            caller = await assistant.keys.sign_in(claimed.token or "")
        except NotSignedIn:
            raise NotSigned("InvalidSecurityToken.Malformed", "The bearer token is not a key we know.") from None
        if caller.app is not None:
            raise NotSigned("InvalidSecurityToken.Malformed", "This key belongs to an app; use an access key.")
        return claimed, caller, await keys.user_name(caller) or ""
    found = await keys.find(claimed.key)
    key = None
    if found is not None:
        key = AccessKey(
            secret=found.secret, active=found.active, token_sha256=found.token_sha256, expires_at=found.expires_at
        )
    await _aside(raw, check, raw, claimed, key, datetime.now(UTC))
    assert found is not None
    if not await keys.first_use(found.caller.key, claimed.nonce, NONCE_KEPT):
        raise NotSigned("SignatureNonceUsed", "Specified signature nonce was used already.")
    if found.user is None:
        raise Fault("UserNotFound", "User does not exist.", status=404)
    return claimed, found.caller, found.user


def _operation(raw: Raw, claimed: Credential) -> tuple[Product, Operation]:
    """Raises `Fault` for an action that nobody has, or not under this version."""
    meant = envelope(raw, claimed.form)
    if not meant.action:
        raise Fault("MissingParameter", "The action is required: header x-acs-action, or parameter Action.")
    name = VERSIONS.get(meant.version)
    if name is not None and meant.action in operations(name):
        return name, operations(name)[meant.action]
    if any(meant.action in operations(other) for other in VERSIONS.values()):
        raise Fault("InvalidVersion")
    raise Fault("InvalidAction.NotFound")


async def _allowed(
    assistant: Assistant, request: Request, caller: Caller, user: str, name: Product, operation: Operation
) -> None:
    """Raises `Fault` unless the key may ask and the user's policies allow the action."""
    if "ask" not in caller.rights:
        raise Fault("PermissionDenied", "No valid order found or permission denied.", status=400)
    actions = [f"{service}:{operation.name}" for service in RAM_SERVICES[name]]
    context = {
        "acs:SourceIp": request.peer,
        "acs:CurrentTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "acs:SecureTransport": "true" if request.secure else "false",
        "acs:MFAPresent": "false",
        "acs:PrincipalARN": f"acs:ram::{caller.account}:user/{user}",
    }
    decision = await assistant.policies.decide(caller, actions, context)
    if isinstance(decision, Denied):
        raise denied(actions[0], account=caller.account, user=caller.user, explicit=decision.explicit)
