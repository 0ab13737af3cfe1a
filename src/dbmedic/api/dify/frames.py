"""The frames of a Dify chatflow stream, as values and as bytes.

Shapes and field order only: which frame follows which event is decided in `projection.py`.  Every field is always
present; what may be null says so.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, TypeAlias

import msgspec
from msgspec import Struct

PING = b"event: ping\n\n"
"""The one frame that is not JSON."""


class Ids(Struct, frozen=True, kw_only=True):
    """What nearly every frame repeats."""

    conversation: str
    message: str
    task: str
    run: str
    created_at: int
    """When the message was made, whatever the frame tells."""


class Usage(Struct, frozen=True, kw_only=True):
    """Prices are decimal texts, times are seconds."""

    prompt_tokens: int = 0
    prompt_unit_price: str = "0"
    prompt_price_unit: str = "0"
    prompt_price: str = "0"
    completion_tokens: int = 0
    completion_unit_price: str = "0"
    completion_price_unit: str = "0"
    completion_price: str = "0"
    total_tokens: int = 0
    total_price: str = "0"
    currency: str = "USD"
    latency: float = 0.0
    time_to_first_token: float | None = None
    time_to_generate: float | None = None


class Resource(Struct, frozen=True, kw_only=True):
    """A citation; typed clients refuse null in all fields up to `content`."""

    position: int
    dataset_id: str
    dataset_name: str
    document_id: str
    document_name: str
    segment_id: str
    score: float
    content: str
    data_source_type: str | None = None
    retriever_from: str | None = "api"
    hit_count: int | None = None
    word_count: int | None = None
    segment_position: int | None = None
    index_node_hash: str | None = None
    page: int | None = None
    doc_metadata: dict[str, Any] | None = None
    title: str | None = None
    files: list[Any] | None = None
    summary: str | None = None


class Metadata(Struct, frozen=True, kw_only=True):
    annotation_reply: dict[str, Any] | None = None
    retriever_resources: list[Resource] = []
    usage: Usage = Usage()
    reasoning: dict[str, str] = {}
    """Node id -> what the model thought there."""


class WorkflowStart(Struct, frozen=True, kw_only=True):
    id: str
    workflow_id: str
    inputs: dict[str, Any]
    created_at: int
    reason: str = "initial"


class NodeStart(Struct, frozen=True, kw_only=True):
    id: str
    node_id: str
    node_type: str
    title: str
    index: int
    """From 1."""
    predecessor_node_id: str | None
    inputs: dict[str, Any] | None
    inputs_truncated: bool = False
    created_at: int
    extras: dict[str, Any] = {}
    iteration_id: str | None = None
    loop_id: str | None = None
    agent_strategy: dict[str, Any] | None = None


class NodeEnd(Struct, frozen=True, kw_only=True):
    id: str
    node_id: str
    node_type: str
    title: str
    index: int
    predecessor_node_id: str | None
    inputs: dict[str, Any] | None
    inputs_truncated: bool = False
    process_data: dict[str, Any] | None = None
    process_data_truncated: bool = False
    outputs: dict[str, Any] | None = None
    outputs_truncated: bool = False
    status: str
    error: str | None = None
    elapsed_time: float
    execution_metadata: dict[str, Any] | None = None
    created_at: int
    finished_at: int
    files: list[Any] = []
    iteration_id: str | None = None
    loop_id: str | None = None


class ShortStart(Struct, frozen=True, kw_only=True):
    """A node in the state of a run that is taken up again."""

    id: str
    node_id: str
    node_type: str
    title: str
    index: int
    predecessor_node_id: str | None
    inputs: None = None
    created_at: int
    extras: dict[str, Any] = {}
    iteration_id: str | None = None
    loop_id: str | None = None


class ShortEnd(Struct, frozen=True, kw_only=True):
    id: str
    node_id: str
    node_type: str
    title: str
    index: int
    predecessor_node_id: str | None
    inputs: None = None
    process_data: None = None
    outputs: None = None
    status: str
    error: str | None
    elapsed_time: float
    execution_metadata: None = None
    created_at: int
    finished_at: int
    files: list[Any] = []
    iteration_id: str | None = None
    loop_id: str | None = None


class RetriedNode(NodeEnd, frozen=True, kw_only=True):
    retry_index: int


class LogEntry(Struct, frozen=True, kw_only=True):
    """A step inside a node; the same `id` again replaces it."""

    node_execution_id: str
    id: str
    label: str
    parent_id: str | None = None
    error: str | None = None
    status: str
    data: dict[str, Any]
    metadata: dict[str, Any] = {}
    node_id: str


class WorkflowEnd(Struct, frozen=True, kw_only=True):
    id: str
    workflow_id: str
    status: str
    outputs: dict[str, Any] | None
    error: str | None
    elapsed_time: float
    total_tokens: int
    total_steps: int
    created_by: dict[str, str]
    created_at: int
    finished_at: int
    exceptions_count: int
    files: list[Any] = []


class Action(Struct, frozen=True):
    """What a person may choose in a form."""

    id: str
    title: str
    button_style: str


class FormNeeded(Struct, frozen=True, kw_only=True):
    """What a person must decide before the run goes on."""

    form_id: str
    node_id: str
    node_title: str
    form_content: str
    """Markdown."""
    inputs: list[Any]
    actions: list[Action]
    display_in_ui: bool = True
    form_token: str
    approval_channels: list[Any] = []
    resolved_default_values: dict[str, str] = {}
    expiration_time: int


class FormFilled(Struct, frozen=True, kw_only=True):
    node_id: str
    node_title: str
    rendered_content: str
    action_id: str
    action_text: str
    submitted_data: dict[str, Any] | None = None


class FormTimeout(Struct, frozen=True, kw_only=True):
    node_id: str
    node_title: str
    expiration_time: int


class Pause(Struct, frozen=True, kw_only=True):
    """A run that waits for a person."""

    workflow_run_id: str
    paused_nodes: list[str]
    outputs: dict[str, Any] = {}
    reasons: list[Any]
    status: str = "paused"
    created_at: int
    elapsed_time: float
    total_tokens: int
    total_steps: int


class WorkflowStarted(Struct, frozen=True, tag_field="event", tag="workflow_started"):
    data: WorkflowStart
    of_run: ClassVar[bool] = True


class NodeStarted(Struct, frozen=True, tag_field="event", tag="node_started"):
    data: NodeStart
    of_run: ClassVar[bool] = True


class NodeRetry(Struct, frozen=True, tag_field="event", tag="node_retry"):
    data: RetriedNode
    of_run: ClassVar[bool] = True


class NodeFinished(Struct, frozen=True, tag_field="event", tag="node_finished"):
    data: NodeEnd
    of_run: ClassVar[bool] = True


class AgentLog(Struct, frozen=True, tag_field="event", tag="agent_log"):
    data: LogEntry
    of_run: ClassVar[bool] = False


class ShortNodeStarted(Struct, frozen=True, tag_field="event", tag="node_started"):
    data: ShortStart
    of_run: ClassVar[bool] = True


class ShortNodeFinished(Struct, frozen=True, tag_field="event", tag="node_finished"):
    data: ShortEnd
    of_run: ClassVar[bool] = True


class MessageReplace(Struct, frozen=True, tag_field="event", tag="message_replace"):
    answer: str
    reason: str
    of_run: ClassVar[bool] = False


class MessageEnd(Struct, frozen=True, tag_field="event", tag="message_end"):
    id: str
    metadata: Metadata
    files: list[Any] = []
    of_run: ClassVar[bool] = False


class WorkflowFinished(Struct, frozen=True, tag_field="event", tag="workflow_finished"):
    data: WorkflowEnd
    of_run: ClassVar[bool] = True


class HumanInputRequired(Struct, frozen=True, tag_field="event", tag="human_input_required"):
    data: FormNeeded
    of_run: ClassVar[bool] = True


class HumanInputFormFilled(Struct, frozen=True, tag_field="event", tag="human_input_form_filled"):
    data: FormFilled
    of_run: ClassVar[bool] = True


class HumanInputFormTimeout(Struct, frozen=True, tag_field="event", tag="human_input_form_timeout"):
    data: FormTimeout
    of_run: ClassVar[bool] = True


class WorkflowPaused(Struct, frozen=True, tag_field="event", tag="workflow_paused"):
    data: Pause
    of_run: ClassVar[bool] = True


class Error(Struct, frozen=True, tag_field="event", tag="error"):
    code: str
    message: str
    status: int
    of_run: ClassVar[bool] = False


Frame: TypeAlias = (
    WorkflowStarted
    | NodeStarted
    | NodeRetry
    | NodeFinished
    | AgentLog
    | ShortNodeStarted
    | ShortNodeFinished
    | MessageReplace
    | MessageEnd
    | WorkflowFinished
    | HumanInputRequired
    | HumanInputFormFilled
    | HumanInputFormTimeout
    | WorkflowPaused
    | Error
)
"""Every frame but `message`, which is text and nothing else, and comes in hundreds."""


class Frames(Protocol):
    """Where a projection puts its frames: a stream of bytes, or one whole message."""

    def open(self, ids: Ids) -> None:
        """Comes first, and again when the turn goes on as another run."""

    def said(self, node: str, text: str) -> None:
        """The next piece of the answer, from a node of type `llm`."""

    def put(self, frame: Frame) -> None: ...


_encode = msgspec.json.Encoder(enc_hook=str).encode


class Writer:
    """`Frames` as server-sent events: one `data:` line each, raw UTF-8, identifiers first."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._node = ""

    def open(self, ids: Ids) -> None:
        common = f'"conversation_id":"{ids.conversation}","message_id":"{ids.message}","created_at":{ids.created_at}'
        self._bare = f",{common}".encode()
        self._plain = f',{common},"task_id":"{ids.task}"'.encode()
        self._run = self._plain + f',"workflow_run_id":"{ids.run}"'.encode()
        self._head = b'data: {"event":"message"%s,"id":"%s","answer":' % (self._plain, ids.message.encode())
        self._node = ""

    def said(self, node: str, text: str) -> None:
        if node != self._node:
            self._node = node
            self._tail = b',"from_variable_selector":[%s,"text"]}\n\n' % _encode(node)
        self._parts += (self._head, _encode(text), self._tail)

    def put(self, frame: Frame) -> None:
        body = _encode(frame)
        head = self._run if frame.of_run else self._bare if type(frame) is Error else self._plain
        cut = body.index(b",")  # after the tag, which has no comma
        self._parts += (b"data: ", body[:cut], head, body[cut:], b"\n\n")

    def take(self) -> bytes:
        """All frames since the last call, as one piece; never half a frame."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data
