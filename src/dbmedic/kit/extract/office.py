"""Word and Excel files to text: a zip of XML, read as a stream, with a limit on what it unpacks to and no entities."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from xml.parsers import expat

from dbmedic.kit.extract.plain import CHARS, Broken

UNPACKED_BYTES: Final = 32 << 20
"""Largest part of the file once it is unpacked."""
ENTRIES: Final = 5_000
SHARED: Final = 200_000
"""Texts that the cells of a workbook share."""
_PIECE: Final = 1 << 16


class _Enough(Exception):
    """There is as much text as is kept."""


class _Text:
    def __init__(self, limit: int) -> None:
        self.parts: list[str] = []
        self._size, self._limit = 0, limit

    def add(self, text: str) -> None:
        self.parts.append(text)
        self._size += len(text)
        if self._size > self._limit:
            raise _Enough

    def __str__(self) -> str:
        return "".join(self.parts).strip()


def docx(path: Path, limit: int = CHARS) -> str:
    """Paragraphs on lines of their own, cells of a table with tabs between them."""
    out = _Text(limit)

    def start(name: str, _: dict[str, str]) -> None:
        if name == "tab":
            out.add("\t")
        elif name in ("br", "cr"):
            out.add("\n")

    def end(name: str) -> None:
        if name == "p":
            out.add("\n")
        elif name == "tc":
            if out.parts and out.parts[-1] == "\n":
                out.parts.pop()
            out.add("\t")
        elif name == "tr":
            out.add("\n")

    with _opened(path) as archive:
        _parse(archive, "word/document.xml", start, end, lambda inside, text: out.add(text) if inside == "t" else None)
    return str(out)


def xlsx(path: Path, limit: int = CHARS) -> str:
    """Each sheet under its number: rows on lines of their own, values with tabs between them."""
    with _opened(path) as archive:
        names = set(archive.namelist())
        shared = _shared(archive) if "xl/sharedStrings.xml" in names else []
        sheets = sorted(name for name in names if name.startswith("xl/worksheets/sheet") and name.endswith(".xml"))
        if not sheets:
            raise Broken("it holds no worksheet")
        out = _Text(limit)
        for number, sheet in enumerate(sorted(sheets, key=lambda name: (len(name), name)), 1):
            try:
                out.add(f"\n# {number}\n")
                _sheet(archive, sheet, shared, out)
            except _Enough:
                break
    return str(out)


def _shared(archive: zipfile.ZipFile) -> list[str]:
    texts: list[str] = []
    parts: list[str] = []

    def end(name: str) -> None:
        if name == "si":
            texts.append("".join(parts))
            parts.clear()
            if len(texts) > SHARED:
                raise _Enough

    _parse(
        archive, "xl/sharedStrings.xml", None, end, lambda inside, text: parts.append(text) if inside == "t" else None
    )
    return texts


def _sheet(archive: zipfile.ZipFile, name: str, shared: list[str], out: _Text) -> None:
    kind, value = "", list[str]()

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal kind
        if tag == "c":
            kind = attributes.get("t", "")
            value.clear()

    def end(tag: str) -> None:
        if tag == "c":
            text = "".join(value)
            if kind == "s" and text.isdecimal():
                text = shared[int(text)] if int(text) < len(shared) else ""
            out.add(text + "\t")
        elif tag == "row":
            out.parts[-1] = out.parts[-1].removesuffix("\t")
            out.add("\n")

    _parse(
        archive, name, start, end, lambda inside, text: value.append(text) if inside in ("v", "t") else None, all_=True
    )


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise Broken("it is no zip file, or a broken one") from error
    if len(archive.infolist()) > ENTRIES:
        raise Broken(f"it holds more than {ENTRIES} files")
    return archive


def _pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """What an entry unpacks to: never more than the size that it says of itself, which is looked at first."""
    try:
        if archive.getinfo(name).file_size > UNPACKED_BYTES:
            raise Broken(f"{name} unpacks to more than {UNPACKED_BYTES >> 20} MiB")
        entry = archive.open(name)
    except KeyError:
        raise Broken(f"it has no {name}") from None
    except (RuntimeError, ValueError) as error:
        raise Broken("it is encrypted, or packed in a way that is not read") from error
    with entry:
        while piece := entry.read(_PIECE):
            yield piece


def _parse(
    archive: zipfile.ZipFile,
    name: str,
    start: Callable[[str, dict[str, str]], None] | None,
    end: Callable[[str], None],
    text: Callable[[str, str], None],
    *,
    all_: bool = False,
) -> None:
    """Walks an XML entry; names come without their namespace.  `_Enough` ends it, or with `all_` is raised."""
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    inside: list[str] = []

    def refused(*_: object) -> None:
        raise Broken("it declares entities, which no office file needs")

    def started(tag: str, attributes: dict[str, str]) -> None:
        inside.append(tag.rpartition("}")[2])
        if len(inside) > 200:
            raise Broken("it is nested too deeply")
        if start is not None:
            start(inside[-1], attributes)

    def ended(_: str) -> None:
        end(inside.pop())

    parser.StartDoctypeDeclHandler = refused
    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    parser.CharacterDataHandler = lambda data: text(inside[-1] if inside else "", data)
    try:
        for piece in _pieces(archive, name):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except _Enough:
        if all_:
            raise
    except expat.ExpatError as error:
        raise Broken("its XML is broken") from error
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise Broken("it is cut short, or broken") from error
