"""The nightly report reads a lot, as it should; the machine has room for it and nobody waits."""

from faults.postgres import healthy_report

FAULT = healthy_report.FAULT
