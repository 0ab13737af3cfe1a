"""`./dbmedic` in a small checkout of its own: a real environment, made with nothing to install."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
ENVIRON = {"PATH": f"{Path(sys.executable).resolve().parent}:{os.defpath}", "HOME": ""}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a blank in its name, the launcher, empty lock files, and a dbmedic that says how it was called."""
    root = tmp_path_factory.mktemp("a checkout")
    shutil.copy(ROOT / "dbmedic", root)
    (root / "lock").mkdir()
    shutil.copy(ROOT / "lock" / "install.py", root / "lock")
    for name in ("base", "demo", "test"):
        (root / "lock" / f"{name}.txt").write_text(f"# {name}\n")
    (root / "src" / "dbmedic").mkdir(parents=True)
    (root / "tests").mkdir()
    (root / "src" / "dbmedic" / "__init__.py").touch()
    says = "import sys\nprint(__name__, sys.argv[1:], sys.prefix)\n"
    (root / "src" / "dbmedic" / "__main__.py").write_text(says)
    (root / "tests" / "run.py").write_text(says.replace("__name__", "'tests'"))
    return root


def start(checkout: Path, *words: str, launcher: Path | None = None, **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [launcher or checkout / "dbmedic", *words],
        cwd="/", env=ENVIRON | environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_two_first_starts_make_one_environment(checkout: Path) -> None:
    starts = [start(checkout, "ask", "a b", PYTHONDONTWRITEBYTECODE="1") for _ in range(2)]
    said = [one.communicate() for one in starts]
    assert [one.returncode for one in starts] == [0, 0], said
    assert {out for out, _ in said} == {f"__main__ ['ask', 'a b'] {checkout / '.venv'}\n"}
    assert sorted(err.count("installed in") for _, err in said) == [0, 1]


def test_the_next_start_installs_nothing_from_anywhere(checkout: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(checkout / "dbmedic")
    out, err = start(checkout, "--version", launcher=link, PYTHONPATH="/nowhere").communicate()
    assert (out, err) == (f"__main__ ['--version'] {checkout / '.venv'}\n", "")


def test_the_tests_have_a_set_of_their_own_that_holds_the_others(checkout: Path) -> None:
    out, err = start(checkout, "test", "-k", "x").communicate()
    assert out == f"tests ['-k', 'x'] {checkout / '.venv'}\n"
    assert "installing what the tests need" in err
    assert start(checkout, "demo", "--once").communicate()[1] == ""


def test_a_changed_lock_file_installs_again(checkout: Path) -> None:
    (checkout / "lock" / "base.txt").write_text("# other\n")
    assert "installing what dbmedic needs" in start(checkout, "config").communicate()[1]
    assert start(checkout, "config").communicate()[1] == ""


def test_a_package_that_cannot_be_had_is_an_error_and_tried_again(checkout: Path) -> None:
    was = (checkout / "lock" / "base.txt").read_text()
    (checkout / "lock" / "base.txt").write_text(f"there-is-no-such-package==1 --hash=sha256:{'0' * 64}\n")
    for _ in range(2):
        run = start(checkout, "config", PIP_NO_INDEX="1", PIP_FIND_LINKS="")
        _, err = run.communicate()
        assert run.returncode == 1
        assert "pip could not install" in err
    (checkout / "lock" / "base.txt").write_text(was)
    run = start(checkout, "config")
    run.communicate()
    assert run.returncode == 0


def test_a_checkout_may_be_moved(checkout: Path, tmp_path: Path) -> None:
    moved = checkout.rename(tmp_path / "moved")
    try:
        out, err = start(moved, "config").communicate()
        assert (out, err) == (f"__main__ ['config'] {moved / '.venv'}\n", "")
    finally:
        moved.rename(checkout)


def test_without_a_python_it_says_which_one_it_needs(checkout: Path, tmp_path: Path) -> None:
    for tool in ("sh", "dirname", "readlink", "cmp", "cat"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or tool)
    (checkout / "lock" / "base.txt").write_text("# once more\n")
    run = start(checkout, "config", PATH=str(tmp_path))
    _, err = run.communicate()
    assert run.returncode == 1
    assert "needs Python 3.11 or newer" in err


def test_the_lock_files_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {
        "base": project["project"]["dependencies"],
        "demo": project["project"]["optional-dependencies"]["demo"],
        "test": project["dependency-groups"]["dev"],
    }
    for name, texts in wanted.items():
        lines = (ROOT / "lock" / f"{name}.txt").read_text().splitlines()
        pins = dict(line.split()[0].split("==") for line in lines if "==" in line and line[0] != " ")
        for requirement in map(Requirement, texts):
            pinned = pins.get(canonicalize_name(requirement.name))
            assert pinned is not None, f"{requirement.name} is not in lock/{name}.txt: see CONTRIBUTING.md"
            assert pinned in requirement.specifier, f"lock/{name}.txt has {pinned} for {requirement}"


def test_the_lock_files_name_no_host_and_hold_each_other() -> None:
    texts = [(ROOT / "lock" / f"{name}.txt").read_text() for name in ("base", "demo", "test")]
    assert not any("://" in text or "file:" in text for text in texts)
    pins = [{line.split()[0] for line in text.splitlines() if "==" in line and line[0] != " "} for text in texts]
    assert pins[0] < pins[1] < pins[2]
    assert all("--hash=sha256:" in text for text in texts)
