"""One source made of several: the first that knows answers."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from dbmedic.core.errors import Unmeasured
from dbmedic.core.ports import Engine, MetricSource
from dbmedic.core.values import Instance, Row

log = structlog.get_logger("dbmedic.metrics")

WAYS = {
    "disk": "run dbmedic on the database's host, register the volume's size with `instance add … --storage 100GiB`, "
    "or a Prometheus server with `--metrics URL`",
}
OTHER_WAYS = "run dbmedic on the database's host, or register a Prometheus server with `instance add … --metrics URL`"


class First:
    """The `MetricSource` that asks others in order."""

    name = "first"

    def __init__(self, sources: Sequence[MetricSource]) -> None:
        self._sources = tuple(sources)

    async def rows(self, what: str, instance: Instance, engine: Engine) -> list[Row]:
        """The rows of the first source that knows.

        Raises the `Unmeasured` of the first one that should have known and could not; else one that names the ways to
        help.
        """
        trouble: Unmeasured | None = None
        for source in self._sources:
            try:
                return await source.rows(what, instance, engine)
            except Unmeasured as cannot:
                if cannot.reason != "no_host_source" or (source.name == "prometheus" and instance.metrics_url):
                    log.info("unmeasured", what=what, instance=instance.id, source=source.name, why=str(cannot))
                    trouble = trouble or cannot
        if trouble is not None:
            raise trouble
        ways = WAYS.get(what, OTHER_WAYS)
        raise Unmeasured("no_host_source", f"no source knows the {what} of {instance.id}'s host: {ways}")

    async def close(self) -> None:
        """Closes them all; may be called twice."""
        for source in self._sources:
            await source.close()
