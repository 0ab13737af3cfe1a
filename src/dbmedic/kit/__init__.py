"""Pure odds and ends, which know nothing of the rest."""

import logging

logging.getLogger("sqlglot").setLevel(logging.ERROR)
"""It warns of each text that it reads as a command only; what comes of that, its callers say themselves."""
