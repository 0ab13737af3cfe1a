"""PolarDB 2017-08-01: `POST /` with its version; of its operations only those of the agent."""

from __future__ import annotations

from dbmedic.api import Api
from dbmedic.api.aliyun_gate import api
from dbmedic.assistant import Assistant


def routes(assistant: Assistant) -> Api:
    return api("polardb", assistant)
