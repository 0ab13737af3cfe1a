"""DAS 2020-01-16: `POST /` with its version, and the documented paths `/chat`, `/agent` and `/getDasAgentSSE`."""

from __future__ import annotations

from dbmedic.api import Api
from dbmedic.api.aliyun_gate import api
from dbmedic.assistant import Assistant


def routes(assistant: Assistant) -> Api:
    return api("das", assistant)
