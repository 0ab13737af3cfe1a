"""What documents are labelled with: fields of a dataset, values of a document, and conditions over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from msgspec import Struct

from dbmedic.core.errors import BadField, NotFound
from dbmedic.core.log import micros, moment
from dbmedic.core.ports import NewId, Now, Store
from dbmedic.core.values import Row
from dbmedic.knowledge.kept import Dataset, Document, json_text, opened

Kind = Literal["string", "number", "time"]
KINDS: Final = ("string", "number", "time")
BUILTIN: Final[dict[str, Kind]] = {
    "document_name": "string", "uploader": "string", "upload_date": "time", "last_update_date": "time",
    "source": "string",
}  # fmt: skip
"""Fields that every document has once the dataset shows them."""
CHARS: Final = 255
MOST: Final = 100
"""Fields of one dataset."""


class Field(Struct, frozen=True, kw_only=True):
    id: str
    name: str
    kind: str


class Condition(Struct, frozen=True, kw_only=True):
    """What a document's value must be like."""

    name: str
    operator: str
    value: Any = None


class Labels:
    def __init__(self, store: Store, *, now: Now, new_id: NewId) -> None:
        self._store, self._now, self._new_id = store, now, new_id

    async def fields(self, dataset: Dataset) -> list[Field]:
        """Oldest first."""
        rows = await self._store.read("metadata_fields_of", dataset=dataset.id)
        return [Field(id=row["id"], name=row["name"], kind=row["kind"]) for row in rows]

    async def counts(self, dataset: Dataset) -> dict[str, int]:
        """Field -> documents that have a value for it."""
        found: dict[str, int] = {}
        for row in await self._store.read("documents_metadata", datasets=json_text([dataset.id])):
            for id in opened(row)["metadata"]:
                found[id] = found.get(id, 0) + 1
        return found

    async def create(self, dataset: Dataset, name: str, kind: Kind) -> Field:
        """Raises `BadField` for a name that is taken, empty or too long."""
        await self._free(dataset, name)
        row: Row = {"id": self._new_id(), "dataset": dataset.id, "name": name, "kind": kind}
        ((made),) = await self._store.write(("metadata_field_put", {**row, "now": micros(self._now())}))
        if not made:
            raise BadField("name", "Metadata name already exists.")
        return Field(id=row["id"], name=name, kind=kind)

    async def rename(self, dataset: Dataset, id: str, name: str) -> Field:
        """Raises `NotFound("metadata")`, and as `create`."""
        field = await self._field(dataset, id)
        if name != field.name:
            await self._free(dataset, name)
            await self._store.write(("metadata_field_rename", {"id": id, "dataset": dataset.id, "name": name}))
        return Field(id=id, name=name, kind=field.kind)

    async def delete(self, dataset: Dataset, id: str) -> None:
        """The values that documents have for it are shown no more.  Raises `NotFound("metadata")`."""
        await self._field(dataset, id)
        await self._store.write(("metadata_field_delete", {"id": id, "dataset": dataset.id}))

    async def label(self, dataset: Dataset, values: Sequence[tuple[Document, Mapping[str, Any], bool]]) -> None:
        """Gives documents values (field -> value); the flag keeps the values that are not named.

        Raises `NotFound("metadata")` and `BadField` for a value that is no text, number or time; nothing is done then.
        """
        fields = {one.id: one for one in await self.fields(dataset)}
        writes: list[tuple[str, Row]] = []
        now = micros(self._now())
        for document, given, partial in values:
            kept = {id: value for id, value in document.metadata.items() if id in fields} if partial else {}
            for id, value in given.items():
                if id not in fields:
                    raise NotFound("metadata", id)
                kept[id] = _value(fields[id], value)
            metadata = json_text({id: value for id, value in kept.items() if value is not None})
            writes.append(("document_metadata_put", {"id": document.id, "metadata": metadata, "now": now}))
        if writes:
            await self._store.write(*writes)

    async def matching(self, datasets: Sequence[Dataset], conditions: Sequence[Condition], *, any_: bool) -> set[str]:
        """Documents that meet all conditions, or any of them."""
        names = {one.id: {field.name: field for field in await self.fields(one)} for one in datasets}
        found = set()
        for row in await self._store.read("documents_metadata", datasets=json_text([one.id for one in datasets])):
            document, fields = opened(row), names[row["dataset"]]
            met = (meets(one, _known(document, fields.get(one.name), one.name)) for one in conditions)
            if any(met) if any_ else all(met):
                found.add(row["id"])
        return found

    async def _field(self, dataset: Dataset, id: str) -> Field:
        for one in await self.fields(dataset):
            if one.id == id:
                return one
        raise NotFound("metadata", id)

    async def _free(self, dataset: Dataset, name: str) -> None:
        if not name.strip() or len(name) > CHARS:
            raise BadField("name", f"Metadata name: 1 to {CHARS} characters.")
        if name in BUILTIN:
            raise BadField("name", "Metadata name already exists in Built-in fields.")
        fields = await self.fields(dataset)
        if any(one.name == name for one in fields):
            raise BadField("name", "Metadata name already exists.")
        if len(fields) >= MOST:
            raise BadField("name", f"A dataset has at most {MOST} metadata fields.")


def builtin(name: str, created_at: datetime, updated_at: datetime, details: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the fields that every document has; times in seconds.  Pure."""
    return {
        "document_name": name,
        "uploader": details.get("by_name", ""),
        "upload_date": created_at.timestamp(),
        "last_update_date": updated_at.timestamp(),
        "source": details.get("origin", "file_upload"),
    }


def meets(condition: Condition, have: Any) -> bool:
    """Whether a value, None when there is none, is as a condition wants it.  Pure."""
    if condition.operator in ("empty", "not empty"):
        return (have in (None, "")) == (condition.operator == "empty")
    if have is None or condition.value is None:
        return condition.operator in ("is not", "not contains", "not in", "≠") and have is None
    if condition.operator in _TEXTS:
        return _TEXTS[condition.operator](str(have), str(condition.value))
    if condition.operator in ("in", "not in"):
        wanted = condition.value if isinstance(condition.value, list) else str(condition.value).split(",")
        return (str(have) in [str(one).strip() for one in wanted]) == (condition.operator == "in")
    try:
        return _NUMBERS[condition.operator](float(have), float(condition.value))
    except (ValueError, TypeError):
        return False


_TEXTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "contains": lambda have, want: want in have,
    "not contains": lambda have, want: want not in have,
    "start with": lambda have, want: have.startswith(want),
    "end with": lambda have, want: have.endswith(want),
    "is": lambda have, want: have == want,
    "is not": lambda have, want: have != want,
}
_NUMBERS: Final[dict[str, Callable[[float, float], bool]]] = {
    "=": lambda have, want: have == want,
    "≠": lambda have, want: have != want,
    ">": lambda have, want: have > want,
    "<": lambda have, want: have < want,
    "≥": lambda have, want: have >= want,
    "≤": lambda have, want: have <= want,
    "before": lambda have, want: have < want,
    "after": lambda have, want: have > want,
}
OPERATORS: Final = (*_TEXTS, "in", "not in", "empty", "not empty", *_NUMBERS)


def _known(document: Row, field: Field | None, name: str) -> Any:
    if field is not None:
        return document["metadata"].get(field.id)
    values = builtin(document["name"], document["created_at"], document["updated_at"], document["details"])
    return values.get(name)


def _value(field: Field, value: Any) -> Any:
    if value is None or value == "":
        return None
    if field.kind == "string":
        if not isinstance(value, str | int | float) or len(str(value)) > CHARS * 4:
            raise BadField("value", f"{field.name}: a text of at most {CHARS * 4} characters")
        return str(value)
    if isinstance(value, bool):
        raise BadField("value", f"{field.name}: {value!r} is no number")
    try:
        number = float(value)
        if field.kind == "time":
            moment(round(number * 1e6))
    except (TypeError, ValueError, OverflowError, OSError):
        raise BadField("value", f"{field.name}: {value!r} is no number") from None
    if number in (float("inf"), float("-inf")) or number != number:
        raise BadField("value", f"{field.name}: {value!r} is no number")
    return int(number) if number.is_integer() else number
