"""What a turn says, as the frames of a Dify chatflow: the same for live and for kept events.

Model replies are `llm` nodes, tool calls `tool` nodes, thoughts and checks `agent_log` entries inside them.  Nothing
waits here and no clock is read: times come from the entries.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, assert_never

from dbmedic.api.dify.forms import Forms
from dbmedic.api.dify.frames import (
    Error,
    Frames,
    Ids,
    MessageEnd,
    Metadata,
    Resource,
    Usage,
    WorkflowEnd,
    WorkflowFinished,
    WorkflowStart,
    WorkflowStarted,
)
from dbmedic.api.dify.nodes import Nodes
from dbmedic.api.dify.wire import end_user_id, failed_run, workflow_id
from dbmedic.assistant.annotations import PREFIX
from dbmedic.assistant.approvals import approval_id
from dbmedic.core.events import (
    AnswerDelta,
    Answered,
    AnswerGrew,
    ApprovalDecided,
    ApprovalRequested,
    Checked,
    Cited,
    Entry,
    Found,
    Measured,
    ModelCalled,
    ModelFailed,
    ModelReplied,
    Skipped,
    StopRequested,
    Thought,
    ThoughtDelta,
    ThoughtGrew,
    ToolCalled,
    ToolReturned,
    TurnClosed,
    TurnFailed,
    TurnOpened,
    TurnResumed,
)
from dbmedic.core.values import NO_USAGE, Measure
from dbmedic.core.values import Usage as Cost

_PER = "0.000001"
"""Unit prices are for a million tokens."""
ENDS = {
    "done": ("succeeded", None),
    "stopped": ("stopped", "Stopped by user."),
    "limit": ("stopped", "The turn reached its limit of replies or of time."),
    "expired": ("stopped", "Nobody decided in time, so the turn was closed."),
    "interrupted": ("failed", "The server ended in the middle of this turn; what was said until then is kept."),
    "failed": ("failed", "The turn failed."),
}
"""Reason of `TurnClosed` -> status and error of `workflow_finished`; a failure that named itself says its own."""


class Projection:
    """Feed it the entries of one turn in order; it puts their frames."""

    def __init__(self, out: Frames) -> None:
        self._out = out
        self._failures = self._retries = 0
        self._node = "llm-1"
        self._reply = 0
        self._heard = 0
        """Characters of the reply under way that were put."""
        self._answer: list[str] = []
        self._thoughts: dict[str, str] = {}
        self._thinking = ""
        self._measures: dict[str, Measure] = {}
        self._findings: dict[str, list[Any]] = {}
        self._cited: dict[str, Resource] = {}
        self._failure: tuple[str, str] | None = None
        self._stopping = False
        self._spent = NO_USAGE
        self._annotation: str | None = None
        """The annotation that answered."""

    def feed(self, entry: Entry) -> None:
        event = entry.event
        match event:
            case AnswerDelta(reply=reply, text=text):
                self._say(reply, self._heard if reply == self._reply else 0, text)
            case AnswerGrew(reply=reply, start=start, text=text):
                self._say(reply, start, text)
            case Answered(reply=reply, text=text):
                self._say(reply, 0, text)
                self._answer.append(text)
            case TurnOpened():
                self._opened(event, entry.at.timestamp())
            case TurnResumed():
                self.end()
                self._start("resumption")
            case ModelCalled(reply=reply, model=model):
                self._model_called(reply, model, entry.at.timestamp())
            case ModelReplied():
                self._model_replied(event)
            case ModelFailed():
                self._model_failed(event, entry.at.timestamp())
            case ToolCalled(call=call, tool=tool, args=args):
                self._nodes.start(f"tool-{call}", "tool", tool, args, entry.at.timestamp())
            case ToolReturned():
                self._tool_returned(event)
            case Measured(measure=measure):
                self._measures[measure.id] = measure
            case Checked():
                self._checked(event)
            case Found(call=call, finding=finding):
                self._findings.setdefault(call, []).append(finding)
            case Cited(passage=passage):
                self._cited.setdefault(passage.id, resource(len(self._cited) + 1, event))
            case ThoughtGrew(reply=reply, start=start, text=text):
                self._thinking = self._thinking[:start] + text
                self._think(reply, self._thinking, "start")
            case Thought(reply=reply, text=text):
                self._thinking = ""
                self._thoughts[f"llm-{reply}"] = text
                self._think(reply, text, "success")
            case ApprovalRequested():
                self._asked(event)
            case ApprovalDecided():
                self.end()
                self._forms.decided(event)
            case StopRequested():
                self._stopping = True
            case TurnFailed(code=code, sentence=sentence):
                self._failure = (code, sentence)
            case TurnClosed():
                self._closed(event, entry.at.timestamp())
            case ThoughtDelta() | Skipped():
                pass
            case _:
                assert_never(event)
        self._last = entry

    def end(self) -> None:
        """Comes when no entry follows for now: a turn that waits for a person says so."""
        at = self._last.at.timestamp()
        self._forms.pause(self._run, self._began, at, self._spent, self._nodes.steps)

    # -- approvals ----------------------------------------------------------------------------------------------

    def _asked(self, event: ApprovalRequested) -> None:
        if event.waits:
            self._out.said(self._node, approval_text(event, self._turn))
            self._answer.append(approval_text(event, self._turn))
        self._forms.asked(event)

    # -- text ---------------------------------------------------------------------------------------------------

    def _say(self, reply: int, start: int, text: str) -> None:
        """Puts what of `text`, which begins at `start` of its reply, was not put yet."""
        if reply != self._reply:
            self._reply, self._node, self._heard = reply, f"llm-{reply}", 0
        rest = text[self._heard - start :] if start < self._heard else text
        if rest:
            self._heard += len(rest)
            self._out.said(self._node, rest)

    def _think(self, reply: int, text: str, status: str) -> None:
        label = text.strip().partition("\n")[0]
        label = label if len(label) <= 80 else label[:79] + "…"
        self._nodes.log(f"llm-{reply}", "thought", label, status, {"thought": text})

    # -- models and tools ---------------------------------------------------------------------------------------

    def _model_called(self, reply: int, model: str, at: float) -> None:
        if model.startswith(PREFIX):
            model, self._annotation = PREFIX.strip(), model.removeprefix(PREFIX)
        if f"llm-{reply}" not in self._nodes:  # else: once more, after a failure
            self._retries = 0
            self._nodes.start(f"llm-{reply}", "llm", model, None, at)

    def _model_replied(self, event: ModelReplied) -> None:
        node, cost = f"llm-{event.reply}", event.usage
        self._spent = self._spent + cost
        tokens = cost.prompt_tokens + cost.completion_tokens
        price = _money(cost.prompt_price + cost.completion_price)
        spent = {"total_tokens": tokens, "total_price": price, "currency": cost.currency}
        text = self._answer[-1] if self._node == node and self._heard else ""
        self._nodes.end(node, "succeeded", took_s=event.took_s, outputs={"text": text}, execution_metadata=spent)

    def _model_failed(self, event: ModelFailed, at: float) -> None:
        node = f"llm-{event.reply}"
        if not event.will_retry:
            self._failure = (event.code, event.sentence)
            self._nodes.end(node, "failed", at=at, error=event.sentence)
        elif node in self._nodes:
            self._retries += 1
            self._nodes.retry(node, at, event.sentence, self._retries)

    def _tool_returned(self, event: ToolReturned) -> None:
        status = "succeeded" if event.ok else "stopped" if self._stopping else "failed"
        self._failures += status == "failed"
        self._forms.ended(event.call)
        outputs = {"text": event.content, "files": [], "json": self._findings.pop(event.call, [])}
        error = None if event.ok else event.content
        self._nodes.end(f"tool-{event.call}", status, took_s=event.took_s, outputs=outputs, error=error)

    def _checked(self, event: Checked) -> None:
        data: dict[str, Any] = {
            "check": event.check,
            "instance": event.instance,
            "level": event.level,
            "reason": event.reason,
            "sentence": event.sentence,
            "grant": event.grant,
            "note": event.note,
            "measures": [self._measures[id] for id in event.measures if id in self._measures],
        }
        failed = event.level == "failed"
        self._nodes.log(
            f"tool-{event.call}",
            f"{event.instance}/{event.check}",
            event.check,
            "error" if failed else "success",
            data,
            error=event.sentence if failed else None,
            metadata={"elapsed_time": event.took_s},
        )

    # -- the turn -----------------------------------------------------------------------------------------------

    def _opened(self, event: TurnOpened, at: float) -> None:
        self._began, self._nodes, self._forms = at, Nodes(event.turn, self._out), Forms(event.turn, self._out)
        self._turn, self._conversation = event.turn, event.conversation
        caller = event.question.caller
        self._user = {"id": end_user_id(caller), "user": caller.end_user or caller.user}
        self._workflow, self._account = workflow_id(caller.app, event.question.agent), caller.account
        self._open(event.run)
        inputs = {
            **event.question.inputs,
            "sys.query": event.question.text,
            "sys.files": [],
            "sys.user_id": self._user["user"],
            "sys.app_id": caller.app or "",
            "sys.workflow_id": self._workflow,
            "sys.workflow_run_id": event.run,
            "sys.dialogue_count": event.question.before,
        }
        self._inputs = inputs
        self._start("initial")

    def _start(self, reason: str) -> None:
        """A run that goes on after a pause keeps its id on this wire."""
        start = WorkflowStart(
            id=self._run, workflow_id=self._workflow, inputs=self._inputs, created_at=int(self._began), reason=reason
        )
        self._out.put(WorkflowStarted(start))

    def _open(self, run: str) -> None:
        self._run = run
        ids = Ids(conversation=self._conversation, message=self._turn, task=run, run=run, created_at=int(self._began))
        self._out.open(ids)

    def _closed(self, event: TurnClosed, at: float) -> None:
        status, error = ENDS[event.reason]
        code, sentence = self._failure or (event.reason, error or "")
        if status == "failed":
            error = sentence
        self._nodes.end_all("failed" if status == "failed" else "stopped", at, error)
        if status != "failed":
            metadata = Metadata(
                annotation_reply=self._annotated(),
                retriever_resources=list(self._cited.values()),
                usage=usage(event.usage),
                reasoning=self._thoughts,
            )
            self._out.put(MessageEnd(self._turn, metadata))
        cost = event.usage
        end = WorkflowEnd(
            id=self._run,
            workflow_id=self._workflow,
            status=status,
            outputs={"answer": "".join(self._answer), "files": []},
            error=error,
            elapsed_time=round(at - self._began, 6),
            total_tokens=cost.prompt_tokens + cost.completion_tokens,
            total_steps=self._nodes.steps,
            created_by=self._user,
            created_at=int(self._began),
            finished_at=int(at),
            exceptions_count=self._failures,
        )
        self._out.put(WorkflowFinished(end))
        if status == "failed":
            refusal = failed_run(code, sentence)
            self._out.put(Error(refusal.code, refusal.message, refusal.status))

    def _annotated(self) -> dict[str, Any] | None:
        """Whose annotation the answer is."""
        if self._annotation is None:
            return None
        return {"id": self._annotation, "account": {"id": self._account, "name": "dbmedic"}}


def usage(cost: Cost) -> Usage:
    """Tokens, prices for a million of them, and true times."""
    first = cost.first_token_s
    return Usage(
        prompt_tokens=cost.prompt_tokens,
        prompt_unit_price=_money(cost.prompt_unit_price),
        prompt_price_unit=_PER if cost.prompt_unit_price else "0",
        prompt_price=_money(cost.prompt_price),
        completion_tokens=cost.completion_tokens,
        completion_unit_price=_money(cost.completion_unit_price),
        completion_price_unit=_PER if cost.completion_unit_price else "0",
        completion_price=_money(cost.completion_price),
        total_tokens=cost.prompt_tokens + cost.completion_tokens,
        total_price=_money(cost.prompt_price + cost.completion_price),
        currency=cost.currency,
        latency=cost.latency_s,
        time_to_first_token=first,
        time_to_generate=None if first is None else max(0.0, cost.latency_s - first),
    )


def _money(price: Decimal) -> str:
    """A decimal text without zeros at its end and without an exponent."""
    return f"{price.normalize():f}" if price else "0"


def resource(position: int, event: Cited) -> Resource:
    passage = event.passage
    return Resource(
        position=position,
        dataset_id=passage.library,
        dataset_name=passage.library_name or passage.library,
        document_id=passage.document,
        document_name=passage.title or passage.document,
        segment_id=passage.id,
        score=passage.score,
        content=passage.text,
        segment_position=passage.position,
        word_count=len(passage.text),
    )


def approval_text(event: ApprovalRequested, turn: str) -> str:
    """What is asked of whom, in words, for a chat that shows no form."""
    return (
        f"\n\nThis needs an approval on {event.instance}: {event.description}\n\n```sql\n{event.statement}\n```\n"
        f"Risk: {event.risk}. Waiting until {event.until:%Y-%m-%d %H:%M} UTC for a key that may approve: "
        f"`dbmedic approve {approval_id(turn, event.call)}`\n"
    )
