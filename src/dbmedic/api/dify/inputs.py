"""The `inputs` of a question held against the app's form: what is kept of them, and the files that they name.

Faults are worded as the API words them; the first one wins.  Inputs that the form does not name are dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dbmedic.api.dify.action import boolean
from dbmedic.api.dify.files import Named, named_files
from dbmedic.api.dify.wire import Fault, invalid
from dbmedic.assistant.forms import TEXTS, Field

LONGEST = 100_000
"""Characters of a text whose field says no length."""


class Inputs(NamedTuple):
    values: dict[str, Any]
    files: tuple[Named, ...]


def held(inputs: Mapping[str, Any], form: Sequence[Field]) -> Inputs:
    """Raises `Fault` 400 for the first field that is wrong."""
    values: dict[str, Any] = {}
    files: list[Named] = []
    for field in form:
        value = inputs.get(field.variable)
        if value is None or (field.type == "number" and isinstance(value, str) and not value.strip()):
            if field.required:
                raise invalid(f"{field.variable} is required in input form")
            continue
        if field.type in ("file", "file-list"):
            files += _files(field, value)
        values[field.variable] = _value(field, value)
    return Inputs(values, tuple(files))


def _value(field: Field, value: Any) -> Any:
    name = field.variable
    match field.type:
        case "number":
            return _number(name, value)
        case "checkbox":
            return boolean(value, name)
        case "json_object":
            if not isinstance(value, dict):
                raise invalid(f"{name} in input form must be a dict")
        case _ if field.type in TEXTS:
            if not isinstance(value, str):
                raise invalid(f"(type '{field.type}') {name} in input form must be a string")
            if field.type == "select":
                if value not in field.options:
                    raise invalid(f"{name} in input form must be one of the following: {list(field.options)}")
            elif len(value) > (most := field.max_length or LONGEST):
                raise invalid(f"{name} in input form must be less than {most} characters")
            return value.replace("\0", "")
    return value


def _number(name: str, value: Any) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        for kind in (int, float):
            try:
                return kind(value)
            except ValueError:
                continue
    raise invalid(f"{name} in input form must be a valid number")


def _files(field: Field, value: Any) -> tuple[Named, ...]:
    name = field.variable
    if field.type == "file":
        if not isinstance(value, dict):
            raise invalid(f"{name} in input form must be a file")
        value = [value]
    elif not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise invalid(f"{name} in input form must be a list of files")
    elif field.max_length is not None and len(value) > field.max_length:
        raise invalid(f"{name} in input form must be less than {field.max_length} files")
    try:
        return named_files(value)
    except Fault as fault:
        raise invalid(f"{name} in input form: {fault.message}") from None
