"""`dbmedic health`: asks a running server how it is; for container engines and people."""

from __future__ import annotations

import json
import sys
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import click

from dbmedic.cli.flags import in_force, json_flag, with_settings
from dbmedic.cli.printing import print_json

TIMEOUT_S = 4.0
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - asked, not bound
"""Where a server that listens everywhere is reached from its own machine."""


@click.command(
    cls=with_settings("config", "data", "host", "port"),
    epilog="""\b
Examples:
  dbmedic health              is it alive?
  dbmedic health --ready      would it take a question now?
\b
Exit code 0 yes, 1 no.""",
)
@click.option("--ready", is_flag=True, help="Ask whether turns can be taken, not only whether it lives.")
@json_flag
@click.pass_context
def command(ctx: click.Context, ready: bool, as_json: bool) -> None:
    """Ask the server of these settings, on this machine, how it is."""
    config = in_force(ctx).config
    host = ANYWHERE.get(config.host, config.host)
    url = f"http://{f'[{host}]' if ':' in host else host}:{config.port}/{'ready' if ready else 'health'}"
    well, answer = asked(url)
    if as_json:
        print_json(answer)
    else:
        click.echo(f"{url}: " + "; ".join(f"{name} {value}" for name, value in answer.items()), err=not well)
    sys.exit(0 if well else 1)


def asked(url: str) -> tuple[bool, dict[str, str]]:
    """Whether the answer is 200, and what it says; why there is none where there is none."""
    direct = build_opener(ProxyHandler({}))
    try:
        with direct.open(url, timeout=TIMEOUT_S) as response:
            return response.status == 200, json.load(response)
    except HTTPError as refusal:
        with refusal:
            try:
                return False, dict(json.load(refusal))
            except ValueError:
                return False, {"status": f"answered {refusal.code}, which is not dbmedic"}
    except (OSError, ValueError) as fault:
        return False, {"status": f"not reached: {getattr(fault, 'reason', fault)}"}
