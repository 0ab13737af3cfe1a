"""How long a run may take, and the way to end it before."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Bound:
    """Cancels what runs inside of it, once: after so many seconds, or when told.  Whoever entered it goes on.

    A tenth of what a general cancel scope costs, for every turn has one.
    """

    __slots__ = ("_cut", "_seconds", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        self._seconds, self._cut = seconds, False
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Bound:
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self.cancel)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """True for a cancellation that was only this one."""
        task, self._task = self._task, None
        assert task is not None and self._timer is not None  # noqa: PT018 - both since it was entered
        self._timer.cancel()
        return self._cut and task.uncancel() == 0 and kind is asyncio.CancelledError

    def cancel(self) -> None:
        """Ends what runs inside; nothing when it has ended, or was told before."""
        if self._task is not None and not self._cut:
            self._cut = True
            self._task.cancel()
