"""A real standby beside the shop, made from a base backup while the clients play; it follows through a slot."""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from collections.abc import Mapping

from dbmedic.cli import servers
from faults.scene import PASSWORD, POSTGRES, Scene
from fix_servers import Server, _unprivileged, private_folder

NAME = "standby1"
CAUGHT_UP = "select count(*) from pg_stat_replication where state = 'streaming' and replay_lag < interval '2 s'"


def follow(scene: Scene, settings: Mapping[str, str] | None = None, *, ask: bool = True) -> Server:
    """A standby that has caught up.  With `ask`, the questions of the scene are about it, and no longer the primary."""
    binaries = servers.system_binaries() or servers.wheel_binaries()
    assert binaries is not None
    folder = scene.more.enter_context(private_folder())
    data, secret = folder / "data", folder / "password"
    data.mkdir(mode=0o700)
    assert scene.server.folder is not None
    secret.write_text((scene.server.folder / "password").read_text())
    if os.geteuid() == 0:
        os.chown(data, pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
    source = f"{scene.server.url.rpartition('/')[0]}/postgres?application_name={NAME}"
    words = [str(binaries / "pg_basebackup"), "-D", str(data), "-d", source, "-R", "-C", "-S", NAME, "-c", "fast"]
    made = subprocess.run([*words, "-X", "stream"], capture_output=True, text=True, check=False, **_unprivileged())
    assert made.returncode == 0, made.stderr
    quick = {"hot_standby": "on", "wal_receiver_status_interval": "1s", "wal_retrieve_retry_interval": "200ms"}
    running = servers.postgres(
        folder,
        binaries=binaries,
        settings={**POSTGRES, **quick, "unix_socket_directories": str(data), **(settings or {})},
    )
    scene.more.callback(running.stop)
    there = Server("postgres", running.url, running.version, folder)
    scene.until("select count(*) from pg_stat_replication where state = 'streaming'")
    until = time.monotonic() + 20
    while not there.run("select pg_last_wal_replay_lsn() is not null and pg_is_in_recovery()")[0][0]:
        assert time.monotonic() < until, "the standby does not replay"
        time.sleep(0.1)
    if ask:
        scene.asked = there.at("shop", user="dbmedic", password=PASSWORD.replace(" ", "%20"))
        scene.pid = running.process.pid
    return there
