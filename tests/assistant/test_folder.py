"""The data folder: made for its owner only, one server at a time, one key for all."""

import asyncio
import base64
import fcntl
import os
import stat
import subprocess
import sys

import pytest

from dbmedic.assistant.folder import key_of, open_folder
from dbmedic.core.errors import BadField, FolderTaken, StoreFailed, WrongKey

HOLD = """
import asyncio, sys
from pathlib import Path
from dbmedic.assistant.folder import open_folder

async def main():
    folder = await open_folder(Path(sys.argv[1]))
    await folder.lock()
    print("held", flush=True)
    sys.stdin.read()

asyncio.run(main())
"""

KEY = """
import asyncio, os, sys
from pathlib import Path
from dbmedic.assistant.folder import open_folder

async def main():
    folder = await open_folder(Path(sys.argv[1]))
    print((await folder.key(os.urandom)).hex())

asyncio.run(main())
"""


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


async def test_a_new_folder_and_all_in_it_are_its_owners_only(tmp_path):
    before = os.umask(0)
    try:
        folder = await open_folder(tmp_path / "new" / "data")
        await folder.lock()
        await folder.key(os.urandom)
    finally:
        os.umask(before)
    assert mode(folder.path) == mode(folder.files) == 0o700
    assert mode(folder.path / "key") == mode(folder.path / "lock") == 0o600
    folder.unlock()


async def test_a_place_that_cannot_be_a_folder_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "data"):
        with pytest.raises(StoreFailed, match=f"data folder {path} cannot be made"):
            await open_folder(path)


async def test_a_second_server_is_refused_with_the_folder_and_the_process(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdin=-1, stdout=-1, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        folder = await open_folder(tmp_path)
        with pytest.raises(FolderTaken, match=f"data folder {tmp_path} is served by process {holder.pid}; stop it"):
            await folder.lock()
        holder.kill()
    await folder.lock()
    assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    folder.unlock()


async def test_a_folder_given_free_can_be_taken_again(tmp_path):
    (tmp_path / "lock").write_text("99999999999999 of a server that is gone\n")
    one, two = await open_folder(tmp_path), await open_folder(tmp_path)
    await one.lock()
    await one.lock()
    with pytest.raises(FolderTaken, match=f"process {os.getpid()}"):
        await two.lock()
    assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    one.unlock()
    one.unlock()
    await two.lock()
    two.unlock()


async def test_the_key_is_made_once(tmp_path):
    folder = await open_folder(tmp_path)
    key = await folder.key(os.urandom)
    assert len(key) == 32
    assert await folder.key(lambda _: pytest.fail("made a second key")) == key
    assert key_of((tmp_path / "key").read_text()) == key


async def test_processes_that_start_at_once_get_one_key(tmp_path):
    racers = [subprocess.Popen([sys.executable, "-c", KEY, tmp_path], stdout=-1, text=True) for _ in range(4)]
    said = {racer.communicate(timeout=60)[0] for racer in racers}
    assert [racer.returncode for racer in racers] == [0] * 4
    assert said == {(await (await open_folder(tmp_path)).key(os.urandom)).hex() + "\n"}


@pytest.mark.parametrize("content", [b"short\n", b"\xff\xfe", b"A" * 43])
async def test_a_file_that_holds_no_key_is_never_overwritten(tmp_path, content):
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(WrongKey, match="does not hold a key"):
        await (await open_folder(tmp_path)).key(os.urandom)
    assert (tmp_path / "key").read_bytes() == content


async def test_waiting_for_the_key_does_not_hold_up_the_loop(tmp_path):
    folder = await open_folder(tmp_path)
    file = os.open(tmp_path / "key", os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX)
    task = asyncio.ensure_future(folder.key(os.urandom))
    await asyncio.sleep(0.02)
    assert not task.done()
    os.close(file)
    assert len(await task) == 32


def test_a_key_may_be_written_as_base64_or_hexadecimal():
    key = bytes(range(32))
    assert key_of(base64.b64encode(key).decode() + "\n") == key_of(key.hex()) == key_of(key.hex().upper()) == key


@pytest.mark.parametrize("text", ["", "correct horse battery staple", "00" * 31, "é" * 64, "zz" * 32])
def test_a_key_of_another_form_is_refused_without_repeating_it(text):
    with pytest.raises(BadField, match="32 bytes as base64 or hexadecimal") as refused:
        key_of(text)
    assert refused.value.name == "key"
    assert not text or text not in str(refused.value)
