"""Images go to a model that sees them, any other says that it did not; files stay known to their conversation."""

from __future__ import annotations

import asyncio
import base64
import zlib
from pathlib import Path
from typing import Any

from dify_client import ChatClient

from clients.running import Server
from clients.test_dify_client import ANSWER, client_of
from clients.test_dify_keeping import LOG, sent, upload
from models.script import Script, playing


def png() -> bytes:
    """One red pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x08\x02\0\0\0")
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")


URL = f"data:image/png;base64,{base64.b64encode(png()).decode()}"


def image(client: ChatClient) -> list[dict[str, str]]:
    answer = client.file_upload("u1", {"file": ("面板.png", png(), "image/png")})
    assert answer.status_code == 201, answer.text
    return [{"type": "image", "transfer_method": "local_file", "upload_file_id": answer.json()["id"]}]


def asked_of(script: Script, at: int) -> Any:
    """What the model was told last in its nth request."""
    return script.asked[at]["messages"][-1]["content"]


async def test_a_model_that_sees_is_shown_the_image_and_earlier_files_stay_known(tmp_path: Path) -> None:
    async with playing(ANSWER, ANSWER) as script:
        with Server(tmp_path, model_url=script.url, model="script", model_vision="true") as server:

            def talk() -> None:
                client = client_of(server)
                offered = client.get_application_parameters("u1").json()["file_upload"]
                assert ".png" in offered["allowed_file_extensions"]
                files = [*image(client), *sent(upload(client, "u1")["id"])]
                first = client.create_chat_message({}, "What is this?", "u1", files=files).json()
                conversation = first["conversation_id"]
                client.create_chat_message({}, "And now?", "u1", conversation_id=conversation)
                client.create_chat_message({}, "What else?", "u1")
                (row, _) = client.get_conversation_messages("u1", conversation).json()["data"]
                assert {one["type"] for one in row["message_files"]} == {"image", "document"}

            await asyncio.to_thread(talk)
            first, second, other = (asked_of(script, at) for at in range(3))
    text, shown = first
    assert shown == {"type": "image_url", "image_url": {"url": URL}}
    assert "Image attached: 面板.png" in text["text"]
    assert LOG.decode().strip() in text["text"]
    text, shown = second
    assert text["text"].startswith("And now?")
    assert "Image attached earlier: 面板.png" in text["text"]
    assert '<data file="server.log" earlier>' in text["text"]
    assert shown["image_url"]["url"] == URL
    assert other == "What else?"


async def test_a_model_that_sees_none_is_told_to_say_so(tmp_path: Path) -> None:
    async with playing(ANSWER) as script:
        with Server(tmp_path, model_url=script.url, model="script") as server:
            client = client_of(server)
            files = await asyncio.to_thread(image, client)
            await asyncio.to_thread(client.create_chat_message, {}, "What is this?", "u1", files=files)
            told = asked_of(script, 0)
    assert told.startswith("What is this?\n\nImage attached: 面板.png")
    assert "images were not read" in told


async def test_the_analyst_says_that_it_has_not_looked(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        client = client_of(server)
        files = await asyncio.to_thread(image, client)
        asked = (await asyncio.to_thread(client.create_chat_message, {}, "图里是什么?", "u1", files=files)).json()
        conversation = asked["conversation_id"]
        again = await asyncio.to_thread(client.create_chat_message, {}, "你好", "u1", conversation_id=conversation)
    assert asked["answer"].startswith("我看不到图片，因此没有查看 面板.png。")
    assert "看不到图片" not in again.json()["answer"]
