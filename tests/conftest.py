"""What every test has: asyncio as the event loop, and the private servers of `fix_servers.py`."""

import pytest

pytest_plugins = ("fix_servers",)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
