"""An index of the order's items is the beginning of another one."""

from faults.fault import Cause, Fault, Number
from faults.shop import DAY

FAULT = Fault(
    asks={"en": ("Which indexes can be dropped?",), "zh": ("哪些索引可以删", "有没有多余的索引")},
    causes=[Cause(["duplicate-index"], ["order_items_order_id_idx"], ["order_items"])],
    numbers=[
        Number(
            "bytes",
            "select stat_value * @@innodb_page_size from mysql.innodb_index_stats "
            "where index_name = 'order_items_order_id_idx' and stat_name = 'size'",
            0.1,
        )
    ],
    load=DAY,
    do=lambda scene: scene.run(
        "create index order_items_sold_idx on order_items (order_id, product_id)", "analyze table order_items"
    ),
)
