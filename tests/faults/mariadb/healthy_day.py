"""Nothing is wrong on an ordinary day."""

from faults.postgres import healthy_day

FAULT = healthy_day.FAULT
