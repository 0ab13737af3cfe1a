"""A release of the login page compares lower(email); the unique index is on email."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

LOGIN = Client(
    "shop-login",
    2,
    (Script(("select id, name from customers where lower(email) = lower('User{1..50000}@Example.com')",)),),
)
FAULT = Fault(
    asks={"en": ("Logging in takes forever", "Which indexes do we need?"), "zh": ("用户登录很慢，最近刚发过版本",)},
    causes=[Cause(["missing-index", "plan-nonsargable"], ["customers", "email"])],
    numbers=[Number("count", "select reltuples from pg_class where relname = 'customers'", 0.03)],
    also=["cpu-saturation", "top-queries:email", "slow-mean:email"],
    load=(*DAY, LOGIN),
)
