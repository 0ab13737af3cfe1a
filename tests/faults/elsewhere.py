"""Databases beside the shop, with applications of their own."""

from __future__ import annotations

from faults.scene import PASSWORD, Scene


def made(scene: Scene, database: str, *statements: str, users: tuple[str, ...]) -> None:
    """Makes a database of MariaDB and what is in it, and lets the clients of these names work there.

    Statements say the database where they name a table; `users` are names of clients.
    """
    scene.server.run(f"create database `{database}`")
    scene.run(*statements)
    for user in users:
        name = user.replace("-", "_")
        scene.run(f"create user {name}@'%' identified by '{PASSWORD}'", f"grant all on `{database}`.* to {name}@'%'")
