"""How commands print: one JSON object, or aligned columns.  Colours and progress belong to `progress.py`."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import click


def print_json(value: Any) -> None:
    """One JSON object on one line of standard output."""
    import msgspec

    click.echo(msgspec.json.encode(value, enc_hook=str).decode())


def print_table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns as wide as their widest cell; the last one is not filled up."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(width(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [cell + " " * (wide - width(cell)) for cell, wide in zip(line, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


def width(text: str) -> int:
    """Columns of a terminal that a text takes: Chinese characters take two.

    >>> width("磁盘 disk")
    9
    """
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
