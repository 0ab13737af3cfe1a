"""The model that needs no model: question -> tool calls -> answer.  `decide` is pure, `reply` has the port's shape.

It decides what to look at and says what was found; it neither measures nor grades, for tools and checks do that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from dbmedic.checks.check import catalogue
from dbmedic.core.ports import ModelRequest
from dbmedic.core.values import Attachment, Call, InstanceCard, Piece, Reasoning, Rests, Text
from dbmedic.diagnosis import asked_sql, doing, handbook, names, pasted
from dbmedic.diagnosis.agents import allowed, hinted
from dbmedic.diagnosis.answer import answer
from dbmedic.diagnosis.evidence import Evidence, Refusal, evidence
from dbmedic.diagnosis.rank import Verdict, narrowed, promoted, rank, with_asked, with_others
from dbmedic.diagnosis.said import Reader, title
from dbmedic.diagnosis.symptoms import broad, symptoms
from dbmedic.diagnosis.understand import Understood, understand

ROUNDS = 3
"""Rounds of tool calls in one turn at most."""
ENOUGH = 0.7
"""Share of the symptom that must be explained before deeper stages are left out."""
FAILURES = (
    "unreachable", "no_slot_left", "account_full", "sign_in_failed", "timeout", "unknown_instance", "denied",
)  # fmt: skip
HOLDERS = {
    "postgres": (
        "SELECT usename, client_addr, application_name, state, count(*), max(now() - state_change) AS longest",
        "FROM pg_stat_activity WHERE backend_type = 'client backend' GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC;",
    ),
    "mysql": ("SELECT USER, HOST, COMMAND, TIME FROM information_schema.PROCESSLIST ORDER BY TIME DESC;",),
    "mariadb": ("SELECT USER, HOST, COMMAND, TIME FROM information_schema.PROCESSLIST ORDER BY TIME DESC;",),
    "redis": ("CLIENT LIST",),
}
"""What an administrator asks for to see who holds the connections."""
ENGINES = {"postgresql": "postgres", "pg": "postgres"}


class Analyst:
    """A `Model` that decides by tables and edges, offline and at once."""

    name = "analyst"

    async def reply(self, request: ModelRequest, /) -> AsyncIterator[Piece]:
        for piece in decide(request):
            yield piece

    async def close(self) -> None:
        """Nothing is open."""


def decide(request: ModelRequest) -> list[Piece]:
    """The pieces of the next reply; the last one also says which files nobody has looked at."""
    pieces = _decided(request)
    images = [one.name for one in request.attachments if one.image and not one.earlier]
    if not images or _calls_something(pieces):
        return pieces
    reader = Reader(understand(request.question, request.instances, request.history, request.now).language)
    return [Text(reader.say("talk.images", files=reader.listed(images)) + "\n\n"), *pieces]


def _decided(request: ModelRequest) -> list[Piece]:
    asked = understand(request.question, request.instances, request.history, request.now)
    reader = Reader(asked.language, request.question.zone)
    seen = evidence(request.events)
    engine = _engine(asked, request.instances)
    given = () if seen.calls else (Attachment(name="", text=request.question.text), *_read(request.attachments))
    facts = pasted.lines(given, asked.language)
    if facts and names.named(request.question.text, request.instances) is None:
        return _lines("\n".join(facts))
    if not seen.calls and handbook.asks(request, asked):
        return handbook.lookup(request, asked, reader)
    if seen.calls and seen.calls[0].tool == "search":
        return handbook.answer(request.events, asked, reader)
    if (changed := doing.outcome(request.events)) is not None:
        return _lines(changed)
    if not seen.calls and (ending := doing.session(request, asked)) is not None:
        return [ending]
    if not seen.calls:
        pieces = _first(asked, request.instances, reader, hinted(request.agent, engine))
        kept = allowed(pieces, request.agent, request.tools, engine)
        if _calls_something(pieces) and not _calls_something(kept):
            return _lines(reader.say("talk.no_tools"))
        return [*(_lines("\n".join([*facts, ""])) if facts else ()), *kept]
    if seen.failures and not seen.checked:
        return _failed(seen.failures[0], asked, request.instances, reader)
    verdict = judged(asked, seen)
    if (deeper := _deeper(asked, seen, verdict, request.instances)) is not None:
        stage, checks = deeper
        listed = reader.listed([title(check, reader) for check in checks[:4]])
        args = {"instance": asked.instance, "symptom": asked.symptom, "stage": stage, **_times(asked)}
        pieces = [Reasoning(reader.say("step.deeper", checks=listed) + "\n"), _call(seen, "diagnose", args)]
        kept = allowed(pieces, request.agent, request.tools, engine)
        if _calls_something(kept):
            return kept
    done = answer(asked, verdict, seen, reader, asked_sql.told(request.events, reader.language, engine))
    step = reader.say("step.verdict", findings=len(seen.facts), normal=len(verdict.fine), unseen=len(verdict.unseen))
    proposed = doing.cure(request, asked, verdict, seen)
    said = [Reasoning(step + "\n"), *_lines(done.text), Rests(done.rests)]
    return said if proposed is None else [*said, proposed]


def _read(attachments: Sequence[Attachment]) -> list[Attachment]:
    """The question's own files that have a text."""
    return [one for one in attachments if not one.image and not one.earlier]


def judged(asked: Understood, seen: Evidence) -> Verdict:
    """What the measurements say about the complaint; and about anything else, when that was asked as well."""
    verdict = rank(seen, symptoms()[asked.symptom], asked.objects, asked.window)
    leads = {check for name in asked.also if name != "health" for check in symptoms()[name].lead}
    verdict = promoted(verdict, leads)
    for name in asked.also:
        verdict = with_asked(verdict, rank(seen, symptoms()[name]), symptoms()[name])
    if asked.statement is not None and asked.objects:
        return narrowed(verdict, asked.objects)
    return with_others(verdict, rank(seen, symptoms()["health"])) if "health" in asked.also else verdict


# -- before anything was measured --------------------------------------------------------------------------------


def _first(
    asked: Understood, visible: Sequence[InstanceCard], reader: Reader, hints: Sequence[str] = ()
) -> list[Piece]:
    if asked.topic == "thanks":
        return _lines(reader.say("talk.thanks"))
    if asked.topic in ("greeting", "identity", "other"):
        return _lines(
            "\n".join([reader.say(f"talk.{asked.topic}"), reader.say("talk.examples"), "", *_cards(visible, reader)])
        )
    if not visible:
        return _lines("\n".join(_cards(visible, reader)))
    if asked.topic == "instances":
        return _lines("\n".join(_cards(visible, reader)))
    if asked.unknown is not None:
        lines = [reader.say("talk.unknown", instance=asked.unknown)]
        if (meant := names.closest(asked.unknown, visible)) is not None:
            lines.append(reader.say("talk.meant", instance=meant))
        return _lines("\n".join([*lines, "", *_cards(visible, reader)]))
    if asked.instance is None:
        return _lines("\n".join([reader.say("talk.which"), *_cards(visible, reader)[1:]]))
    return _calls(asked, visible, reader, hints)


def _calls(asked: Understood, visible: Sequence[InstanceCard], reader: Reader, hints: Sequence[str]) -> list[Piece]:
    symptom, engine = symptoms()[asked.symptom], _engine(asked, visible)
    args: dict[str, Any] = {"instance": asked.instance, "symptom": asked.symptom, **_times(asked)}
    known = catalogue()
    planned = [check for check in symptom.stages_for(engine)[0] if check in known]
    pieces: list[Piece] = [Reasoning(_plan(asked, len(planned), reader) + "\n"), Call("k1", "diagnose", args)]
    extra = [
        check
        for name in asked.also
        for check in symptoms()[name].stages_for(engine)[0]
        if check in known and check not in planned
    ]
    extra += [check for check in hints if check not in planned]
    if extra:
        checks = list(dict.fromkeys(extra))
        pieces.append(Call("k2", "measure", {"instance": asked.instance, "checks": checks}))
    if asked.statement is not None:
        pieces.append(Call("k3", "explain", {"instance": asked.instance, "statement": asked.statement}))
    return pieces


def _times(asked: Understood) -> dict[str, str]:
    """The stretch of time that was asked about, as a tool takes it."""
    if asked.window is None:
        return {}
    end = {"until": asked.window.end.isoformat()} if asked.ended else {}
    return {"since": asked.window.start.isoformat(), **end}


def _plan(asked: Understood, checks: int, reader: Reader) -> str:
    """Which steps will be taken and why, in a line."""
    symptom = symptoms()[asked.symptom]
    if asked.symptom == "health":
        return reader.say("step.health", instance=asked.instance)
    if symptom.style == "disk":
        return reader.say("step.disk", instance=asked.instance)
    if asked.symptom in ("connections", "connection-leak", "cannot-connect"):
        return reader.say("step.connections", instance=asked.instance)
    if broad(symptom):
        return reader.say("step.locks") + "\n" + reader.say("step.broad", instance=asked.instance)
    return reader.say("step.plan", instance=asked.instance, checks=checks)


def _cards(visible: Sequence[InstanceCard], reader: Reader) -> list[str]:
    """The list of instances, or how to register one."""
    if not visible:
        example = "dbmedic instance add shop postgresql://user:password@host:5432/shop"
        return [reader.say("talk.no_instances"), "```", example, "```", reader.say("talk.no_instances_after")]
    lines = [reader.say("talk.instances")]
    for card in visible:
        about = " · ".join(part for part in (card.name, card.engine, card.region) if part)
        lines.append(f"- `{card.id}`" + (f" ({about})" if about else ""))
    return lines


# -- after tools returned ----------------------------------------------------------------------------------------


def _deeper(
    asked: Understood, seen: Evidence, verdict: Verdict, visible: Sequence[InstanceCard]
) -> tuple[int, list[str]] | None:
    """(stage, its checks) to run next; None when enough is known or nothing is left to run."""
    if verdict.explained >= ENOUGH or len(seen.calls) >= ROUNDS or seen.failures:
        return None
    known, stages = catalogue(), symptoms()[asked.symptom].stages_for(_engine(asked, visible))
    for number, stage in enumerate(stages[1:], 2):
        called = any(call.args.get("stage") == number for call in seen.calls)
        left = [check for check in stage if check in known and check not in seen.ran]
        if left and not called:
            return number, left
    return None


def _failed(refusal: Refusal, asked: Understood, visible: Sequence[InstanceCard], reader: Reader) -> list[Piece]:
    """The tool could not work at all: what failed and what to do, and no word about the database."""
    kind = refusal.code if refusal.code in FAILURES else "other"
    sentence = refusal.sentence.rstrip(". ") + "."
    lines = [
        reader.say(f"failed.{kind}", instance=asked.instance, sentence=sentence),
        reader.say(f"failed.{kind}_do", instance=asked.instance),
    ]
    if kind == "no_slot_left" and (holders := HOLDERS.get(_engine(asked, visible))) is not None:
        lines += ["```sql", *holders, "```"]
    if kind == "unknown_instance":
        lines += ["", *_cards(visible, reader)]
    return _lines("\n".join(lines))


def _calls_something(pieces: Sequence[Piece]) -> bool:
    return any(isinstance(piece, Call) for piece in pieces)


def _call(seen: Evidence, tool: str, args: dict[str, Any]) -> Call:
    return Call(f"k{len(seen.calls) + 1}", tool, args)


def _engine(asked: Understood, visible: Sequence[InstanceCard]) -> str:
    engine = next((card.engine.lower() for card in visible if card.id == asked.instance), "")
    return ENGINES.get(engine, engine)


def _lines(text: str) -> list[Piece]:
    """A text as pieces of a line each, so that it streams."""
    return [*(Text(line) for line in text.rstrip("\n").splitlines(keepends=True)), Text("\n")]
