"""Recordings and speech through an audio service of the operator's, and what is answered where there is none."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from dify_client import ChatClient

from clients.described import described
from clients.running import Server
from clients.test_dify_client import client_of
from dbmedic.models.openai_audio import SAID_CHARS, parts
from models.audio_script import MP3, speaking

SOUND = ("question.mp3", b"\xff\xfb\x90\x00" * 100, "audio/mp3")


def hear(client: ChatClient, *file: Any) -> requests.Response:
    answer = client._send_request_with_files("POST", "/audio-to-text", {"user": "u1"}, {"file": file} if file else None)
    assert isinstance(answer, requests.Response)
    return answer


def speak(client: ChatClient, **body: Any) -> requests.Response:
    answer = client._send_request("POST", "/text-to-audio", {"user": "u1", **body})
    assert isinstance(answer, requests.Response)
    return answer


async def test_what_was_said_is_written_down_and_an_answer_is_read_aloud(tmp_path: Path) -> None:
    async with speaking() as service:
        settings = {
            "audio_url": service.url,
            "audio_key": "s3cret",
            "hearing_model": "whisper",
            "speaking_model": "tts",
        }
        with Server(tmp_path, **settings, voice="nova") as server:

            def talk() -> None:
                client = client_of(server)
                offered = client.get_application_parameters("u1").json()
                assert offered["speech_to_text"] == {"enabled": True}
                assert offered["text_to_speech"]["enabled"] is True
                assert offered["text_to_speech"]["voice"] == "nova"
                assert hear(client, *SOUND).json() == {"text": "磁盘满了吗?"}
                aloud = speak(client, text="The disk is full.", voice="echo")
                assert (aloud.headers["Content-Type"], aloud.content) == ("audio/mpeg", MP3)
                asked = client.create_chat_message({}, "hello", "u1").json()
                assert speak(client, message_id=asked["message_id"], text="not this").content == MP3
                for message in (str(uuid4()), asked["message_id"]):
                    nobodys = speak(client, message_id=message, user="u2")
                    assert (nobodys.status_code, nobodys.json()) == (200, None)
                assert service.asked[2][1]["input"] == asked["answer"].strip()
                for answer, status, code in (
                    (hear(client, "a.txt", b"x", "text/plain"), 415, "unsupported_audio_type"),
                    (hear(client, "a.mp3", b"\0" * (30 * 1024 * 1024 + 1), "audio/mp3"), 413, "audio_too_large"),
                    (speak(client), 400, "invalid_param"),
                ):
                    assert (answer.status_code, answer.json()["code"]) == (status, code)

            await asyncio.to_thread(talk)
            heard, said, _ = service.asked
            assert heard == (
                "transcriptions",
                {"model": "whisper", "name": SOUND[0], "mime": SOUND[2], "bytes": SOUND[1], "key": "Bearer s3cret"},
            )
            body = {"model": "tts", "voice": "echo", "input": "The disk is full.", "response_format": "mp3"}
            assert said == ("speech", body)
            assert list((tmp_path / "files").iterdir()) == [], "recordings are not kept"
            service.refuses = (429, {"error": {"message": "slow down"}})
            for answer in (
                await asyncio.to_thread(lambda: hear(client_of(server), *SOUND)),
                await asyncio.to_thread(lambda: speak(client_of(server), text="x")),
            ):
                assert (answer.status_code, answer.json()["code"]) == (400, "completion_request_error")
                assert "slow down" in answer.json()["message"]


async def test_a_server_without_such_a_service_says_so(tmp_path: Path) -> None:
    def talk(client: ChatClient) -> None:
        offered = client.get_application_parameters("u1").json()
        assert (offered["speech_to_text"], offered["text_to_speech"]) == ({"enabled": False}, {"enabled": False})
        deaf = hear(client, *SOUND)
        assert (deaf.status_code, deaf.json()["code"]) == (400, "speech_to_text_disabled")
        dumb = speak(client, text="x")
        assert (dumb.status_code, dumb.json()["message"]) == (400, "TTS is not enabled")

    with Server(tmp_path) as server:
        await asyncio.to_thread(talk, client_of(server))
        operation = described(server.url).operation("POST", "/v1/text-to-audio")
    assert set(operation["responses"]["200"]["content"]) == {"audio/mpeg", "application/json"}


def test_a_long_text_is_said_in_parts_that_end_with_a_sentence() -> None:
    text = "One sentence. " * 1000
    found = parts(text)
    assert " ".join(found) == text.strip()
    assert all(len(part) <= SAID_CHARS and part.endswith(".") for part in found)
    assert [len(part) for part in parts("磁" * (SAID_CHARS + 1))] == [SAID_CHARS, 1]
    assert parts("  ") == []
