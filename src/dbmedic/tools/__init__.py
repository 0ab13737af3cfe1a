"""What the agent may do: one file a tool, found by its name."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from dbmedic.agent.tool import Tool


@cache
def tools() -> dict[str, Tool]:
    """Name -> tool, in alphabetical order: `tools/<name>.py` holds the tool `<name>`."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        tool = getattr(importlib.import_module(f"{__name__}.{module.name}"), module.name, None)
        if isinstance(tool, Tool):
            found[module.name] = tool
    return found
