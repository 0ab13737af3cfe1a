"""What the server asks each second costs the same however many turns there were."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbmedic.store.connection import connect, migrate
from dbmedic.store.queries import queries


@pytest.mark.parametrize("name", ["waiting_turns", "audit_unsealed", "audit_head"])
def test_it_goes_by_an_index_of_few_rows(tmp_path: Path, name: str) -> None:
    connection = connect(str(tmp_path / "store.db"), wait_s=1, read_only=False)
    migrate(connection, "store.db")
    query = queries("sqlite")[name]
    plan = [row[3] for row in connection.execute(f"explain query plan {query.sql}", dict.fromkeys(query.params, 1))]
    connection.close()
    walked = [step for step in plan if step.startswith("SCAN") and "turns_waiting" not in step]
    assert all("audit" in step and "limit 1" in query.sql for step in walked), plan
