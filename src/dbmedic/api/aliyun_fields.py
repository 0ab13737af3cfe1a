"""Reads single parameters of an Alibaba Cloud call.  Pure.

A list or an object may arrive in three ways: as JSON text in one parameter, as JSON in a JSON body, or flattened
(`Tools.1=a&Tools.2=b`, `Inputs.RegionId=x`).  Blank means not given.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from dbmedic.api.aliyun_reply import Fault

TEXT_CHARS = 1024
"""Longest value of a parameter that has no limit of its own: ids, names of things."""
MAX_ITEMS = 200


class Fields:
    """The parameters of one call, or the keys of one object among them; each method raises `Fault`."""

    def __init__(self, found: Mapping[str, Any], path: str = "") -> None:
        self._found, self._path = found, path

    def _fault(self, name: str, problem: str) -> Fault:
        return Fault("InvalidParameter", f"The provided parameter is invalid: {self._path}{name} {problem}.")

    def text(self, name: str, *, limit: int = TEXT_CHARS) -> str | None:
        """None where it is absent or blank."""
        value = self._found.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise self._fault(name, "must be a text")
        if len(value) > limit:
            raise self._fault(name, f"has {len(value)} characters, at most {limit}")
        if "\0" in value:
            raise self._fault(name, "holds a NUL character")
        return value if value.strip() else None

    def required(self, name: str, *, limit: int = TEXT_CHARS) -> str:
        value = self.text(name, limit=limit)
        if value is None:
            raise Fault("MissingParameter", f"The parameter {self._path}{name} is required.")
        return value

    def choice(self, name: str, values: Collection[str], default: str) -> str:
        value = self.text(name)
        if value is None:
            return default
        if value not in values:
            raise self._fault(name, f"must be one of {', '.join(values)}")
        return value

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        value = self._found.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value, re.ASCII):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._fault(name, f"must be a whole number from {low} to {high}")
        return value

    def boolean(self, name: str) -> bool | None:
        """`true`, `false`, `1`, `0` in any case; None where it is absent or blank."""
        value = self._found.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool):
            return value
        if str(value).lower() not in ("true", "false", "1", "0"):
            raise self._fault(name, "must be true or false")
        return str(value).lower() in ("true", "1")

    def object(self, name: str) -> dict[str, Any] | None:
        """None where it is absent or blank."""
        value = self._structured(name)
        if value is None:
            prefix = f"{name}."
            flat = {key[len(prefix) :]: text for key, text in self._found.items() if key.startswith(prefix)}
            return flat or None
        if not isinstance(value, dict):
            raise self._fault(name, "must be a JSON object")
        return value

    def fields(self, name: str) -> Fields:
        """The keys of an object, empty where it is absent."""
        return Fields(self.object(name) or {}, f"{self._path}{name}.")

    def array(self, name: str, *, most: int = MAX_ITEMS) -> list[Any] | None:
        """None where it is absent or blank; flattened items in the order of their numbers, from 1 without gaps."""
        value = self._structured(name)
        if value is None:
            numbered = {}
            for key, item in self._found.items():
                if found := re.fullmatch(rf"{re.escape(name)}\.(\d{{1,4}})", key, re.ASCII):
                    numbered[int(found[1])] = item
            if not numbered:
                return None
            if sorted(numbered) != list(range(1, len(numbered) + 1)):
                raise self._fault(name, "must be numbered from 1 without gaps")
            value = [numbered[at] for at in sorted(numbered)]
        if not isinstance(value, list):
            raise self._fault(name, "must be a JSON list")
        if len(value) > most:
            raise self._fault(name, f"has {len(value)} items, at most {most}")
        return value

    def texts(self, name: str, *, most: int = MAX_ITEMS, limit: int = TEXT_CHARS) -> list[str] | None:
        """A list of texts, none blank, none twice; None where it is absent or blank."""
        items = self.array(name, most=most)
        if items is None:
            return None
        if not all(
            isinstance(item, str) and item.strip() and len(item) <= limit and "\0" not in item for item in items
        ):
            raise self._fault(name, f"must hold texts of 1 to {limit} characters")
        if len(set(items)) != len(items):
            raise self._fault(name, "holds the same text twice")
        return items

    def required_texts(self, name: str, *, most: int = MAX_ITEMS, limit: int = TEXT_CHARS) -> list[str]:
        items = self.texts(name, most=most, limit=limit)
        if items is None:
            raise Fault("MissingParameter", f"The parameter {self._path}{name} is required.")
        return items

    def _structured(self, name: str) -> Any:
        value = self._found.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if not isinstance(value, str):
            return value
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            raise self._fault(name, "is not JSON") from None


# -- parameters that several products have ------------------------------------------------------------------------

QUERY_CHARS = 100_000
SOURCE_CHARS = 64
EXTRA_CHARS = 16_000

_SESSION = re.compile(r"[A-Za-z0-9_-]{1,128}")


def session_id(fields: Fields) -> str | None:
    """The session that is named; None for a new one.  Raises `Fault`."""
    text = fields.text("SessionId")
    if text is not None and not _SESSION.fullmatch(text):
        raise Fault(
            "InvalidParameter",
            "The provided parameter is invalid: SessionId has 1 to 128 letters, digits, hyphens and underscores.",
        )
    return text


def json_object(fields: Fields, name: str) -> dict[str, Any]:
    """An object that comes as JSON text; empty where it is absent or blank.  Raises `Fault`."""
    text = fields.text(name, limit=EXTRA_CHARS)
    if text is None:
        return {}
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Fault("InvalidParameter", f"The provided parameter is invalid: {name} must be a JSON object as text.")
    return found
