"""The small language in which a check states its levels, gates and derived columns.

    ratio >= 80% and size >= 1GiB        comparison, and / or / not, + - * /, parentheses
    state in ('idle', 'active')          text in single quotes
    last_vacuum is null                  null spreads as in SQL: an unknown comparison is not true
    exec_s / sum(exec_s)                 sum, count: over all rows of the check; min, max, coalesce, abs: over values

Numbers carry units: bytes (`1kB` is 1000, `1GiB` 2**30), seconds (`500ms`, `30s`, `5min`, `2h`, `7d`), shares (`5%`).
Compiled once into closures; no text is ever given to Python to evaluate.  What a check file says around it lives in
`check.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]
Thunk: TypeAlias = Callable[[Row, Sequence[Row]], Any]

UNITS: dict[str, float] = {
    "": 1, "%": 0.01, "ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400,
    "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d[\d_]*(?:\.\d+)?)(?P<unit>%|[A-Za-z]+)?"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|'(?P<text>[^']*)'|(?P<sign><=|>=|!=|<>|==|[-+*/()<>=,]))"
)


class NotAnExpression(ValueError):
    """The text is not in the language; says where."""


class Expression:
    """A compiled expression: call it with a row and, for `sum` and `count`, all rows."""

    __slots__ = ("names", "text", "thunk")

    def __init__(self, text: str, names: frozenset[str], thunk: Thunk) -> None:
        self.text, self.thunk = text, thunk
        self.names = names
        """Columns and thresholds it reads."""

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __call__(self, row: Row, rows: Sequence[Row] = ()) -> Any:
        return self.thunk(row, rows or (row,))

    def holds(self, row: Row, rows: Sequence[Row] = ()) -> bool:
        """True only when it is; unknown is false."""
        return bool(self(row, rows))


def number(text: str) -> float:
    """The value of a literal such as `1GiB`, `5%`, `30s` or `10_000`, in base units."""
    match = TOKEN.fullmatch(text.strip())
    if match is None or match["number"] is None:
        raise NotAnExpression(f"{text!r} is not a number with a unit")
    return _value(match["number"], match["unit"] or "")


def _value(digits: str, unit: str) -> float:
    if unit not in UNITS:
        raise NotAnExpression(f"unknown unit {unit!r} in {digits}{unit}; known: {', '.join(u for u in UNITS if u)}")
    value = float(digits.replace("_", "")) * UNITS[unit]
    return int(value) if value.is_integer() else value


def compiled(text: str) -> Expression:
    """The expression that `text` says.  Raises `NotAnExpression`."""
    tokens: list[tuple[str, Any]] = []
    at = 0
    while at < len(text.rstrip()):
        match = TOKEN.match(text, at)
        if match is None:
            raise NotAnExpression(f"cannot read {text[at:]!r} in {text!r}")
        at = match.end()
        if match["number"] is not None:
            tokens.append(("value", _value(match["number"], match["unit"] or "")))
        elif match["text"] is not None:
            tokens.append(("value", match["text"]))
        elif match["name"] is not None:
            tokens.append(("name", match["name"]))
        else:
            tokens.append(("sign", match["sign"]))
    parser = _Parser(text, tokens)
    thunk = parser.disjunction()
    if parser.ahead is not None:
        raise NotAnExpression(f"did not expect {parser.ahead[1]!r} in {text!r}")
    return Expression(text, frozenset(parser.names), thunk)


def _known(operation: Callable[..., Any]) -> Callable[..., Any]:
    """The operation, giving null where an operand is null or the types do not fit."""

    def apply(*values: Any) -> Any:
        if any(value is None for value in values):
            return None
        try:
            return operation(*values)
        except (ZeroDivisionError, TypeError):
            return None

    return apply


_COMPARE: dict[str, Callable[..., Any]] = {
    "=": _known(lambda a, b: a == b), "==": _known(lambda a, b: a == b),
    "!=": _known(lambda a, b: a != b), "<>": _known(lambda a, b: a != b),
    "<": _known(lambda a, b: a < b), "<=": _known(lambda a, b: a <= b),
    ">": _known(lambda a, b: a > b), ">=": _known(lambda a, b: a >= b),
}  # fmt: skip
_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "+": _known(lambda a, b: a + b), "-": _known(lambda a, b: a - b),
    "*": _known(lambda a, b: a * b), "/": _known(lambda a, b: a / b),
}  # fmt: skip
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": _known(min),
    "max": _known(max),
    "abs": _known(abs),
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
}
_OVER_ROWS: dict[str, Callable[[list[Any]], Any]] = {"sum": sum, "count": len}
_WORDS = {"and", "or", "not", "is", "in", "null", "true", "false"}


class _Parser:
    """Recursive descent, loosest operator first; each method returns the closure of what it read."""

    def __init__(self, text: str, tokens: list[tuple[str, Any]]) -> None:
        self.text, self.tokens, self.at = text, tokens, 0
        self.names: set[str] = set()

    @property
    def ahead(self) -> tuple[str, Any] | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def took(self, *wanted: str) -> str | None:
        ahead = self.ahead
        if ahead is not None and ahead[0] != "value" and ahead[1] in wanted:
            self.at += 1
            return str(ahead[1])
        return None

    def expect(self, wanted: str) -> None:
        if self.took(wanted) is None:
            raise NotAnExpression(f"expected {wanted!r} in {self.text!r}")

    def disjunction(self) -> Thunk:
        left = self.conjunction()
        while self.took("or"):
            left = _either(left, self.conjunction())
        return left

    def conjunction(self) -> Thunk:
        left = self.negation()
        while self.took("and"):
            left = _both(left, self.negation())
        return left

    def negation(self) -> Thunk:
        if self.took("not"):
            inner = self.negation()
            negated = _known(lambda value: not value)
            return lambda row, rows: negated(inner(row, rows))
        return self.comparison()

    def comparison(self) -> Thunk:
        left = self.sum()
        if sign := self.took(*_COMPARE):
            return _pair(_COMPARE[sign], left, self.sum())
        if self.took("is"):
            wanted = self.took("not") is None
            self.expect("null")
            return lambda row, rows: (left(row, rows) is None) is wanted
        negated = self.took("not") is not None
        if self.took("in"):
            members = self.arguments()
            contains = _known(lambda value, *among: (value in among) is not negated)
            return lambda row, rows: contains(left(row, rows), *(member(row, rows) for member in members))
        if negated:
            raise NotAnExpression(f"expected 'in' after 'not' in {self.text!r}")
        return left

    def sum(self) -> Thunk:
        left = self.product()
        while sign := self.took("+", "-"):
            left = _pair(_ARITHMETIC[sign], left, self.product())
        return left

    def product(self) -> Thunk:
        left = self.atom()
        while sign := self.took("*", "/"):
            left = _pair(_ARITHMETIC[sign], left, self.atom())
        return left

    def atom(self) -> Thunk:
        if self.took("-"):
            return _pair(_ARITHMETIC["-"], lambda _row, _rows: 0, self.atom())
        if self.took("("):
            inner = self.disjunction()
            self.expect(")")
            return inner
        ahead = self.ahead
        if ahead is None or ahead[0] == "sign":
            raise NotAnExpression(f"expected a value in {self.text!r}")
        self.at += 1
        kind, value = ahead
        if kind == "name":
            return self.named(value)
        return lambda _row, _rows: value

    def named(self, name: str) -> Thunk:
        if name in ("null", "true", "false"):
            constant = {"null": None, "true": True, "false": False}[name]
            return lambda _row, _rows: constant
        if name in _WORDS:
            raise NotAnExpression(f"did not expect {name!r} in {self.text!r}")
        if self.ahead == ("sign", "("):
            arguments = self.arguments()
            if name in _OVER_ROWS and len(arguments) == 1:
                return _over(_OVER_ROWS[name], arguments[0])
            if name not in _FUNCTIONS:
                raise NotAnExpression(f"unknown function {name!r} in {self.text!r}")
            function = _FUNCTIONS[name]
            return lambda row, rows: function(*(argument(row, rows) for argument in arguments))
        self.names.add(name)
        return lambda row, _rows: row.get(name)

    def arguments(self) -> list[Thunk]:
        self.expect("(")
        found = [self.disjunction()]
        while self.took(","):
            found.append(self.disjunction())
        self.expect(")")
        return found


def _pair(operation: Callable[..., Any], left: Thunk, right: Thunk) -> Thunk:
    return lambda row, rows: operation(left(row, rows), right(row, rows))


def _both(left: Thunk, right: Thunk) -> Thunk:
    def thunk(row: Row, rows: Sequence[Row]) -> Any:
        known = [bool(value) for value in (left(row, rows), right(row, rows)) if value is not None]
        return False if False in known else True if len(known) == 2 else None

    return thunk


def _either(left: Thunk, right: Thunk) -> Thunk:
    def thunk(row: Row, rows: Sequence[Row]) -> Any:
        known = [bool(value) for value in (left(row, rows), right(row, rows)) if value is not None]
        return True if True in known else False if len(known) == 2 else None

    return thunk


def _over(operation: Callable[[list[Any]], Any], inner: Thunk) -> Thunk:
    def thunk(_row: Row, rows: Sequence[Row]) -> Any:
        return operation([value for row in rows if (value := inner(row, rows)) is not None])

    return thunk
