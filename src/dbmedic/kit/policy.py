"""Access policies in the document format of Alibaba Cloud RAM: documents in, allowed or denied out.  Pure.

A document is checked when it is stored, by `parse`, and is silent from then on: `decide` never fails.  Who holds which
documents, and what an action is called, is not known here.

https://www.alibabacloud.com/help/en/ram/policy-structure-and-syntax
https://www.alibabacloud.com/help/en/ram/policy-evaluation-process
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

MAX_BYTES = 64 * 1024
MAX_STATEMENTS = 100

Network: TypeAlias = IPv4Network | IPv6Network
Value: TypeAlias = str | float | bool | datetime | Network
Context: TypeAlias = Mapping[str, str]
"""Condition key -> value as text: `acs:SourceIp`, `acs:CurrentTime`, `acs:SecureTransport` …"""


class PolicyError(ValueError):
    """A document that cannot be stored; the text says where in it and why."""


class Condition(Struct, frozen=True):
    operator: str
    key: str
    values: tuple[Value, ...]
    """Typed as the operator compares them."""


class Statement(Struct, frozen=True):
    effect: Literal["Allow", "Deny"]
    actions: tuple[str, ...]
    """Patterns, in lower case."""
    negated: bool
    """The document says `NotAction`."""
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()


class Policy(Struct, frozen=True):
    statements: tuple[Statement, ...]


class Allowed(Struct, frozen=True, tag=True):
    """Some statement allows it and none denies it."""


class Denied(Struct, frozen=True, tag=True):
    explicit: bool
    """A statement denies it; otherwise none allows it."""


Decision: TypeAlias = Allowed | Denied


# -- deciding ---------------------------------------------------------------------------------------------------


def decide(policies: Iterable[Policy], actions: str | Sequence[str], resource: str, context: Context) -> Decision:
    """Whether the documents together allow the action on the resource; a denial beats every allowance.

    An action that has several names is denied under any of them, and allowed under any.  `resource` is `*` for an
    operation without resource-level permission.
    """
    names = [name.lower() for name in ((actions,) if isinstance(actions, str) else actions)]
    allowed = False
    for policy in policies:
        for statement in policy.statements:
            if allowed and statement.effect == "Allow":
                continue
            if _applies(statement, names, resource, context):
                if statement.effect == "Deny":
                    return Denied(explicit=True)
                allowed = True
    return Allowed() if allowed else Denied(explicit=False)


def _applies(statement: Statement, names: Sequence[str], resource: str, context: Context) -> bool:
    listed = any(matches(pattern, name) for pattern in statement.actions for name in names)
    return (
        listed != statement.negated
        and any(_covers(pattern, names, resource) for pattern in statement.resources)
        and all(_holds(condition, context) for condition in statement.conditions)
    )


def _covers(pattern: str, names: Sequence[str], resource: str) -> bool:
    """Whether the pattern names the resource; `acs:<service>:*:*:*` is every resource of that service, as `*` is."""
    if matches(pattern, resource):
        return True
    if resource != "*" or not (pattern.startswith("acs:") and pattern.endswith(":*:*:*")):
        return False
    service = pattern.removeprefix("acs:").removesuffix(":*:*:*").lower()
    return any(matches(service, name.partition(":")[0]) for name in names)


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern with `*` (any run) and `?` (exactly one) covers the whole text; linear in their product."""
    p = t = 0
    star, mark = -1, 0
    while t < len(text):
        if p < len(pattern) and pattern[p] == "*":
            star, mark = p, t
            p += 1
        elif p < len(pattern) and pattern[p] in ("?", text[t]):
            p, t = p + 1, t + 1
        elif star >= 0:
            mark += 1
            p, t = star + 1, mark
        else:
            return False
    return not pattern[p:].strip("*")


def _holds(condition: Condition, context: Context) -> bool:
    """Values are alternatives; of a negated operator none may match, and it holds where the key is absent."""
    test, read, negated = _OPERATORS[condition.operator]
    text = context.get(condition.key)
    if text is None:
        return negated
    try:
        given = read(text)
    except ValueError:
        return negated
    return any(test(given, value) for value in condition.values) != negated


# -- operators: compare, read a value, negated --------------------------------------------------------------------


def _number(text: str) -> float:
    if not re.fullmatch(r"[+-]?\d{1,18}(\.\d{1,18})?", text):
        raise ValueError("not a number")
    return float(text)


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _bool(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("not true or false")
    return text.lower() == "true"


def _network(text: str) -> Network:
    return ip_network(text, strict=False)


def _address(text: str) -> Any:
    address = ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


_Test: TypeAlias = Callable[[Any, Any], bool]
_Read: TypeAlias = Callable[[str], Value]


def _pairs(kind: str, read: _Read) -> dict[str, tuple[_Test, _Read, bool]]:
    return {
        f"{kind}Equals": (lambda a, b: a == b, read, False),
        f"{kind}NotEquals": (lambda a, b: a == b, read, True),
        f"{kind}LessThan": (lambda a, b: a < b, read, False),
        f"{kind}LessThanEquals": (lambda a, b: a <= b, read, False),
        f"{kind}GreaterThan": (lambda a, b: a > b, read, False),
        f"{kind}GreaterThanEquals": (lambda a, b: a >= b, read, False),
    }


_OPERATORS: dict[str, tuple[_Test, _Read, bool]] = {
    "StringEquals": (lambda a, b: a == b, str, False),
    "StringNotEquals": (lambda a, b: a == b, str, True),
    "StringEqualsIgnoreCase": (lambda a, b: a.lower() == b.lower(), str, False),
    "StringNotEqualsIgnoreCase": (lambda a, b: a.lower() == b.lower(), str, True),
    "StringLike": (lambda a, b: matches(b, a), str, False),
    "StringNotLike": (lambda a, b: matches(b, a), str, True),
    **_pairs("Numeric", _number),
    **_pairs("Date", _time),
    "Bool": (lambda a, b: a == b, _bool, False),
    "IpAddress": (lambda a, b: a in b, _address, False),
    "NotIpAddress": (lambda a, b: a in b, _address, True),
}
_STORED: dict[str, _Read] = {"IpAddress": _network, "NotIpAddress": _network}
"""Operators whose stored values are of another type than the request's value."""


# -- parsing ----------------------------------------------------------------------------------------------------


def parse(document: str | bytes) -> Policy:
    """The policy of a JSON document.  Raises `PolicyError` for anything that is not exactly in the format."""
    size = len(document.encode() if isinstance(document, str) else document)
    if size > MAX_BYTES:
        raise PolicyError(f"document: {size} bytes, at most {MAX_BYTES}")
    try:
        raw = msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PolicyError(f"document: not JSON: {error}") from None
    fields = _object(raw, "document", {"Version", "Statement"})
    if fields.get("Version") != "1":
        raise PolicyError('Version: must be "1"')
    statements = fields.get("Statement")
    listed = statements if isinstance(statements, list) else [statements]
    if not 0 < len(listed) <= MAX_STATEMENTS:
        raise PolicyError(f"Statement: must hold 1 to {MAX_STATEMENTS} statements")
    return Policy(tuple(_statement(one, f"Statement[{n}]") for n, one in enumerate(listed)))


def _object(raw: object, where: str, known: set[str]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise PolicyError(f"{where}: must be an object")
    if unknown := sorted(raw.keys() - known):
        raise PolicyError(f"{where}: unknown element {unknown[0]!r}; known: {', '.join(sorted(known))}")
    return raw


def _statement(raw: object, where: str) -> Statement:
    fields = _object(raw, where, {"Effect", "Action", "NotAction", "Resource", "Condition"})
    effect = fields.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"{where}.Effect: must be Allow or Deny")
    if ("Action" in fields) == ("NotAction" in fields):
        raise PolicyError(f"{where}: exactly one of Action and NotAction is required")
    name = "NotAction" if "NotAction" in fields else "Action"
    actions = _texts(fields[name], f"{where}.{name}")
    for action in actions:
        if not re.fullmatch(r"[*?]+|[A-Za-z0-9*?_-]+:[A-Za-z0-9*?_]+", action):
            raise PolicyError(f"{where}.{name}: {action!r} must be `service:Operation` or `*`")
    if "Resource" not in fields:
        raise PolicyError(f"{where}.Resource: is required")
    resources = _texts(fields["Resource"], f"{where}.Resource")
    for resource in resources:
        if resource.strip("*?") and not re.fullmatch(r"acs(:[^:]*){3}:.+", resource):
            raise PolicyError(f"{where}.Resource: {resource!r} must be `*` or `acs:service:region:account:resource`")
    return Statement(
        effect=effect,
        actions=tuple(action.lower() for action in actions),
        negated=name == "NotAction",
        resources=tuple(resources),
        conditions=tuple(_conditions(fields.get("Condition", {}), f"{where}.Condition")),
    )


def _texts(raw: object, where: str) -> list[str]:
    listed = raw if isinstance(raw, list) else [raw]
    texts = [text for text in listed if isinstance(text, str) and text]
    if not texts or len(texts) != len(listed):
        raise PolicyError(f"{where}: must be a text or a list of texts, none blank")
    return texts


def _conditions(raw: object, where: str) -> Iterable[Condition]:
    for operator, keys in _object(raw, where, set(_OPERATORS)).items():
        if not isinstance(keys, dict) or not keys:
            raise PolicyError(f"{where}.{operator}: must be an object of key -> value or list")
        for key, values in keys.items():
            here = f"{where}.{operator}.{key}"
            if not re.fullmatch(r"[A-Za-z0-9_-]+:[A-Za-z0-9_/-]+", key):
                raise PolicyError(f"{here}: a key is written `acs:Name`")
            listed = values if isinstance(values, list) else [values]
            if not listed:
                raise PolicyError(f"{here}: needs a value")
            yield Condition(operator, key, tuple(_value(operator, value, here) for value in listed))


def _value(operator: str, raw: object, where: str) -> Value:
    if isinstance(raw, bool):
        raw = "true" if raw else "false"
    if isinstance(raw, int | float):
        raw = repr(raw)
    if not isinstance(raw, str):
        raise PolicyError(f"{where}: {raw!r} must be a text, a number or true/false")
    try:
        return _STORED.get(operator, _OPERATORS[operator][1])(raw)
    except ValueError as error:
        raise PolicyError(f"{where}: {raw!r} does not fit {operator}: {error}") from None
