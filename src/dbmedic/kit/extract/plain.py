"""Plain text files: decoded, cut in the middle when long.  Only the ends of a file are read."""

from __future__ import annotations

from pathlib import Path
from typing import Final

CHARS: Final = 200_000
"""Longest text of one document."""
_HEAD, _TAIL = 480_000, 320_000
"""Bytes read from the two ends; a character has at most four."""
_ENCODINGS: Final = ("utf-8", "gb18030", "latin-1")


class Broken(Exception):
    """The document cannot be read; says why."""


def plain_text(path: Path) -> str:
    """The text of a file, at most `CHARS` characters; of a longer one the beginning and the end."""
    with path.open("rb") as file:
        size = path.stat().st_size
        head = file.read(_HEAD)
        tail = b""
        if size > _HEAD:
            file.seek(max(_HEAD, size - _TAIL))
            tail = file.read(_TAIL)
    begin, encoding = decoded(head)
    end = tail.decode(encoding, "replace").lstrip("\ufffd")
    text = begin + end
    if len(text) <= CHARS and size <= _HEAD + _TAIL:
        return text
    first, last = begin[: CHARS * 6 // 10], (end or begin)[-CHARS * 4 // 10 + 100 :]
    return f"{first}\n… the middle of the file is left out ({size} bytes in all) …\n{last}"


def decoded(data: bytes) -> tuple[str, str]:
    """(text, encoding): by its byte order mark, else UTF-8, else the encoding of Chinese, else bytes as they are."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if data.startswith(mark):
            return data.decode(encoding, "replace"), encoding
    for encoding in _ENCODINGS:
        for cut in range(4):  # the last character may be cut in two
            try:
                return data[: len(data) - cut].decode(encoding), encoding
            except UnicodeDecodeError:
                continue
    return data.decode("utf-8", "replace"), "utf-8"
