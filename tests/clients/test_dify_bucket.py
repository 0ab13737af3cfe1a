"""Files in a bucket: another machine, or the same one with an empty folder, still has them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import requests

from clients.running import Server
from clients.test_dify_client import client_of
from clients.test_dify_keeping import LOG, headers, sent, upload
from store.s3_script import KEY, REGION, SECRET, s3


async def test_files_outlive_the_folder(tmp_path: Path) -> None:
    async with s3() as service:
        settings = {
            "bucket": "s3://shop/files", "bucket_endpoint": service.url, "bucket_region": REGION,
            "bucket_key": KEY, "bucket_secret": SECRET,
        }  # fmt: skip
        server = Server(tmp_path, **settings)

        def talk() -> None:
            server.start()
            client = client_of(server)
            file = upload(client, "u1")
            client.create_chat_message({}, "What is in this file?", "u1", files=sent(file["id"]))
            assert list(service.objects) == [f"/shop/files/{file['id']}"]
            assert server.end() == 0
            for path in (tmp_path / "files").iterdir():
                path.unlink()
            server.start()
            client = client_of(server, client.api_key)
            shown = requests.get(f"{client.base_url}/files/{file['id']}/preview", headers=headers(client), timeout=10)
            assert shown.content == LOG
            again = client.create_chat_message({}, "What is in this file?", "u1", files=sent(file["id"]))
            assert "log of PostgreSQL" in again.json()["answer"]
            service.fails = 403
            refused = client.file_upload("u1", {"file": ("b.log", b"later", "text/plain")})
            assert (refused.status_code, refused.json()["code"]) == (500, "internal_server_error")
            assert "bucket" in refused.json()["message"]
            assert not list((tmp_path / "files").glob("*.part"))
            assert server.end() == 0

        try:
            await asyncio.to_thread(talk)
        finally:
            server.end()
