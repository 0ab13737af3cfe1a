"""Flags that several verbs share, made from the declaration of the settings when a verb runs, not before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from dbmedic.config import Config, Settings

Function = TypeVar("Function", bound=Callable[..., Any])


class WithSettings(click.Command):
    """A command with one flag per setting.

    Secrets have none, for everybody on a machine can read the arguments of a process.
    """

    names: Sequence[str] = ()
    """Which settings; empty for all of them."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own flags, then those of the settings."""
        from dbmedic.config import settings

        flags: list[click.Parameter] = [
            click.Option(
                ["--" + setting.name.replace("_", "-")],
                metavar=setting.metavar,
                expose_value=False,
                callback=_keep,
                help=setting.help + (f"  [{setting.default}]" if setting.default else ""),
            )
            for setting in settings()
            if not setting.secret and (not self.names or setting.name in self.names)
        ]
        *own, last = super().get_params(ctx)
        return [*own, *flags, last]


def with_settings(*names: str) -> type[WithSettings]:
    """The command class for a verb that takes these settings as flags; all of them when none is named."""
    return type("WithSettings", (WithSettings,), {"names": names})


def _keep(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is not None and param.name:
        ctx.ensure_object(dict)[param.name] = value


def in_force(ctx: click.Context) -> Settings:
    """The settings of this run: flags over variables over file over defaults.  Raises `BadField`."""
    from dbmedic.config import read

    return read(ctx.ensure_object(dict))


def config_of(ctx: click.Context) -> Config:
    """The values of `in_force`."""
    return in_force(ctx).config


def json_flag(function: Function) -> Function:
    """Adds `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")(function)
