"""What was acknowledged is there after kill -9, whole and in order."""

import json
import signal
import subprocess
import sys
from collections import defaultdict

from dbmedic.store.sqlite import open_store

CHILD = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from dbmedic.core.events import AnswerGrew, Entry
from dbmedic.store.sqlite import open_store

async def keep(store, turn):
    seq = 0
    while True:
        grew = AnswerGrew(reply=1, start=0, text="x" * 400)
        entries = [Entry(turn, seq + n, datetime.now(UTC), grew) for n in (1, 2, 3)]
        await store.append(entries, ("setting_put_new", {"name": f"{turn}:{seq + 3}", "value": ""}))
        seq += 3
        print(f'["{turn}", {seq}]', flush=True)

async def main():
    store = await open_store(Path(sys.argv[1]))
    await asyncio.gather(*(keep(store, f"t{n}") for n in range(20)))

asyncio.run(main())
"""


async def test_kill_minus_nine_loses_nothing_acknowledged(tmp_path):
    path = tmp_path / "store.db"
    with subprocess.Popen([sys.executable, "-c", CHILD, path], stdout=subprocess.PIPE, text=True) as child:
        acknowledged = defaultdict(int)
        for number, line in enumerate(child.stdout):
            if number == 1000:
                child.send_signal(signal.SIGKILL)
            if line.endswith("\n"):
                turn, seq = json.loads(line)
                acknowledged[turn] = seq
    assert child.returncode == -signal.SIGKILL
    assert len(acknowledged) == 20
    store = await open_store(path)
    for turn, seq in acknowledged.items():
        rows = await store.read("events_of_turn", turn=turn)
        assert len(rows) >= seq
        assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
        assert len(rows) % 3 == 0
        assert await store.read("setting_get", name=f"{turn}:{len(rows)}")
        assert not await store.read("setting_get", name=f"{turn}:{len(rows) + 3}")
    await store.close()
