"""The logs of watched servers.  `server.py` decides where one is; the others each read one kind of place."""

from __future__ import annotations

from dbmedic.core.serverlog import LogSource


def open_logs() -> LogSource:
    """The source that finds each server's log by what was registered, else by what the server says."""
    from dbmedic.logs.server import ServerLogs

    return ServerLogs()
