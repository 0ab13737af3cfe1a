"""The server was given hardly any memory of its own: nearly all pages are read anew."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY, ITEMS_OF_ORDER

MORE = Client("shop-items", 3, (Script((ITEMS_OF_ORDER,)),), pause_s=0.01)
FAULT = Fault(
    asks={
        "en": ("Why is the cache hit ratio low?", "Are our settings right for this machine?"),
        "zh": ("缓存命中率低", "内存配置合理吗"),
    },
    causes=[Cause(["pg-shared-buffers", "pg-cache-hit"], [], ["shared_buffers"])],
    numbers=[Number("bytes", "select setting::float8 * 8192 from pg_settings where name = 'shared_buffers'", 0.01)],
    also=["pg-cache-hit", "pg-shared-buffers", "query-io", "pg-config-sanity:shared_buffers"],
    load=(*DAY, MORE),
    settings={"shared_buffers": "1MB"},
    wait_s=10,
)
