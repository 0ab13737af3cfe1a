"""ListCustomAgentTools: what a custom agent may be allowed to use, described in four languages."""

from __future__ import annotations

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.rdsai.tools import described
from dbmedic.assistant import Assistant

NAME = "ListCustomAgentTools"


def parse(_: Fields) -> None:
    return None


def run(assistant: Assistant, _: None, __: Asked) -> Answer:
    return {"Data": [described(spec) for spec in assistant.turns.tools]}
