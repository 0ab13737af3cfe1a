"""The backup job died nine days ago, and nobody noticed."""

from faults.fault import Cause, Fault, Number
from faults.shop import DAY

FAULT = Fault(
    asks={
        "en": ("Could we restore everything if the disk died tonight?",),
        "zh": ("数据库的备份正常吗", "误删了数据能不能恢复到昨天"),
    },
    causes=[Cause(["backup-evidence"], [])],
    numbers=[
        Number("seconds", "select timestampdiff(second, max(end_time), now()) from mysql.mariadb_backup_history", 0.1)
    ],
    also=["my-binlog", "pitr-window", "my-durability", "backup-restore-test"],
    load=DAY,
    do=lambda scene: scene.run(
        "create table if not exists mysql.mariadb_backup_history "
        "(uuid varchar(40) not null primary key, end_time timestamp null)",
        "insert into mysql.mariadb_backup_history values ('1', now() - interval 9 day)",
    ),
)
