"""A second MariaDB that the scene's server replicates from, by global transaction ids; it ends when the scene does.

Only the source's own database is followed from its first event on: what the scene had before stays.
"""

from __future__ import annotations

import contextlib
from typing import Any

from faults.scene import Scene
from fix_servers import Server, private_mariadb

SETTINGS = {"log-bin": "bin", "server-id": "2", "binlog-format": "ROW", "relay-log": "relay"}
"""What the scene's server needs to follow."""


class _Ends:
    """A context that a scene ends like one of its clients."""

    def __init__(self, context: contextlib.AbstractContextManager[Any]) -> None:
        self._context = context

    def kill(self) -> None:
        self._context.__exit__(None, None, None)

    def communicate(self) -> None:
        """Nothing is left to wait for."""


def source_of(scene: Scene, *statements: str) -> Scene:
    """A source that the scene's server has followed so far; the statements were its first."""
    context = private_mariadb("--log-bin=bin", "--binlog-format=ROW", "--server-id=1")
    server: Server = context.__enter__()
    scene.clients.append(_Ends(context))  # type: ignore[arg-type]
    server.run("reset master", "create database if not exists shop")
    source = Scene(server, 0, clients=scene.clients)
    source.run(*statements)
    account, _, place = server.url.removeprefix("mariadb://").partition("@")
    host, _, port = place.partition("/")[0].partition(":")
    user, _, password = account.partition(":")
    scene.run(
        "set global gtid_slave_pos = ''",
        f"change master to master_host = '{host}', master_port = {port}, master_user = '{user}', "
        f"master_password = '{password}', master_use_gtid = slave_pos, master_connect_retry = 1",
        "start slave",
    )
    here = server.run("select @@gtid_binlog_pos")[0][0]
    scene.until(f"select @@gtid_slave_pos = '{here}'")
    return source
