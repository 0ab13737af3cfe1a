"""Makes `.venv` agree with one of the lock files beside this one; the launcher calls it when they differ.

Standard library only, for it runs before anything is installed.  Plain pip installs, because pip honours the index,
mirror, proxy and certificate settings of the machine; every file is checked against the hash in the lock.  Two first
starts at once wait for each other.
"""

from __future__ import annotations

import compileall
import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

LOCKS = Path(__file__).resolve().parent
ROOT = LOCKS.parent
ENV = ROOT / ".venv"
PYTHON = ENV / "bin" / "python"
SETS = ("base", "demo", "test")
"""Each holds all of the one before it, at the same versions."""
WORDS = {"base": "what dbmedic needs", "demo": "what the demo needs", "test": "what the tests need"}


class CannotInstall(Exception):
    """The sentence for the user: what is missing and how to get it."""


def main(wanted: str) -> int:
    """Exit code 0 when `.venv` holds the set."""
    cache = ROOT / ".cache"
    try:
        cache.mkdir(exist_ok=True)
        with (cache / "install.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not current(wanted):
                install(wanted)
    except (CannotInstall, OSError) as problem:
        print(f"dbmedic: {problem}", file=sys.stderr)
        return 1
    return 0


def current(wanted: str) -> bool:
    """Whether the set is there and complete: the same question as the launcher asks."""
    try:
        same = (ENV / "lock" / f"{wanted}.txt").read_bytes() == (LOCKS / f"{wanted}.txt").read_bytes()
        return same and (ENV / "lock" / "python").read_text().strip() == str(PYTHON.resolve(strict=True))
    except OSError:
        return False


def install(wanted: str) -> None:
    """Makes the environment if it must be, installs the set, and leaves its stamp last."""
    began = time.monotonic()
    say(f"dbmedic: installing {WORDS[wanted]} into {ENV} (once) …")
    if not runs([PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]):
        make()
    shutil.rmtree(ENV / "lock", ignore_errors=True)
    pip = installer()
    words = [*pip, "install", "-qq", "--disable-pip-version-check", "--no-input", "--no-user", "--require-hashes"]
    command([*words, "-r", str(LOCKS / f"{wanted}.txt")], "pip could not install; its message above says why")
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    libraries = Path(subprocess.check_output([PYTHON, "-I", "-c", asked], text=True).strip())
    (libraries / "dbmedic-checkout.pth").write_text(os.path.relpath(ROOT / "src", libraries) + "\n")
    compileall.compile_dir(ROOT / "src", quiet=2)
    stamp = ENV / "lock"
    stamp.mkdir()
    (stamp / "python").write_text(f"{PYTHON.resolve()}\n")
    for name in SETS[: SETS.index(wanted) + 1]:
        shutil.copyfile(LOCKS / f"{name}.txt", stamp / f"{name}.txt")
    say(f"dbmedic: installed in {time.monotonic() - began:.0f} s")


def make() -> None:
    """A new `.venv`, with pip in it where this Python can put it there."""
    if ENV.is_symlink() or ENV.is_file():
        raise CannotInstall(f"{ENV} is not a folder: remove it and start again")
    shutil.rmtree(ENV, ignore_errors=True)
    if has_ensurepip():
        command([sys.executable, "-m", "venv", str(ENV)], f"{sys.executable} could not make {ENV}")
    elif runs([sys.executable, "-m", "venv", "--without-pip", str(ENV)]) and other_pip():
        return
    elif debian_venv():
        command([sys.executable, "-m", "venv", "--clear", str(ENV)], f"{sys.executable} could not make {ENV}")
    else:
        shutil.rmtree(ENV, ignore_errors=True)
        raise CannotInstall(
            f"this Python ({sys.executable}) comes without venv and pip. "
            f"As root: apt-get install -y python3.{sys.version_info.minor}-venv"
        )


def installer() -> list[str]:
    """The words that start a pip which installs into `.venv`."""
    own = [str(PYTHON), "-m", "pip"]
    if runs([*own, "--version"]) or runs([PYTHON, "-m", "ensurepip", "--default-pip"]):
        return own
    if pip := other_pip():
        return pip
    raise CannotInstall(f"{ENV} has no pip: remove that folder and start again")


def other_pip() -> list[str] | None:
    """The pip of the Python that runs this, told to install into `.venv`; None where it has none that can."""
    pip = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    return pip if runs([*pip, "--version"]) else None


def debian_venv() -> bool:
    """Debian keeps venv in a package of its own: root installs it here."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    package = f"python3.{sys.version_info.minor}-venv"
    say(f"dbmedic: installing {package} (Debian keeps it apart from Python) …")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    words = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
    if not runs(words, environ):
        runs(["apt-get", "update", "-qq"], environ)
        runs(words, environ)
    return has_ensurepip()


def has_ensurepip() -> bool:
    """Whether this Python can put pip into a new environment by itself."""
    return runs([sys.executable, "-m", "ensurepip", "--version"])


def runs(words: Sequence[str | Path], environ: dict[str, str] | None = None) -> bool:
    """Whether a command exists and succeeds; what it says is dropped."""
    try:
        done = subprocess.run(words, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def command(words: Sequence[str], problem: str) -> None:
    """Runs a command whose messages the user sees; raises `CannotInstall(problem)` when it fails."""
    if subprocess.run(words, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False).returncode:
        raise CannotInstall(problem)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except KeyboardInterrupt:
        sys.exit(130)
