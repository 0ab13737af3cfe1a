"""Users of the RDS AI assistant by Alibaba Cloud's own SDK; approvals are decided by an operator over dbmedic's API.

The API has no way to follow a run: a client whose stream was cut reads the message again until it has ended.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any, Final

import aiohttp
from alibabacloud_rdsai20250507 import models as rds
from alibabacloud_rdsai20250507.client import Client
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.runtime import RuntimeOptions

from chaos.tally import GIVE_UP_S, KINDS, Kept, Tally, Turn

PAUSE_S: Final = 0.1
OPTIONS: Final = {"read_timeout": 30_000, "connect_timeout": 5_000}
_OPEN: Final = ("running", "pending_approval")


class AliyunPerson:
    """As `DifyPerson`, by signed calls."""

    def __init__(
        self, number: int, url: str, key: dict[str, str], approver: str, tally: Tally, chance: random.Random
    ) -> None:
        self.user = f"rds-{number}"
        self.conversation = ""
        self._number = number // 2
        self._tally, self._chance, self._url, self._approver = tally, chance, url, approver
        self._client = Client(
            Config(
                access_key_id=key["access_key_id"],
                access_key_secret=key["access_key_secret"],
                region_id="cn-hangzhou",
                endpoint=url.removeprefix("http://"),
                protocol="http",
            )
        )

    async def talk(self, rounds: int) -> None:
        for number in range(rounds):
            await self._ask(number, KINDS[(self._number + number) % len(KINDS)])

    async def _ask(self, number: int, kind: str) -> None:
        until, attempt = time.monotonic() + GIVE_UP_S, 0
        while time.monotonic() < until:
            attempt += 1
            mark = f"{self.user}-{number}-{attempt}-{kind}"
            mode = rds.ChatMessagesRequestInputs(tool_approval_mode="manual")
            request = rds.ChatMessagesRequest(
                query=f"say {mark}", inputs=mode, event_mode="separate", conversation_id=self.conversation or None
            )
            if (turn := await self._streamed(request, until, None, mark)) is not None:
                await self._to_its_end(turn, time.monotonic() + GIVE_UP_S)
                return
            await asyncio.sleep(PAUSE_S)
        self._tally.wrong.append(f"{self.user}: no answer within {GIVE_UP_S:g} s")

    async def _streamed(
        self, request: rds.ChatMessagesRequest, until: float, turn: Turn | None, mark: str = ""
    ) -> Turn | None:
        """The turn as far as this stream went; None when its question was not acknowledged."""
        ended = False
        asked = ""
        try:
            async with asyncio.timeout(max(0.0, until - time.monotonic())):
                async for each in self._client.chat_messages_with_sse_async(request, RuntimeOptions(**OPTIONS)):
                    frame = each.body
                    if turn is None and frame.message_id:
                        turn = Turn(mark, frame.message_id, frame.task_id)
                        self.conversation = frame.conversation_id
                        self._tally.turns.append(turn)
                    if turn is None:
                        continue
                    if frame.event == "message":
                        turn.heard += frame.answer or ""
                    if frame.event == "tool_approval" and frame.approval_status == "pending":
                        asked = frame.call_id
                    ended = ended or frame.event == "workflow_finished"
                    if mark.endswith("stop") and not turn.stopped:
                        await self._stop(turn)
        except Exception as error:  # the SDK's own errors have no common class
            name = getattr(error, "code", None) or type(error).__name__
            self._tally.counts[f"RDS AI: {name}"] += 1
        if turn is None:
            self._tally.counts["asked again, unacknowledged"] += 1
        elif ended and not asked:
            turn.ended = True
        elif not ended:
            turn.whole = False
        return turn

    async def _to_its_end(self, turn: Turn, until: float) -> None:
        """Reads the message until it has ended, and decides what waits."""
        while not turn.ended and time.monotonic() < until:
            row = await self._message(turn.message)
            if row is not None and row.generation_status not in _OPEN:
                turn.ended = True
            elif row is not None and row.generation_status == "pending_approval":
                calls = [event.call_id for event in row.events if event.approval_status == "pending"]
                if calls and await self._decided(turn, calls[-1]):
                    self._tally.counts["resumed"] += 1
                    inputs = rds.ChatMessagesRequestInputs(resume_call_id=calls[-1])
                    request = rds.ChatMessagesRequest(
                        query="", inputs=inputs, event_mode="separate", conversation_id=self.conversation
                    )
                    await self._streamed(request, until, turn)
            if not turn.ended:
                self._tally.counts["read again"] += 1
                await asyncio.sleep(PAUSE_S)

    async def _message(self, id: str) -> Any:
        for row in await self._rows():
            if row.id == id:
                return row
        return None

    async def _rows(self, tries: int = 1) -> list[Any]:
        request = rds.GetMessagesRequest(conversation_id=self.conversation, limit=100, event_mode="separate")
        for left in reversed(range(tries)):
            try:
                answer = await self._client.get_messages_with_options_async(request, RuntimeOptions(**OPTIONS))
                return list(answer.body.data or ())
            except Exception:  # as above
                if not left and tries > 1:
                    raise
                await asyncio.sleep(PAUSE_S)
        return []

    async def _stop(self, turn: Turn) -> None:
        request = rds.ChatMessagesTaskStopRequest(task_id=turn.task)
        try:
            await self._client.chat_messages_task_stop_with_options_async(request, RuntimeOptions(**OPTIONS))
        except Exception:  # as above
            return
        turn.stopped = time.monotonic()
        self._tally.counts["stopped"] += 1

    async def _decided(self, turn: Turn, call: str) -> bool:
        """Whether the decision was acknowledged."""
        turn.decided = turn.decided or ("refuse" if self._chance.random() < 0.25 else "grant")
        place, headers = f"{self._url}/dbmedic/v1/approvals/{call}", {"Authorization": f"Bearer {self._approver}"}
        try:
            async with (
                aiohttp.ClientSession() as http,
                http.post(place, json={"decision": turn.decided}, headers=headers) as response,
            ):
                turn.acknowledged = response.status in (200, 409)
                turn.unknown = turn.unknown or (await response.text() if response.status == 404 else "")
                if turn.acknowledged:
                    return True
                self._tally.counts[f"decided again after {response.status}"] += 1
        except (aiohttp.ClientError, OSError):
            self._tally.counts["decision cut"] += 1
        return False

    async def kept(self) -> dict[str, Kept]:
        """Messages of the conversation by id."""
        rows = await self._rows(tries=10) if self.conversation else []
        assert len({row.id for row in rows}) == len(rows)
        return {row.id: Kept(row.query, row.answer) for row in rows}
