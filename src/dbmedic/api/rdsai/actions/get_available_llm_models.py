"""GetAvailableLLMModels: ids of the models; there are no application instances, so any instance name will do."""

from __future__ import annotations

from dbmedic.api.aliyun_fields import Fields
from dbmedic.api.aliyun_gate import Answer, Asked
from dbmedic.api.aliyun_reply import Fault
from dbmedic.assistant import Assistant

NAME = "GetAvailableLLMModels"


def parse(fields: Fields) -> None:
    fields.required("InstanceName")
    fields.required("RegionId")
    token = fields.text("ClientToken", limit=64)
    if token is not None and not token.isascii():
        raise Fault("InvalidParameter", "The provided parameter is invalid: ClientToken must be ASCII.")


def run(assistant: Assistant, _: None, __: Asked) -> Answer:
    return {"Models": list(assistant.turns.models)}
