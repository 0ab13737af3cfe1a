"""Nothing is wrong on an ordinary day, and people ask for one thing after the other."""

from faults.fault import Fault
from faults.shop import DAY, QUESTIONS

FAULT = Fault(asks=QUESTIONS, load=DAY)
