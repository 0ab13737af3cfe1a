"""RDS AI 2025-05-07: `POST /` with its version, and the documented `/v1/chat-messages`."""

from __future__ import annotations

from dbmedic.api import Api
from dbmedic.api.aliyun_gate import api
from dbmedic.assistant import Assistant


def routes(assistant: Assistant) -> Api:
    return api("rdsai", assistant)
