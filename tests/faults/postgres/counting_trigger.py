"""Each post counts itself by a trigger in its forum's one row, which stays locked until the post is committed."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import DAY

POSTS = Client(
    "forum-api",
    8,
    (Script(("begin", "insert into forum.posts (tenant, body) values (1, 'hello')", 0.1, "commit")),),
    pause_s=0.02,
)


def do(scene: Scene) -> None:
    scene.run(
        "create schema forum authorization shop",
        "set role shop",
        "create table forum.tenants (id int primary key, posts bigint not null)",
        "insert into forum.tenants values (1, 0), (2, 0)",
        "create table forum.posts (id bigint generated always as identity primary key, "
        "tenant int references forum.tenants, body text)",
        "create index on forum.posts (tenant)",
        "create function forum.count_post() returns trigger language plpgsql as 'begin "
        "update forum.tenants set posts = posts + 1 where id = new.tenant; return new; end'",
        "create trigger posts_count after insert on forum.posts for each row execute function forum.count_post()",
    )
    scene.start(POSTS)


FAULT = Fault(
    asks={
        "en": ("Posting in the forum is slow although the CPU is idle",),
        "zh": ("论坛发帖要等很久，CPU 却很空闲",),
    },
    causes=[Cause(["hot-row"], ["tenants"])],
    numbers=[Number("count", "select count(*) from pg_stat_activity where application_name = 'forum-api'", 0.5)],
    also=["wait-profile", "top-queries:posts", "slow-mean:posts"],
    load=DAY,
    do=do,
)
