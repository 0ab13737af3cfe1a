"""Documents as text: what is kept of good ones, and that hostile ones end in a sentence, soon and in little memory."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from dbmedic.kit.extract import Unreadable, lies, text_of
from dbmedic.kit.extract.html import html_text
from dbmedic.kit.extract.plain import CHARS
from kit.documents import docx, pdf, xlsx, zipped


async def read(folder: Path, extension: str, content: bytes) -> str:
    path = folder / "file"
    await asyncio.to_thread(path.write_bytes, content)
    return await text_of(path, extension)


@pytest.mark.parametrize(
    ("extension", "content"),
    [
        ("txt", "磁盘 full".encode()),
        ("log", "磁盘 full".encode("gb18030")),
        ("csv", "\ufeff磁盘 full".encode()),
        ("md", "磁盘 full".encode("utf-16")),
        ("docx", docx("磁盘 full")),
        ("xlsx", xlsx([["磁盘 full"]])),
        ("html", "<p>磁盘 full</p>".encode()),
    ],
)
async def test_every_kind_is_read(tmp_path: Path, extension: str, content: bytes) -> None:
    assert "磁盘 full" in await read(tmp_path, extension, content)


async def test_a_pdf_is_read(tmp_path: Path) -> None:
    assert (await read(tmp_path, "pdf", pdf("Seq Scan on orders", 3))).count("Seq Scan on orders") == 3


async def test_paragraphs_and_cells_stay_apart(tmp_path: Path) -> None:
    assert await read(tmp_path, "docx", docx("one", "two")) == "one\ntwo"
    assert "table\trows\norders\t12" in await read(tmp_path, "xlsx", xlsx([["table", "rows"], ["orders", "12"]]))


async def test_of_a_long_log_the_beginning_and_the_end_are_kept(tmp_path: Path) -> None:
    lines = "".join(f"line {number} 磁盘\n" for number in range(300_000)).encode()
    text = await read(tmp_path, "log", lines)
    assert len(text) <= CHARS
    assert text.startswith("line 0 ")
    assert text.endswith("line 299999 磁盘\n")
    assert f"({len(lines)} bytes in all)" in text


BOMB = b"<w:t>" + b"A" * (80 << 20)


def lying(zipped: bytes, size: int) -> bytes:
    """A zip file that says that its entry of such a size unpacks to 40 bytes."""
    told = size.to_bytes(4, "little")
    assert zipped.count(told) == 2
    return zipped.replace(told, (40).to_bytes(4, "little"))


ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("extension", "content", "sentence"),
    [
        ("docx", zipped(word__document_dot_xml=BOMB), "unpacks to more than 32 MiB"),
        ("docx", lying(zipped(word__document_dot_xml=BOMB), len(BOMB)), "broken"),
        ("docx", zipped(word__document_dot_xml=b"<a>" + b"<b></b>" * (6 << 20)), "unpacks to more than 32 MiB"),
        ("xlsx", zipped(xl__worksheets__sheet1_dot_xml=b"<a>" + b"<b></b>" * (6 << 20)), "unpacks to more than"),
        ("docx", docx("&b;", head=ENTITIES), "entities"),
        ("docx", docx("x")[:-40], "broken"),
        ("docx", zipped(word__document_dot_xml="<a><b></a>"), "XML is broken"),
        ("docx", zipped(word__document_dot_xml="<a>" * 5000), "nested too deeply"),
        ("docx", zipped(other="x"), "has no word/document.xml"),
        ("xlsx", zipped(other="x"), "no worksheet"),
        ("docx", b"PK\x03\x04" + b"\0" * 100, "broken"),
        ("pdf", b"%PDF-1.7\n" + b"\xff" * 1000, "broken"),
        ("pdf", pdf("x", 2_500), "2500 pages, at most 2000"),
        ("exe", b"MZ", "no text"),
    ],
)
async def test_a_hostile_document_is_refused_with_a_sentence(
    tmp_path: Path, extension: str, content: bytes, sentence: str
) -> None:
    began = time.monotonic()
    with pytest.raises(Unreadable, match=sentence):
        await read(tmp_path, extension, content)
    assert time.monotonic() - began < 25


async def test_a_page_is_read_and_nothing_of_it_is_run() -> None:
    page = "<title>t</title><script>alert(1)</script><style>p{}</style><!-- c --><p onclick=x>Lock &lt;wait&gt;</p>"
    text = html_text(f"<html><head>{page[:16]}</head><body>{page}<td>a<td>b</body>")
    assert "Lock <wait>" in text
    for dropped in ("alert", "p{}", "onclick", "-- c"):
        assert dropped not in text
    assert html_text("<pre>a\n  b</pre>") == "a\n  b"
    assert len(html_text("<b>" * 50_000 + "x" * 500_000)) <= CHARS


@pytest.mark.parametrize(
    ("extension", "head", "lie"),
    [
        ("pdf", b"%PDF-1.4", False),
        ("pdf", b"PK\x03\x04", True),
        ("docx", b"PK\x03\x04", False),
        ("docx", b"%PDF", True),
        ("png", b"\xff\xd8\xff", True),
        ("txt", b"plain", False),
        ("txt", b"\x7fELF\0\0", True),
        ("txt", "wide".encode("utf-16"), False),
        ("log", b"", False),
        ("unknown", b"\0\0", False),
    ],
)
def test_an_extension_that_lies_is_seen(extension: str, head: bytes, lie: bool) -> None:
    assert (lies(extension, head) is not None) == lie
