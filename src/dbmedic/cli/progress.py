"""What a person at a terminal sees while a turn runs: what is done now as a spinner, and the answer as it streams.

The answer goes to standard output, the spinner to standard error, and neither colour nor spinner to a pipe.
"""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.status import Status


class Progress:
    """One turn on a terminal.  Use as a context manager; the spinner is gone when it ends."""

    def __init__(self, *, keep: bool, quiet: bool = False) -> None:
        """`keep` prints a line for each step that was taken, too; `quiet` shows nothing but the answer."""
        self._keep, self._quiet = keep, quiet
        self._console = Console(stderr=not keep, highlight=False)
        self._status: Status | None = None
        self._open_line = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end()

    def doing(self, what: str) -> None:
        """A step has begun."""
        if self._quiet or not self._console.is_terminal or self._open_line:
            return
        if self._status is None:
            self._status = self._console.status("")
            self._status.start()
        self._status.update(f"[dim]{_plain(what)} …")

    def did(self, what: str, took_s: float | None = None, *, ok: bool = True) -> None:
        """A step has ended."""
        if self._quiet or not self._keep:
            return
        self._end_line()
        took = "" if took_s is None else f"  {took_s:.1f} s"
        self._console.print(f"  [dim]{'·' if ok else '✗'} {_plain(what)}{took}[/]", soft_wrap=True)

    def say(self, text: str) -> None:
        """The next piece of the answer."""
        self._stop_status()
        sys.stdout.write(text)
        sys.stdout.flush()
        if text:
            self._open_line = not text.endswith("\n")

    def end(self) -> None:
        """Nothing more comes: the spinner goes, the answer's last line is ended."""
        self._stop_status()
        self._end_line()

    def _end_line(self) -> None:
        if self._open_line:
            self.say("\n")

    def _stop_status(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


def _plain(text: str) -> str:
    """Text that the console does not take for its own markup."""
    return text.replace("[", "\\[")
