"""`dbmedic docs`: the reference pages, made from the code they describe."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from dbmedic.cli.flags import json_flag
from dbmedic.cli.printing import print_json

PAGES = ("checks", "commands", "errors", "events", "metrics", "settings")


def folder_of_checkout() -> Path:
    """docs/reference of the checkout this file belongs to, or of the current folder."""
    checkout = Path(__file__).resolve().parents[4]
    return (checkout if (checkout / "pyproject.toml").exists() else Path()) / "docs" / "reference"


@click.command(epilog="Checks, commands, errors, events, metrics, settings: one page each.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder to write to.  [docs/reference]")
@click.option("--check", is_flag=True, help="Write nothing; fail when a page is not what would be written.")
@json_flag
def command(out: Path | None, check: bool, as_json: bool) -> None:
    """Write the reference pages from the code."""
    folder = out or folder_of_checkout()
    texts = {name: import_module(f"dbmedic.cli.reference.{name}").page().rstrip() + "\n" for name in PAGES}
    stale = [name for name, text in texts.items() if _read(folder / f"{name}.md") != text]
    if not check:
        folder.mkdir(parents=True, exist_ok=True)
        for name in stale:
            (folder / f"{name}.md").write_text(texts[name], encoding="utf-8")
    if as_json:
        print_json({"folder": folder, "pages": PAGES, "stale" if check else "written": stale})
    elif check and stale:
        click.echo(f"stale in {folder}: {', '.join(stale)}; run: dbmedic docs", err=True)
    else:
        click.echo(f"{folder}: {', '.join(stale) + ' written' if stale else 'nothing to write'}")
    if check and stale:
        raise SystemExit(1)


def _read(page: Path) -> str | None:
    return page.read_text(encoding="utf-8") if page.exists() else None
