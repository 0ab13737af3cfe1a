"""After an import the trigger that keeps the stock was not switched on again."""

from faults.fault import Cause, Fault
from faults.scene import Scene
from faults.shop import DAY


def do(scene: Scene) -> None:
    scene.run(
        "create function keep_stock() returns trigger language plpgsql as $$ begin "
        "update products set stock = stock - new.quantity where id = new.product_id; return new; end $$",
        "create trigger keep_stock after insert on order_items for each row execute function keep_stock()",
        "alter table order_items disable trigger keep_stock",
    )


FAULT = Fault(
    asks={
        "en": ("The stock numbers are wrong since the import", "Some data is inconsistent, is the disk broken?"),
        "zh": ("导入之后库存数据不对", "数据不一致，怎么查"),
    },
    causes=[Cause(["trigger-disabled"], ["order_items", "keep_stock"])],
    load=DAY,
    do=do,
)
