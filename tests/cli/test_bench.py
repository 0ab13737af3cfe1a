"""`dbmedic bench` hands its arguments to the script of a checkout, and its exit code back."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from dbmedic.cli.verbs import bench


def test_the_script_gets_the_arguments_and_gives_the_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "load.py").write_text("import sys\nsys.exit(1 if sys.argv[1:] == ['--rounds', '2'] else 0)\n")
    monkeypatch.setattr(bench, "__file__", str(tmp_path / "a" / "b" / "c" / "d" / "e.py"))
    assert CliRunner().invoke(bench.command, ["load", "--rounds", "2"]).exit_code == 1
    assert CliRunner().invoke(bench.command, ["load"]).exit_code == 0


def test_outside_of_a_checkout_it_says_where_benchmarks_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "__file__", str(tmp_path / "a" / "b" / "c" / "d" / "e.py"))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(bench.command, ["scale"])
    assert done.exit_code == 1
    assert "checkout" in done.output
