"""A job runner kept an advisory lock and went idle; the others wait for it."""

from faults.fault import Cause, Client, Fault, Number, Script
from faults.scene import Scene
from faults.shop import DAY, holder

JOBS = Client(
    "job-runner", 3, (Script(("select pg_advisory_lock(4711)", "select pg_advisory_unlock(4711)")),), pause_s=0.3
)


def do(scene: Scene) -> None:
    scene.names["pid"] = str(scene.start(holder("job-leader", "select pg_advisory_lock(4711)"))["job-leader"][0])


FAULT = Fault(
    asks={"en": ("Our background jobs do not run any more",), "zh": ("后台任务都不跑了，卡住了",)},
    causes=[Cause(["advisory-locks", "blocking-tree"], ["{pid}"])],
    numbers=[
        Number(
            "seconds",
            "select max(extract(epoch from now() - query_start)) from pg_stat_activity where wait_event = 'advisory'",
        )
    ],
    load=(*DAY, JOBS),
    do=do,
    wait_s=20,
)
