"""The form that an app shows before a question: its fields as whoever publishes the app writes them.

What a client sends for them is checked by the API it came by.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

import msgspec
from msgspec import Meta, Struct

from dbmedic.core.errors import BadField

FieldType: TypeAlias = Literal[
    "text-input", "paragraph", "select", "number", "checkbox", "file", "file-list", "json_object"
]
TYPES: Final = get_args(FieldType)
TEXTS: Final = ("text-input", "paragraph", "select")
MOST: Final = 50
"""Fields of one form."""
_NAME = re.compile(r"[A-Za-z_]\w{0,99}", re.ASCII)


class Field(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field of a form."""

    variable: str
    label: str = ""
    type: FieldType = "text-input"
    required: bool = False
    max_length: Annotated[int, Meta(ge=1)] | None = None
    """Of a text in characters, of a list in files."""
    options: tuple[str, ...] = ()
    """What a select may be."""
    default: Any = ""
    hide: bool = False


INSTANCE: Final = Field(variable="instance", label="Instance", max_length=63)
"""Which instance the question is about; every form has it."""


def whole(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """The form with the field that names the instance.  Pure."""
    return fields if any(one.variable == INSTANCE.variable for one in fields) else (*fields, INSTANCE)


def check(fields: tuple[Field, ...]) -> None:
    """Raises `BadField("form")` for a form that nobody can fill in.  Pure."""
    if len(fields) > MOST:
        raise BadField("form", f"a form has at most {MOST} fields, not {len(fields)}")
    seen = set[str]()
    for one in fields:
        if not _NAME.fullmatch(one.variable):
            raise BadField("form", f"{one.variable!r} is no name of a field: letters, digits and _, at most 100")
        if one.variable in seen:
            raise BadField("form", f"two fields are called {one.variable}")
        if one.type == "select" and not one.options:
            raise BadField("form", f"{one.variable}: a select needs options")
        if one.variable == INSTANCE.variable and one.type not in TEXTS:
            raise BadField("form", f"instance is a text, not a {one.type}")
        seen.add(one.variable)


def shown(field: Field) -> dict[str, Any]:
    """The field as a front-end is told of it."""
    told: dict[str, Any] = msgspec.to_builtins(field)
    told["label"] = field.label or field.variable
    return told
