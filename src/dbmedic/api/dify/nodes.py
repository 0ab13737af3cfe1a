"""The nodes of one turn's chatflow: which are open, in which order they came, what was logged inside them."""

from __future__ import annotations

from typing import Any, NamedTuple

from dbmedic.api.dify.frames import (
    AgentLog,
    Frames,
    LogEntry,
    NodeEnd,
    NodeFinished,
    NodeRetry,
    NodeStart,
    NodeStarted,
    RetriedNode,
)
from dbmedic.api.dify.wire import named_uuid


class _Open(NamedTuple):
    start: NodeStart
    at: float


class Nodes:
    """Times are seconds since 1970; `node` is the node id, unique in the turn."""

    def __init__(self, turn: str, out: Frames) -> None:
        self._turn, self._out = bytes.fromhex(turn.replace("-", "")), out
        self._open: dict[str, _Open] = {}
        self._last: str | None = None
        self.steps = 0
        """Nodes that were started."""

    def __contains__(self, node: str) -> bool:
        """Whether the node is open."""
        return node in self._open

    def id(self, name: str) -> str:
        """The same UUID for the same thing of this turn, whenever it is told."""
        return named_uuid(self._turn, name)

    def start(self, node: str, kind: str, title: str, inputs: dict[str, Any] | None, at: float) -> None:
        self.steps += 1
        start = NodeStart(
            id=self.id(node),
            node_id=node,
            node_type=kind,
            title=title,
            index=self.steps,
            predecessor_node_id=self._last,
            inputs=inputs,
            created_at=int(at),
        )
        self._open[node] = _Open(start, at)
        self._out.put(NodeStarted(start))

    def end(self, node: str, status: str, *, took_s: float | None = None, at: float = 0.0, **rest: Any) -> None:
        """Ends a node that is open, `took_s` after its start or else at `at`."""
        opened = self._open.pop(node, None)
        if opened is not None:
            self._last = node
            took_s = at - opened.at if took_s is None else took_s
            self._out.put(NodeFinished(NodeEnd(**_repeated(opened, took_s), status=status, **rest)))

    def end_all(self, status: str, at: float, error: str | None) -> None:
        for node in tuple(self._open):
            self.end(node, status, at=at, error=error)

    def retry(self, node: str, at: float, error: str, times: int) -> None:
        """Tells that an open node failed and is tried again, for the nth time."""
        opened = self._open[node]
        again = RetriedNode(**_repeated(opened, at - opened.at), status="retry", error=error, retry_index=times)
        self._out.put(NodeRetry(again))

    def log(self, node: str, step: str, label: str, status: str, data: dict[str, Any], **rest: Any) -> None:
        """A step inside a node; the same `step` again replaces it."""
        entry = LogEntry(
            node_execution_id=self._open[node].start.id if node in self._open else self.id(node),
            id=self.id(f"{node}/{step}"),
            label=label,
            status=status,
            data=data,
            node_id=node,
            **rest,
        )
        self._out.put(AgentLog(entry))


def _repeated(opened: _Open, took_s: float) -> dict[str, Any]:
    """What the end of a node repeats from its start, and its times."""
    start = opened.start
    return {
        "id": start.id,
        "node_id": start.node_id,
        "node_type": start.node_type,
        "title": start.title,
        "index": start.index,
        "predecessor_node_id": start.predecessor_node_id,
        "inputs": start.inputs,
        "elapsed_time": round(took_s, 6),
        "created_at": start.created_at,
        "finished_at": int(opened.at + took_s),
    }
