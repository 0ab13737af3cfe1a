"""Text compared with a number, and performance_schema is off."""

from dataclasses import replace

from faults.mariadb import implicit_conversion
from faults.mariadb.missing_index_unrecorded import OFF

FAULT = replace(implicit_conversion.FAULT, settings=OFF)
