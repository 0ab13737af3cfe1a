"""The shop of `shop.<engine>.sql` and the clients of an ordinary day, the same on both engines.  Nothing is wrong."""

from __future__ import annotations

from pathlib import Path

from faults.fault import Client, Script


def statements(engine: str) -> list[str]:
    """What makes the shop, one statement at a time."""
    text = (Path(__file__).parent / f"shop.{engine}.sql").read_text()
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    return [one.strip() for one in lines.split(";\n") if one.strip()]


NEW_ORDER = (
    "begin",
    "insert into orders (customer_id, status, reference, total, created_at) "
    "values ({1..50000}, 'new', '8{100000..999999}', {10..500}, now())",
    "update products set stock = stock - 1 where id = {1000..5000}",
    "commit",
)
ORDERS_OF_CUSTOMER = (
    "select id, status, total from orders where customer_id = {1..50000} order by created_at desc limit 20"
)
ITEMS_OF_ORDER = (
    "select i.quantity, i.price, p.name from order_items i join products p on p.id = i.product_id "
    "where i.order_id = {1..300000}"
)

WEB = Client(
    "shop-web",
    4,
    (
        Script(("select * from orders where id = {1..300000}",), 6),
        Script((ORDERS_OF_CUSTOMER,), 4),
        Script((ITEMS_OF_ORDER,), 4),
        Script(("select name, price from products where sku = 'SKU-{1..5000}'",), 4),
        Script(("select id, name from categories order by id",), 2),
        Script(("update carts set items = items + 1, changed_at = now() where id = {1..20000}",), 1),
        Script(NEW_ORDER, 1),
    ),
    pause_s=0.08,
)
ADMIN = Client(
    "shop-admin",
    1,
    (
        Script(("select status, count(*), sum(total) from orders where created_at >= '2025-07-27' group by status",)),
        Script(("select at, action, detail from audit_log where actor = 'actor{1..20000}' order by at desc limit 20",)),
    ),
    pause_s=1.0,
)
DAY = (WEB, ADMIN)
"""An ordinary day."""

STOCK = Client(
    "shop-stock",
    4,
    (
        Script(("update products set stock = stock - 1 where id = 7",)),
        Script(("select name, stock from products where id = {1..5000}",), 2),
    ),
    pause_s=0.2,
)
"""Counts the stock of one product, which is no trouble while nobody holds its row."""
CHURN = Client("cart-sync", 2, (Script(("update carts set items = items + 1 where id % 10 = {0..9}",)),), pause_s=0.15)
"""Changes a tenth of the carts again and again."""


def holder(name: str, *steps: str) -> Client:
    """One session that takes some steps and then does nothing."""
    return Client(name, 1, (Script(steps),), once=True)


SLOW = {"en": ("The orders page is slow since this morning",), "zh": ("订单页面从今天早上开始很慢",)}
HANG = {"en": ("The app hangs",), "zh": ("应用卡死了，点了没反应",)}
HEALTHY = {
    "en": ("The orders page is slow", "Is anything wrong?"),
    "zh": ("实例最近很卡", "实例有没有问题"),
}
"""Asked where nothing is wrong, too."""
QUESTIONS = {
    "en": (
        "Which tables are the largest?", "Which indexes can be dropped?", "Is the replica behind?",
        "When will the disk be full?", "Which version does this instance run?", "Did the server restart last night?",
        "Is the cache hit ratio fine?", "Are there long transactions?",
    ),
    "zh": ("有没有锁等待", "临时文件多吗", "有没有死锁", "事务 ID 会用完吗", "该不该分区", "QPS 为什么下降了"),
}  # fmt: skip
"""For one thing each, where there is nothing to find."""
