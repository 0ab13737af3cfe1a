"""The buffer pool is far smaller than what the pages read."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

READS = Client(
    "shop-feed",
    3,
    (Script(("select * from order_items where id in ({1..600000}, {1..600000}, {1..600000}, {1..600000})",)),
     Script(("select sum(total) from orders where id between {1..100000} and {100001..200000}",), 0.05)),
    pause_s=0.002,
)  # fmt: skip
FAULT = Fault(
    asks={"en": ("Reads got slow although nothing was released",), "zh": ("磁盘读很高，查询变慢", "缓存命中率很低")},
    causes=[Cause(["my-buffer-pool-size", "my-buffer-hit"], [], ["innodb_buffer_pool_size"])],
    numbers=[Number("bytes", "select @@innodb_buffer_pool_size", 0.01)],
    also=["my-buffer-hit", "cpu-saturation", "io-latency", "top-queries"],
    load=(*DAY, READS),
    settings={"innodb-buffer-pool-size": "6M"},
)
