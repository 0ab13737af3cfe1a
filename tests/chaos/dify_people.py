"""End users of an app by the published dify-client; what it has no method for, with what it is made of (`requests`)."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Iterator
from typing import Any, Final

import requests
from dify_client import ChatClient

from chaos.tally import GIVE_UP_S, KINDS, Kept, Tally, Turn

PAUSE_S: Final = 0.1
LONG_S: Final = 30.0
_CUT: Final = (requests.RequestException, OSError)
_ENDS: Final = ("message_end", "workflow_finished")


class DifyPerson:
    """Asks, stops, decides; asks again where nothing was acknowledged, and follows on where a stream was cut."""

    def __init__(self, number: int, url: str, key: str, approver: str, tally: Tally, chance: random.Random) -> None:
        self.user = f"dify-{number}"
        self.conversation = ""
        self._number = number // 2
        self._tally, self._chance, self._url = tally, chance, f"{url}/v1"
        self._client = ChatClient(key)
        self._client.base_url = self._url
        self._key, self._approver = {"Authorization": f"Bearer {key}"}, {"Authorization": f"Bearer {approver}"}

    async def talk(self, rounds: int) -> None:
        for number in range(rounds):
            await asyncio.to_thread(self._ask, number, KINDS[(self._number + number) % len(KINDS)])

    def _ask(self, number: int, kind: str) -> None:
        until, attempt = time.monotonic() + GIVE_UP_S, 0
        while time.monotonic() < until:
            attempt += 1
            mark = f"{self.user}-{number}-{attempt}-{kind}"
            if (turn := self._begun(mark, kind, until)) is not None:
                self._to_its_end(turn, time.monotonic() + GIVE_UP_S)
                return
            time.sleep(PAUSE_S)
        self._tally.wrong.append(f"{self.user}: no answer within {GIVE_UP_S:g} s")

    def _begun(self, mark: str, kind: str, until: float) -> Turn | None:
        """The turn of a new question as far as its first stream went; None when it was not acknowledged."""
        turn: Turn | None = None
        try:
            with self._client.create_chat_message(
                {}, f"say {mark}", self.user, "streaming", self.conversation or None
            ) as response:
                if response.status_code != 200:
                    self._tally.counts[f"asked again after {response.status_code}"] += 1
                    return None
                for _, event in _events(response, until):
                    if turn is None and event.get("message_id"):
                        turn = Turn(mark, event["message_id"], event["task_id"])
                        self.conversation = event["conversation_id"]
                        self._tally.turns.append(turn)
                    if turn is not None:
                        self._hear(turn, event)
                        if kind == "stop" and not turn.stopped:
                            self._stop(turn)
        except _CUT:
            self._tally.counts["connection cut"] += 1
        if turn is None:
            self._tally.counts["asked again, unacknowledged"] += 1
        return turn

    def _to_its_end(self, turn: Turn, until: float) -> None:
        """Follows on after the last event that was heard, on whichever replica, and decides what waits."""
        last, form = "0", ""
        if not turn.ended:
            turn.heard = ""  # its first stream had no ids
        while not turn.ended and time.monotonic() < until:
            self._tally.counts["followed on" if last != "0" else "followed from the first event"] += 1
            place, query = f"{self._url}/workflow/{turn.task}/events", {"user": self.user}
            if form:
                query["continue_on_pause"] = "true"
            headers = {**self._key, "Last-Event-ID": last}
            try:
                with requests.get(place, params=query, headers=headers, stream=True, timeout=LONG_S) as response:
                    if response.status_code != 200:
                        self._tally.counts[f"followed again after {response.status_code}"] += 1
                    for id, event in _events(response, until):
                        last = id or last
                        self._hear(turn, event)
                        if event["event"] == "human_input_required":
                            form = event["data"]["form_token"]
            except _CUT:
                self._tally.counts["connection cut"] += 1
            if form and not turn.acknowledged:
                self._decide(turn, form)
            if not turn.ended:
                time.sleep(PAUSE_S)

    def _stop(self, turn: Turn) -> None:
        place = f"{self._url}/chat-messages/{turn.task}/stop"
        try:
            response = requests.post(place, json={"user": self.user}, headers=self._key, timeout=LONG_S)
        except _CUT:
            return
        if response.status_code == 200:
            turn.stopped = time.monotonic()
            self._tally.counts["stopped"] += 1

    def _decide(self, turn: Turn, token: str) -> None:
        """As an operator with the form; what was sent once is sent again, for it may have come through."""
        turn.decided = turn.decided or self._chance.choice(["grant", "grant", "grant", "refuse"])
        action = "approve" if turn.decided == "grant" else "reject"
        place, body = f"{self._url}/form/human_input/{token}", {"user": "operator", "inputs": {}, "action": action}
        try:
            response = requests.post(place, json=body, headers=self._approver, timeout=LONG_S)
        except _CUT:
            self._tally.counts["decision cut"] += 1
            return
        turn.acknowledged = response.status_code in (200, 412)
        turn.unknown = turn.unknown or (response.text if response.status_code == 404 else "")
        if not turn.acknowledged:
            self._tally.counts[f"decided again after {response.status_code} {response.text[:60]}"] += 1

    def _hear(self, turn: Turn, event: dict[str, Any]) -> None:
        if event["event"] == "message":
            turn.heard += event["answer"]
        turn.ended = turn.ended or event["event"] in _ENDS

    async def kept(self) -> dict[str, Kept]:
        """Messages of the conversation by id."""
        if not self.conversation:
            return {}
        response = await asyncio.to_thread(
            self._client.get_conversation_messages, self.user, self.conversation, None, "100"
        )
        response.raise_for_status()
        rows = response.json()["data"]
        assert len({row["id"] for row in rows}) == len(rows)
        return {row["id"]: Kept(row["query"], row["answer"]) for row in rows}


def _events(response: requests.Response, until: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each event with its id; one that was cut off in the middle is none."""
    id, data = "", ""
    for line in response.iter_lines(decode_unicode=True):
        if time.monotonic() > until:
            raise requests.Timeout("no end of the stream")
        if line.startswith("id: "):
            id = line[4:]
        elif line.startswith("data: "):
            data = line[6:]
        elif not line and data:
            yield id, json.loads(data)
            id = data = ""
