"""`python -m dbmedic.kit.extract.reader PATH EXTENSION [CHARS]`: one document as text on standard output.

Ends with 3 and a sentence on standard error when the document cannot be read; a limit of the system ends it otherwise.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Final

from dbmedic.kit.extract.plain import CHARS, Broken

MEMORY_BYTES: Final = 768 << 20
CPU_S: Final = 15
PAGES: Final = 2_000


def main(path: Path, extension: str, limit: int = CHARS) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        text = _read(path, extension, limit)
    except Broken as broken:
        sys.stderr.write(str(broken))
        return 3
    except (Exception, RecursionError, MemoryError) as error:  # whatever a parser makes of a hostile file
        sys.stderr.write(f"it is broken ({type(error).__name__})")
        return 3
    sys.stdout.buffer.write(text[:limit].encode("utf-8", "replace"))
    return 0


def _read(path: Path, extension: str, limit: int) -> str:
    match extension:
        case "pdf":
            return _pdf(path, limit)
        case "docx":
            from dbmedic.kit.extract.office import docx

            return docx(path, limit)
        case "xlsx":
            from dbmedic.kit.extract.office import xlsx

            return xlsx(path, limit)
        case _:
            from dbmedic.kit.extract.html import html_text
            from dbmedic.kit.extract.plain import decoded

            with path.open("rb") as file:
                return html_text(decoded(file.read(16 << 20))[0], limit)


def _pdf(path: Path, limit: int) -> str:
    import logging

    from pypdf import PdfReader

    logging.disable()
    reader = PdfReader(path)
    if reader.is_encrypted and not reader.decrypt(""):
        raise Broken("it is encrypted; send it without a password")
    pages = len(reader.pages)
    if pages > PAGES:
        raise Broken(f"it has {pages} pages, at most {PAGES}; send the pages that matter")
    parts, size = [], 0
    for page in reader.pages:
        parts.append(page.extract_text())
        size += len(parts[-1])
        if size > limit:
            break
    text = "\n\n".join(parts).strip()
    if not text:
        raise Broken("it holds pictures of text only, which cannot be read")
    return text


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:])))
