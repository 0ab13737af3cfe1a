"""The server as a process of its own, started and killed like a user would; and the command line beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

from click.testing import CliRunner

from dbmedic.cli.main import dbmedic

START_S = 30.0


class Server:
    """`dbmedic serve` on a free port over a data folder, with settings as `DBMEDIC_*` variables."""

    def __init__(self, data: Path, **settings: str) -> None:
        self.data, self.log = data, data / "server.log"
        data.mkdir(exist_ok=True)
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(data),
            "PYTHONWARNINGS": "error",
            **{f"DBMEDIC_{name.upper()}": value for name, value in settings.items()},
        }
        self.url = ""
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Returns the base URL once the server answers."""
        with self.log.open("ab") as log:
            begin = log.tell()
            command = [sys.executable, "-m", "dbmedic", "serve", "--port", "0", "--data", str(self.data)]
            self.process = subprocess.Popen(command, env=self._environ, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.process.poll() is None:
            for line in self.lines(begin):
                if line.get("event") == "ready":
                    self.url = line["url"]
                    return self.url
            time.sleep(0.02)
        raise AssertionError(f"not started: {self.log.read_text()}")

    def end(self, sig: signal.Signals = signal.SIGTERM) -> int:
        """Sends the signal, and returns the exit code; 0 for a server that does not run."""
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(sig)
        return process.wait(20)

    def lines(self, begin: int = 0) -> list[dict[str, Any]]:
        """What was logged so far; a line that is still being written is left out."""
        whole, _, _ = self.log.read_bytes()[begin:].rpartition(b"\n")
        return [json.loads(line) for line in whole.splitlines() if line.startswith(b"{")]

    def dbmedic(self, *words: str) -> dict[str, Any]:
        """An administrative command with `--json`, beside the server: another process to it, this one.

        In a thread of its own, as a command brings its own event loop; a new process for each takes half a second.
        """
        command = [*words, "--data", str(self.data), "--json"]
        with ThreadPoolExecutor(1) as thread, patch.dict(os.environ, self._environ, clear=True):
            done = thread.submit(CliRunner().invoke, dbmedic, command, standalone_mode=False).result(60)
        assert done.exception is None, repr(done.exception)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def key(self, app: str = "ops", *more: str) -> str:
        return str(self.dbmedic("key", "create", "--app", app, *more)["key"])

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGKILL)
