"""A forgotten transaction blocks others, and performance_schema is off."""

from dataclasses import replace

from faults.mariadb import idle_blocker
from faults.mariadb.missing_index_unrecorded import OFF
from faults.shop import HANG

FAULT = replace(idle_blocker.FAULT, asks=HANG, settings=OFF, short=False)
