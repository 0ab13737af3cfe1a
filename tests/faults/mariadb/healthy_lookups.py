"""Small tables are read in full very often, which is the right way to read them."""

from faults.postgres import healthy_lookups

FAULT = healthy_lookups.FAULT
