"""The page of all checks."""

from __future__ import annotations

from dbmedic.checks import reference
from dbmedic.checks.check import catalogue


def page() -> str:
    """Markdown."""
    return reference.page(catalogue())
