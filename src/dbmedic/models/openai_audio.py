"""The `Voice` port over an OpenAI-compatible audio service: what was said becomes text, text becomes speech.

https://platform.openai.com/docs/api-reference/audio; the same routes are served by faster-whisper-server, Kokoro,
LocalAI and others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from dbmedic.core.errors import ModelDown
from dbmedic.models.openai_wire import trouble

if TYPE_CHECKING:
    import aiohttp

SECONDS: Final = 120.0
PIECE: Final = 1 << 15
SAID_CHARS: Final = 4000
"""Of one request to speak; services take 4096."""
SENTENCE_ENDS: Final = (". ", "! ", "? ", "\n", "。", "！", "？")
ERROR_BYTES: Final = 65_536


class OpenaiAudio:
    """Both directions are optional: an empty model means that the service is not asked for it."""

    def __init__(self, url: str, *, hears: str = "", speaks: str = "", voice: str = "alloy", key: str = "") -> None:
        """`url`: the base, with its `/v1`; `hears` and `speaks`: names of the models."""
        self._url, self._hears, self._speaks, self._voice = url.rstrip("/"), hears, speaks, voice
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http: aiohttp.ClientSession | None = None

    @property
    def hears(self) -> bool:
        return bool(self._hears)

    @property
    def speaks(self) -> str:
        return self._voice if self._speaks else ""

    async def hear(self, audio: Path, name: str, mime: str, /) -> str:
        """What was said in a recording.  Raises `ModelDown`."""
        import aiohttp

        data = aiohttp.FormData()
        data.add_field("model", self._hears)
        file = await asyncio.to_thread(audio.open, "rb")
        try:
            data.add_field("file", file, filename=name, content_type=mime)
            async with asyncio.timeout(SECONDS), self._session().post(self._to("transcriptions"), data=data) as answer:
                await _good(answer)
                said: Any = msgspec.json.decode(await answer.read())
        except (aiohttp.ClientError, OSError, msgspec.DecodeError) as fault:
            raise _down(fault) from fault
        finally:
            await asyncio.to_thread(file.close)
        if not isinstance(said, dict) or not isinstance(said.get("text"), str):
            raise ModelDown("the audio service answered without a text")
        text: str = said["text"]
        return text

    async def speak(self, text: str, voice: str | None, /) -> AsyncIterator[bytes]:
        """MP3 in pieces as they come; a long text is said part after part.  Raises `ModelDown`."""
        import aiohttp

        for part in parts(text):
            body = {
                "model": self._speaks,
                "voice": voice or self._voice,
                "input": part,
                "response_format": "mp3",
            }
            try:
                async with self._session().post(self._to("speech"), json=body) as answer:
                    await _good(answer)
                    async for piece in answer.content.iter_chunked(PIECE):
                        yield piece
            except (aiohttp.ClientError, OSError) as fault:
                raise _down(fault) from fault

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    def _to(self, what: str) -> str:
        return f"{self._url}/audio/{what}"

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            import aiohttp

            timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=SECONDS)
            self._http = aiohttp.ClientSession(headers=self._headers, timeout=timeout)
        return self._http


def parts(text: str) -> list[str]:
    """A text in parts that can be said at once, cut behind a sentence where there is one.  Pure."""
    found, rest = [], text.strip()
    while len(rest) > SAID_CHARS:
        head = rest[:SAID_CHARS]
        cut = max(head.rfind(end) for end in SENTENCE_ENDS)
        cut = cut if cut > 0 else head.rfind(" ")
        cut = cut + 1 if cut > 0 else SAID_CHARS
        found.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    return [*found, rest] if rest else found


async def _good(answer: aiohttp.ClientResponse) -> None:
    """Raises `ModelDown` with what the service says."""
    if answer.status == 200:
        return
    said = await answer.content.read(ERROR_BYTES)
    try:
        why = trouble(msgspec.json.decode(said))
    except msgspec.DecodeError:
        why = trouble(said.decode("utf-8", "replace"))
    raise ModelDown(f"the audio service answered {answer.status}: {why or answer.reason}")


def _down(fault: Exception) -> ModelDown:
    if isinstance(fault, TimeoutError):
        return ModelDown(f"the audio service did not answer within {SECONDS:g} s")
    return ModelDown(f"the audio service could not be asked ({type(fault).__name__})")
