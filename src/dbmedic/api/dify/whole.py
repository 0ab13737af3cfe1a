"""The frames of a turn folded into one message: the blocking reply, and a row of the history."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from dbmedic.api.dify.frames import (
    Error,
    Frame,
    Ids,
    MessageEnd,
    Metadata,
    Pause,
    WorkflowFinished,
    WorkflowPaused,
    WorkflowStarted,
)
from dbmedic.api.dify.projection import Projection
from dbmedic.api.dify.wire import Answer, CitedPassage, Fault, Message, Paused, PausedData, named_uuid
from dbmedic.core.events import Entry


class Whole:
    """`Frames` that remembers what a message keeps of them."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._metadata = Metadata()
        self._fault: Fault | None = None
        self._error: str | None = None
        self._status = "normal"
        self._pause: Pause | None = None

    def open(self, ids: Ids) -> None:
        self._ids = ids

    def said(self, node: str, text: str) -> None:  # noqa: ARG002 - the node is of no interest here
        self._said.append(text)

    def put(self, frame: Frame) -> None:
        match frame:
            case WorkflowStarted(data=data):
                self._pause = None
                self._query = data.inputs["sys.query"]
                self._inputs = {name: value for name, value in data.inputs.items() if not name.startswith("sys.")}
            case MessageEnd(metadata=metadata):
                self._metadata = metadata
            case WorkflowFinished(data=data):
                if data.status == "failed":
                    self._status, self._error = "error", data.error
            case WorkflowPaused(data=pause):
                self._pause = pause
            case Error(code=code, message=message, status=status):
                self._fault = Fault(status, code, message)

    def answer(self) -> Answer | Paused:
        """The blocking reply, or what a turn that waits for a person has said; raises `Fault` when it failed."""
        if self._fault is not None:
            raise self._fault
        ids = self._ids
        if self._pause is not None:
            return self._waits(self._pause)
        return Answer(
            task_id=ids.task,
            id=ids.message,
            message_id=ids.message,
            conversation_id=ids.conversation,
            answer="".join(self._said),
            metadata=self._metadata,
            created_at=ids.created_at,
        )

    def _waits(self, pause: Pause) -> Paused:
        ids = self._ids
        data = PausedData(
            id=ids.message,
            conversation_id=ids.conversation,
            message_id=ids.message,
            workflow_run_id=ids.run,
            answer="".join(self._said),
            metadata=self._metadata,
            created_at=ids.created_at,
            paused_nodes=pause.paused_nodes,
            reasons=pause.reasons,
            elapsed_time=pause.elapsed_time,
            total_tokens=pause.total_tokens,
            total_steps=pause.total_steps,
        )
        return Paused(
            task_id=ids.task,
            id=ids.message,
            message_id=ids.message,
            conversation_id=ids.conversation,
            answer=data.answer,
            metadata=self._metadata,
            created_at=ids.created_at,
            workflow_run_id=ids.run,
            data=data,
        )

    def message(self) -> Message:
        """The row of the history, also of a turn that failed or still runs."""
        ids, usage = self._ids, self._metadata.usage
        return Message(
            id=ids.message,
            conversation_id=ids.conversation,
            inputs=self._inputs,
            query=self._query,
            answer="".join(self._said),
            retriever_resources=self._cited(),
            created_at=ids.created_at,
            status=self._status,
            error=self._error,
            message_tokens=usage.prompt_tokens,
            answer_tokens=usage.completion_tokens,
            total_tokens=usage.total_tokens,
            provider_response_latency=usage.latency,
            total_price=usage.total_price,
            currency=usage.currency,
        )

    def _cited(self) -> list[CitedPassage]:
        ids = self._ids
        return [
            CitedPassage(
                id=named_uuid(UUID(ids.message).bytes, f"citation {one.position}"),
                message_id=ids.message,
                created_at=ids.created_at,
                **{name: getattr(one, name) for name in _SHARED},
            )
            for one in self._metadata.retriever_resources
        ]


_SHARED = tuple(name for name in CitedPassage.__struct_fields__ if name not in ("id", "message_id", "created_at"))


def whole(entries: Iterable[Entry]) -> Whole:
    """One turn's entries, live or kept, as one message."""
    message = Whole()
    projection = Projection(message)
    for entry in entries:
        projection.feed(entry)
    projection.end()
    return message
