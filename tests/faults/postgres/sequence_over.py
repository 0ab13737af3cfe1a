"""The numbers of the audit log are used up, and everything that writes one fails."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.shop import DAY

EDIT = Client(
    "shop-edit",
    2,
    (Script(("insert into audit_log (at, actor, action, detail) values (now(), 'actor1', 'edit', 'x')",)),),
    pause_s=0.2,
)
FAULT = Fault(
    asks={
        "en": ("Nothing can be saved any more, is the disk full?", "Inserts fail since today"),
        "zh": ("今天开始插入就报错", "保存不了了，是不是磁盘满了"),
    },
    causes=[Cause(["int-exhaustion"], ["audit_log", "id"])],
    numbers=[Number("ratio", "select last_value / 2147483647.0 from audit_log_id_seq", 0.01)],
    also=["txn-rollback", "log-error-rate"],
    load=(*DAY, EDIT),
    do=lambda scene: scene.run("select setval('audit_log_id_seq', 2147483647)"),
)
