"""A script connects anew for every statement."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

CRON = Client("cron-php", 4, (Script(("select count(*) from categories",)),), pause_s=0.005, reconnects=True)
FAULT = Fault(
    asks={
        "en": ("The database server is busy although we have few visitors",),
        "zh": ("访问量不大，但数据库 CPU 很高",),
    },
    causes=[Cause(["conn-churn"], ["cron-php"])],
    numbers=[Number("count", "select sessions from pg_stat_database where datname = 'shop'", 0.3, per_s=True)],
    also=["cpu-saturation"],
    load=(*DAY, CRON),
)
