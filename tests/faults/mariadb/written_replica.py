"""The replica takes writes, and an application has used that: it could not take over."""

from faults.fault import Cause, Fault
from faults.mariadb.stopped_replica import READERS
from faults.scene import Scene
from faults.source import SETTINGS, source_of


def do(scene: Scene) -> None:
    source_of(scene, "create table refunds (id int auto_increment primary key, order_id int not null)")
    scene.run("insert into audit_log (at, actor, action, detail) values (now(), 'job', 'edit', 'written here')")
    scene.names["own"] = scene.run("select @@gtid_binlog_pos")[0][0].split(",")[-1]


FAULT = Fault(
    asks={
        "en": ("Could we fail over to this one tonight?",),
        "zh": ("今晚要做主备切换，这台能接管吗",),
    },
    causes=[Cause(["my-gtid"], ["{own}"])],
    also=["replica-writable", "repl-lag"],
    load=(READERS,),
    do=do,
    settings=SETTINGS,
)
