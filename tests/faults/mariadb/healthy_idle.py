"""Nothing is wrong, and nobody is there."""

from faults.postgres import healthy_idle

FAULT = healthy_idle.FAULT
