"""Playbooks: procedures as Markdown with front matter, ours in `playbooks/` and an operator's in a folder of theirs.

The front matter is TOML between two lines of `+++`: description, when, engines, steps.  A step is the id of a check or
the name of a tool; the text says in words what to do in which order.  A file is data: nothing in it is run.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from dbmedic.checks.check import catalogue
from dbmedic.core.errors import BadField, NotFound

FOLDER: Final = Path(__file__).parent / "playbooks"
TEXT_CHARS: Final = 16_000
MOST: Final = 200
_FILE: Final = re.compile(r"\A\+\+\+\s*\n(.*?)\n\+\+\+\s*\n(.*)\Z", re.DOTALL)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_NAMES_ONE: Final = re.compile(
    r"play\s?book|run\s?book|预案|預案|操作手册|操作手冊|剧本|劇本|プレイブック|ランブック|panduan", re.IGNORECASE
)


class Playbook(Struct, frozen=True, kw_only=True):
    """One procedure."""

    name: str
    """Name of its file."""
    description: str
    when: tuple[str, ...] = ()
    """Complaints it fits, in the words of whoever complains."""
    engines: tuple[str, ...] = ()
    """Empty: any."""
    steps: tuple[str, ...] = ()
    """Ids of checks and names of tools, in order."""
    text: str = ""

    @property
    def checks(self) -> list[str]:
        """Its steps that are checks of the catalogue."""
        known = catalogue()
        return [step for step in self.steps if step in known]


class _Head(Struct, frozen=True, forbid_unknown_fields=True):
    description: str
    when: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


def parse(name: str, content: str, tools: Iterable[str]) -> Playbook:
    """A playbook from the text of its file.  Raises `BadField` that names the file and what is wrong.  Pure."""
    if not _NAME.fullmatch(name):
        raise BadField("playbooks", f"playbook {name!r}: a name is lower-case letters, digits and hyphens")
    found = _FILE.match(content)
    if found is None:
        raise BadField("playbooks", f"playbook {name!r} does not begin with front matter between two lines of +++")
    try:
        head = msgspec.convert(tomllib.loads(found[1]), _Head)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as problem:
        raise BadField("playbooks", f"playbook {name!r}: {problem}") from None
    known = {*catalogue(), *tools}
    for step in head.steps:
        if step not in known:
            raise BadField("playbooks", f"playbook {name!r}: step {step!r} is neither a check nor a tool")
    text = found[2].strip()
    if len(text) > TEXT_CHARS:
        raise BadField("playbooks", f"playbook {name!r}: {len(text)} characters, at most {TEXT_CHARS}")
    return Playbook(
        name=name, description=head.description, when=head.when, engines=head.engines, steps=head.steps, text=text
    )


def load(folder: Path | None, tools: Iterable[str]) -> tuple[dict[str, Playbook], list[str]]:
    """Ours and those of a folder by name, and a sentence for each file that is none; theirs stand instead of ours.

    Reads files: call it in a thread.
    """
    tools = tuple(tools)
    files = [*sorted(FOLDER.glob("*.md")), *(sorted(folder.glob("*.md"))[:MOST] if folder is not None else ())]
    found: dict[str, Playbook] = {}
    problems = []
    for file in files:
        try:
            found[file.stem] = parse(file.stem, file.read_text("utf-8"), tools)
        except BadField as problem:
            problems.append(str(problem))
        except (OSError, UnicodeDecodeError) as fault:
            problems.append(f"playbook {file.stem!r} cannot be read: {fault}")
    return found, problems


def fitting(playbooks: Mapping[str, Playbook], engines: Iterable[str]) -> list[Playbook]:
    """Those that fit at least one of the engines.  Pure."""
    here = set(engines)
    return [one for one in playbooks.values() if not one.engines or here & set(one.engines)]


def named(question: str, playbooks: Mapping[str, Playbook]) -> Playbook | None:
    """The playbook that a question asks to follow by name, the longest name first; None when it names none.  Pure."""
    if not _NAMES_ONE.search(question):
        return None
    said = " ".join(re.split(r"[\s_-]+", question.lower()))
    for one in sorted(playbooks.values(), key=lambda one: -len(one.name)):
        if re.search(rf"(?<![a-z0-9]){re.escape(one.name.replace('-', ' '))}(?![a-z0-9])", said):
            return one
    return None


def listed(playbooks: Sequence[Playbook]) -> str:
    """One line for each: its name, what it is for and when.  Pure."""
    return "\n".join(
        f"- {one.name}: {one.description}" + (f" When: {'; '.join(one.when)}." if one.when else "") for one in playbooks
    )


def read(playbooks: Mapping[str, Playbook], name: str) -> str:
    """What a model reads of a playbook: its steps, then its text.  Raises `NotFound("playbook")`.  Pure."""
    if name not in playbooks:
        raise NotFound("playbook", name)
    one = playbooks[name]
    steps = ", ".join(one.steps)
    return f"{one.name}: {one.description}\nSteps, in order (checks and tools): {steps or 'none'}\n\n{one.text}"
