"""Numbers that SQL cannot see.  A source is `metrics/<name>.py` with one class `<Name>`."""

from __future__ import annotations

from importlib import import_module

from dbmedic.core.ports import MetricSource

ORDER = ("prometheus", "allocated", "local")
"""What a person configured wins over what dbmedic finds by itself."""


def open_metrics() -> MetricSource:
    """The source that asks all others in order; the first that knows wins."""
    from dbmedic.metrics.first import First

    return First([getattr(import_module(f"dbmedic.metrics.{name}"), name.capitalize())() for name in ORDER])
