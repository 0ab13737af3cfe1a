"""Real faults under load, asked about vaguely: the answer names every true cause and accuses nothing else.

The default run takes a short selection and few questions, `--faults` all of them, `-k` a name of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.play import faults, play
from faults.scene import Shops


@pytest.fixture(scope="session")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="dbmedic-shops-", dir="/tmp"))
    folder.chmod(0o755)
    yield Shops(folder)
    shutil.rmtree(folder, ignore_errors=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    everything = metafunc.config.getoption("--faults")
    metafunc.parametrize("name", [name for name, (_, fault) in faults().items() if everything or fault.short])


def test_the_answer_names_the_cause_and_accuses_nothing_else(
    shops: Shops, name: str, request: pytest.FixtureRequest
) -> None:
    few = not request.config.getoption("--faults")
    wrong = [result for result in play(shops, name, few=few) if not result.judgement.right]
    assert not wrong, "\n\n".join(f"{one.question}\n{one.judgement}\n{one.answer}" for one in wrong)
