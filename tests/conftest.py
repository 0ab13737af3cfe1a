"""What every test has: asyncio as the event loop, the private servers of `fix_servers.py`, and replicating pairs."""

import pytest

from dbmedic.kit.logs import say_logs

pytest_plugins = ("fix_servers", "fix_replication", "fix_store")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults", action="store_true", help="every fault of tests/faults, which takes half an hour")
    parser.addoption("--long", action="store_true", help="ten thousand streams at once instead of some hundreds")


def pytest_configure() -> None:
    say_logs()  # structlog's own way draws a traceback with all variables, which takes seconds


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
