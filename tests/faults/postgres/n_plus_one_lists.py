"""An object mapper asks for the comments of each post by itself, with a mark in front that never repeats."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import DAY

COMMENTS = (
    '/* trace {1..99999} */ SELECT "c"."Id", "c"."Body" FROM blog."Comment" AS "c" WHERE "c"."PostId" IN ({1..1999})'
)
WEB = Client(
    "blog-web",
    3,
    (Script(('select "Id", "Title" from blog."Post" order by "Id" limit 150', *[COMMENTS] * 150)),),
    pause_s=0.1,
)


def do(scene: Scene) -> None:
    scene.run(
        "create schema blog authorization shop",
        "set role shop",
        'create table blog."Post" ("Id" int primary key, "Title" text)',
        'create table blog."Comment" ("Id" int primary key, "PostId" int not null, "Body" text)',
        "insert into blog.\"Post\" select g, 'p' from generate_series(1, 2000) g",
        "insert into blog.\"Comment\" select g, g % 2000, repeat('c', 80) from generate_series(1, 100000) g",
        'create index "IX_Comment_PostId" on blog."Comment" ("PostId")',
        'analyze blog."Post"',
        'analyze blog."Comment"',
    )
    scene.start(WEB)


FAULT = Fault(
    asks={
        "en": ("The blog home page needs a second or two, must the server grow?",),
        "zh": ("博客首页打开慢，数据库是不是扛不住了",),
    },
    causes=[Cause(["n-plus-one"], ["Comment"])],
    numbers=[Number("count", "select sum(calls) from pg_stat_statements where query like '%PostId%'", 0.4, per_s=True)],
    also=["cpu-saturation", "top-queries:Comment"],
    load=DAY,
    do=do,
)
