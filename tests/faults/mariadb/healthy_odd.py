"""A blog with odd but harmless features: events, views, cascades, partitions, generated columns, other engines."""

from faults.elsewhere import made
from faults.fault import Client, Fault, Script
from faults.scene import Scene
from faults.shop import DAY, holder

BLOG = Client(
    "blog",
    3,
    (
        Script(("select id, title from `my-blog`.post where y = {1..50} limit 5",)),
        Script(("select * from `my-blog`.recent limit 5",)),
        Script(("select count(*) from `my-blog`.legacy",)),
        Script(("insert into `my-blog`.hits values ('2025-07-01', 1) on duplicate key update n = n + 1",)),
    ),
    pause_s=0.3,
)


def do(scene: Scene) -> None:
    made(
        scene,
        "my-blog",
        "create table `my-blog`.post (id int auto_increment primary key, title varchar(50), doc json, "
        "y int generated always as (json_value(doc, '$.y')) stored, key (y))",
        "insert into `my-blog`.post (title, doc) "
        "select concat('t', seq), json_object('y', seq % 50) from seq_1_to_3000",
        "create table `my-blog`.comment (id int auto_increment primary key, post_id int not null, "
        "foreign key (post_id) references `my-blog`.post (id) on delete cascade)",
        "create table `my-blog`.session_cache (k varchar(40) primary key, v varchar(100)) engine=memory",
        "create table `my-blog`.legacy (id int primary key, v int) engine=myisam",
        "insert into `my-blog`.legacy select seq, seq from seq_1_to_100",
        "create table `my-blog`.hits (d date not null, n int, primary key (d)) partition by range (to_days(d)) "
        "(partition a values less than (to_days('2025-06-01')), partition z values less than maxvalue)",
        "create event `my-blog`.tidy on schedule every 2 second do delete from `my-blog`.session_cache where k < 'a'",
        "create view `my-blog`.recent as select id, title from `my-blog`.post where id > 2900",
        users=("blog",),
    )
    scene.start(
        BLOG, holder("leader", "select get_lock('leader', 1)"), Client("waiter", 1, (Script(("select sleep(20)",)),))
    )


FAULT = Fault(
    asks={"en": ("The blog is slow", "Is anything wrong?"), "zh": ("博客打开很慢", "数据库最近怎么样")},
    causes=[],
    load=DAY,
    do=do,
    settings={"event-scheduler": "ON"},
)
