"""Approvals as forms of a chatflow: what a person is asked, and how it ended.  Pure."""

from __future__ import annotations

from typing import Any, Final

from dbmedic.api.dify.frames import (
    Action,
    FormFilled,
    FormNeeded,
    Frames,
    HumanInputFormFilled,
    HumanInputFormTimeout,
    HumanInputRequired,
    Pause,
    WorkflowPaused,
)
from dbmedic.api.dify.frames import FormTimeout as Timeout
from dbmedic.assistant.approvals import approval_id
from dbmedic.core.events import ApprovalDecided, ApprovalRequested
from dbmedic.core.values import Usage

ACTIONS: Final = (Action("approve", "Approve", "primary"), Action("reject", "Reject", "default"))
INPUTS: Final[list[dict[str, Any]]] = [
    {"type": "paragraph", "output_variable_name": "comment", "default": None},
]


def content(event: ApprovalRequested) -> str:
    """What is asked, as Markdown: the statement, where it would run and as whom, its risk, the way back."""
    lines = [
        f"**{event.description}**",
        f"```sql\n{event.statement}\n```",
        f"Instance: {event.instance}" + (f", database {event.database}" if event.database else "")
        + (f", as {event.role}" if event.role else ""),
        f"Risk: {event.risk}.",
    ]  # fmt: skip
    if event.rollback:
        lines.append(f"The way back: `{event.rollback}`")
    if event.approvers > 1:
        lines.append(f"It needs {event.approvers} people with different keys.")
    return "\n\n".join(lines)


def needed(event: ApprovalRequested, turn: str) -> FormNeeded:
    form = approval_id(turn, event.call)
    return FormNeeded(
        form_id=form,
        node_id=f"tool-{event.call}",
        node_title=event.tool,
        form_content=content(event),
        inputs=INPUTS,
        actions=list(ACTIONS),
        form_token=form,
        expiration_time=int(event.until.timestamp()),
    )


class Forms:
    """The forms of one turn: fed with its requests and decisions, it puts their frames."""

    def __init__(self, turn: str, out: Frames) -> None:
        self._turn, self._out = turn, out
        self._open: dict[str, ApprovalRequested] = {}
        self._paused = False

    def asked(self, event: ApprovalRequested) -> None:
        if event.waits:
            self._open[event.call] = event
            self._paused = False
            self._out.put(HumanInputRequired(needed(event, self._turn)))

    def pause(self, run: str, began: float, at: float, usage: Usage, steps: int) -> None:
        """Says once that the run waits for the open forms; nothing when none is open."""
        if self._open and not self._paused:
            self._paused = True
            reasons = [
                {
                    "type": "human_input_required",
                    "form_id": approval_id(self._turn, call),
                    "node_id": f"tool-{call}",
                    "node_title": event.tool,
                }
                for call, event in self._open.items()
            ]
            pause = Pause(
                workflow_run_id=run,
                paused_nodes=[f"tool-{call}" for call in self._open],
                reasons=reasons,
                created_at=int(began),
                elapsed_time=round(max(0.0, at - began), 6),
                total_tokens=usage.prompt_tokens + usage.completion_tokens,
                total_steps=steps,
            )
            self._out.put(WorkflowPaused(pause))

    def decided(self, event: ApprovalDecided) -> None:
        asked = self._open.get(event.call)
        if asked is None:
            return
        node, title = f"tool-{event.call}", asked.tool
        if event.how == "expired":
            self._out.put(HumanInputFormTimeout(Timeout(node_id=node, node_title=title,
                                                        expiration_time=int(asked.until.timestamp()))))  # fmt: skip
        else:
            action = ACTIONS[0 if event.granted else 1]
            filled = FormFilled(
                node_id=node,
                node_title=title,
                rendered_content=content(asked),
                action_id=action.id,
                action_text=action.title,
                submitted_data={"comment": event.comment} if event.comment else None,
            )
            self._out.put(HumanInputFormFilled(filled))
            if event.granted and asked.approvers > 1:
                return  # until the others have decided, too
        del self._open[event.call]

    def ended(self, call: str) -> None:
        """The call returned: nothing is open for it any more."""
        self._open.pop(call, None)
