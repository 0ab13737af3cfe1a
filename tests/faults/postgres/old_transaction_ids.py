"""A forgotten prepared transaction keeps freezing back, and the transaction numbers have run far ahead."""

import os
import pwd
import signal
import subprocess
import time

from dbmedic.cli import servers
from faults.fault import Cause, Fault, Number
from faults.scene import POSTGRES, Scene
from faults.shop import DAY, holder
from fix_servers import _unprivileged

NEXT = 1_200_000_000
PER_FILE = 32 * 8192 * 4
"""Transactions whose state one file of pg_xact holds."""


def do(scene: Scene) -> None:
    change = "update counters set value = value + 1 where name = 'visits'"
    scene.start(holder("ledger", "begin", change, "prepare transaction 'ledger-1'"))
    scene.until("select count(*) from pg_prepared_xacts")
    assert scene.server.folder is not None
    data, port = scene.server.folder / "data", int(scene.server.url.rpartition(":")[2].partition("/")[0])
    os.kill(scene.pid, signal.SIGINT)
    while (data / "postmaster.pid").exists():
        time.sleep(0.1)
    binaries = servers.system_binaries() or servers.wheel_binaries()
    assert binaries is not None
    words = [str(binaries / "pg_resetwal"), "-D", str(data), "-x", str(NEXT)]
    subprocess.run(words, check=True, capture_output=True, **_unprivileged())
    state = data / "pg_xact" / f"{NEXT // PER_FILE:04X}"
    state.write_bytes(bytes(32 * 8192))
    if os.geteuid() == 0:
        os.chown(state, pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
    settings = {**POSTGRES, "unix_socket_directories": str(data)}
    running = servers.postgres(scene.server.folder, binaries=binaries, port=port, settings=settings)
    scene.more.callback(running.stop)
    scene.pid = running.process.pid
    scene.start(*DAY)


FAULT = Fault(
    asks={
        "en": ("The log warns of a shutdown because of transaction ids", "Is anything wrong?"),
        "zh": ("日志提示事务 ID 快用完了", "实例有没有隐患"),
    },
    causes=[Cause(["prepared-xact", "xmin-horizon"], ["ledger-1"])],
    numbers=[Number("count", "select max(age(datfrozenxid)) from pg_database", 0.02)],
    also=["pg-wraparound", "xmin-horizon", "prepared-xact", "pg-autovacuum-saturated", "pg-freeze-storm"],
    do=do,
    wait_s=10,
)
