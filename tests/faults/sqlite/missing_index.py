"""The index by which lines are joined to their receipt was dropped."""

from faults.fault import Cause, Fault, Number
from faults.till import DAY

FAULT = Fault(
    asks={
        "en": ("Opening a receipt takes seconds, is the machine too small?", "Which indexes do we need?"),
        "zh": ("打开小票明细很慢", "数据库是不是缺少什么索引"),
    },
    causes=[Cause(["sl-missing-index", "sl-query-plan"], ["lines", "receipt_id"])],
    numbers=[Number("count", "select count(*) from lines", 0.05)],
    also=["fk-no-index:lines", "sl-query-plan:lines"],
    load=DAY,
    do=lambda scene: scene.run("drop index lines_receipt_id_idx"),
    wait_s=2,
)
