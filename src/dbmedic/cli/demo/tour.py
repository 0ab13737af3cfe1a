"""Asks the demo's two questions as any client would: over HTTP, with an app key, reading server-sent events."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout

from dbmedic.cli.progress import Progress
from dbmedic.kit.sse import Reader

INSTANCE = "rm-demo-shop"
QUESTIONS = (
    f"实例{INSTANCE} 磁盘使用率,是否需要扩容",
    "The orders page got slow this morning, why?",
)
TURN_S = 120.0


async def ready(session: ClientSession, url: str, *, within_s: float) -> bool:
    """Whether the server takes questions, at the latest after `within_s`."""
    until = asyncio.get_running_loop().time() + within_s
    while asyncio.get_running_loop().time() < until:
        try:
            async with session.get(f"{url}/ready") as answer:
                if answer.status == 200:
                    return True
        except ClientError:
            pass
        await asyncio.sleep(0.05)
    return False


async def ask(session: ClientSession, url: str, key: str, question: str, progress: Progress) -> bool:
    """Prints one answer as it streams, with the steps taken; False when the turn did not end in an answer."""
    body = {"query": question, "inputs": {}, "response_mode": "streaming", "user": "demo"}
    head = {"Authorization": f"Bearer {key}"}
    reader, told = Reader(), Told(progress)
    progress.doing("asking")
    try:
        async with session.post(
            f"{url}/v1/chat-messages", json=body, headers=head, timeout=ClientTimeout(total=TURN_S)
        ) as answer:
            if answer.status != 200:
                progress.did(f"the server says {answer.status}: {(await answer.text())[:500]}", ok=False)
                return False
            async for piece in answer.content.iter_any():
                for sent in reader.feed(piece):
                    told.tell(msgspec.json.decode(sent.data))
    except (ClientError, TimeoutError) as error:
        progress.did(f"the connection failed: {error or type(error).__name__}", ok=False)
        return False
    progress.end()
    return told.answered


class Told:
    """What the frames of one stream come to on a terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._checks: list[tuple[str, str]] = []
        self._text = self._ended = self._failed = False

    @property
    def answered(self) -> bool:
        """The answer came and was not cut short."""
        return self._text and self._ended and not self._failed

    def tell(self, frame: dict[str, Any]) -> None:
        """Shows one frame; those that say nothing to a reader are skipped."""
        data = frame.get("data") or {}
        match frame.get("event"):
            case "node_started":
                self._checks.clear()
                self._progress.doing(data["title"])
            case "agent_log" if check := data["data"].get("check"):
                self._checks.append((check, data["data"]["level"]))
                self._progress.doing(f"{len(self._checks)} checks: {check}")
            case "agent_log" if (thought := data["data"].get("thought")) and not self._text:
                self._progress.did(" ".join(thought.split()))
            case "node_finished" if data["node_type"] != "llm" or data["status"] != "succeeded":
                self._progress.did(self._step(data), data["elapsed_time"], ok=data["status"] == "succeeded")
            case "message":
                self._text = self._text or bool(frame["answer"])
                self._progress.say(frame["answer"])
            case "message_end":
                self._ended = True
            case "error":
                self._failed = True
                self._progress.did(f"{frame['code']}: {frame['message']}", ok=False)
            case "workflow_finished":
                self._failed = self._failed or data["status"] != "succeeded"
            case _:
                pass

    def _step(self, node: dict[str, Any]) -> str:
        """A step that was taken: "diagnose rm-demo-shop, slow: 30 checks, not normal: top-queries (warning)"."""
        given = (node["inputs"] or {}).values()
        said = f"{node['title']} " + ", ".join(
            " ".join(map(str, one)) if isinstance(one, list) else str(one) for one in given
        )
        if self._checks:
            found = [f"{check} ({level})" for check, level in self._checks if level != "normal"]
            said += f": {len(self._checks)} checks, " + (f"not normal: {', '.join(found)}" if found else "all normal")
        return said
