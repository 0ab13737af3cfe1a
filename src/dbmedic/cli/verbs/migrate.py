"""`dbmedic migrate`: a store moves from the data folder into PostgreSQL."""

from __future__ import annotations

import click

from dbmedic.cli.flags import json_flag, with_settings
from dbmedic.cli.opened import config_here, run
from dbmedic.cli.printing import print_json


@click.command(
    cls=with_settings("data", "config"),
    epilog="""\b
Example:
  dbmedic migrate --to postgresql://dbmedic@db.example.org/dbmedic
  DBMEDIC_STORE=postgresql://dbmedic@db.example.org/dbmedic dbmedic serve
\b
Each row is compared after the move; when one differs nothing is kept.  The file in the data folder stays as it is.
Uploaded files and the key stay in the folder: servers on other machines need the same key, and a bucket.""",
)
@click.option("--to", required=True, metavar="URL", help="An empty PostgreSQL database, 13 or later, in UTF-8.")
@json_flag
def command(to: str, as_json: bool) -> None:
    """Move everything that is kept in the data folder's file into PostgreSQL, while no server runs on either."""
    tables = run(moved(to))
    if as_json:
        print_json({"rows": sum(tables.values()), "tables": tables})
        return
    for name, rows in tables.items():
        click.echo(f"{rows:>12,}  {name}")
    click.echo(f"{sum(tables.values()):>12,}  rows moved and compared; serve them with --store")


async def moved(to: str) -> dict[str, int]:
    """Rows by table.  Raises `FolderTaken` while a server runs on either side, and `StoreFailed`."""
    import asyncio
    import time

    import psycopg

    from dbmedic.assistant.folder import open_folder
    from dbmedic.core.errors import StoreFailed
    from dbmedic.store import postgres
    from dbmedic.store.moving import move
    from dbmedic.store.postgres_connection import failure
    from dbmedic.store.sqlite import open_store

    config = config_here()
    assert config.data is not None
    folder = await open_folder(config.data)
    if not folder.store.exists():
        raise StoreFailed(f"{folder.store} is not there; name the data folder with --data")
    await folder.lock()
    try:
        await (await open_store(folder.store)).close()  # brings its schema to this release's
        target = await postgres.open_store(to)
        try:
            await target.serve(alone=True)
            tables: dict[str, int] = {}
            now = time.time_ns() // 1000
            await asyncio.to_thread(move, str(folder.store), to, now, tables.__setitem__)
        except psycopg.Error as error:
            raise failure(error, target.place) from error
        finally:
            await target.close()
    finally:
        folder.unlock()
    return tables
