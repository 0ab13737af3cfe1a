"""What `./dbmedic test` does: Debian's database servers, then every check of this checkout, all of them each time.

Arguments go to pytest.  Exit code 0 when everything passed; else the steps that failed are named at the end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
PLACES = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin:/sbin"
NO_START = Path("/usr/sbin/policy-rc.d")
"""While Debian finds this file, and it says 101, no package starts a service."""

FAULTS = "tests/faults"
WIDER = {"--faults", "--all-versions", "--long"}
"""Options that widen the whole run; any other argument chooses tests."""

STEPS: dict[str, list[str]] = {
    "ruff check": [PYTHON, "-m", "ruff", "check"],
    "ruff format": [PYTHON, "-m", "ruff", "format", "--check"],
    "mypy": [PYTHON, "-m", "mypy"],
    "import contracts": [PYTHON, "-c", "from importlinter.cli import lint_imports_command as run; run()"],
    "dbmedic docs --check": [PYTHON, "-P", "-m", "dbmedic", "docs", "--check"],
}


def main(arguments: Sequence[str]) -> int:
    if packages := missing():
        install(packages)
    failed = [name for name, words in STEPS.items() if not passed(name, words)]
    print(f"== pytest ({len(STEPS) - len(failed)} of {len(STEPS)} steps before it passed)", flush=True)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="dbmedic-test-") as folder:
        for part, words in enumerate(parts(arguments)):
            report = Path(folder) / f"{part}.xml"
            if run([PYTHON, "-m", "pytest", f"--junitxml={report}", *words]) and "pytest" not in failed:
                failed.append("pytest")
            counts += counted(report)
    if failed:
        print(f"dbmedic test: failed: {', '.join(failed)}", file=sys.stderr)
    print(f"total: {counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped", flush=True)
    return 1 if failed else 0


def parts(arguments: Sequence[str]) -> list[list[str]]:
    """The runs of pytest: all tests in four processes, as most of them wait, then the faults, which need the machine.

    Whoever chooses tests gets one run in one process.
    """
    if any(word not in WIDER and not word.startswith("--server") for word in arguments):
        return [[*arguments]]
    return [["-n", "4", "--dist", "loadfile", "--ignore", FAULTS, *arguments], [FAULTS, *arguments]]


def counted(report: Path) -> Counter[str]:
    """How many tests passed, failed and were skipped, by the report of a run; nothing when it left none."""
    counts: Counter[str] = Counter()
    for suite in ElementTree.parse(report).iter("testsuite") if report.exists() else ():
        whole, bad, skipped = (int(suite.get(name, 0)) for name in ("tests", "failures", "skipped"))
        bad += int(suite.get("errors", 0))
        counts.update(passed=whole - bad - skipped, failed=bad, skipped=skipped)
    return counts


def passed(name: str, words: Sequence[str]) -> bool:
    print(f"== {name}", flush=True)
    return run(words) == 0


def run(words: Sequence[str]) -> int:
    """Exit code of a command that is run in the checkout and cannot ask anything."""
    return subprocess.run(words, cwd=ROOT, stdin=subprocess.DEVNULL).returncode


def missing() -> list[str]:
    """Debian packages of the database servers that are not on this machine."""
    packages = []
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")) and not shutil.which("initdb", path=PLACES):
        packages.append("postgresql")
    if not shutil.which("mariadbd", path=PLACES):
        packages.append("mariadb-server")
    if not shutil.which("redis-server", path=PLACES):
        packages.append("redis-server")
    return packages


def install(packages: Sequence[str]) -> None:
    """Installs packages without a question and without starting a service; says so where it cannot."""
    words = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        names = " ".join(packages)
        print(f"dbmedic test: tests with {names} are skipped; as root: apt-get install -y {names}", file=sys.stderr)
        return
    print(f"== installing {' '.join(packages)} …", flush=True)
    ours = not NO_START.exists()
    if ours:
        NO_START.write_text("#!/bin/sh\nexit 101\n")
        NO_START.chmod(0o755)
    try:
        for step in (["apt-get", "update", "-qq"], words):
            environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            done = subprocess.run(step, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            if done.returncode:
                print(done.stdout + done.stderr, file=sys.stderr)
                print(f"dbmedic test: {' '.join(step)} failed; tests with these are skipped", file=sys.stderr)
                return
    finally:
        if ours:
            NO_START.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
