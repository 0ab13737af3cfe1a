"""Follows a symptom: the checks that can explain it, stage by stage."""

from __future__ import annotations

from datetime import datetime, timedelta

from dbmedic.agent.tool import Context, tool
from dbmedic.checks.check import catalogue
from dbmedic.core.errors import BadField
from dbmedic.core.history import Asked
from dbmedic.diagnosis.symptoms import symptoms
from dbmedic.tools.changes import moment, told
from dbmedic.tools.measure import measured

COMPARED = frozenset({"plan-changed", "slow-rising", "traffic-drop", "active-spike", "restarted", "disk-burst"})
"""Symptoms that say "not as before" without saying since when."""
LATELY = timedelta(hours=24)


@tool
async def diagnose(
    context: Context,
    instance: str,
    symptom: str,
    since: str | None = None,
    until: str | None = None,
    stage: int = 1,
) -> str:
    """Look for the cause of a symptom on an instance and return findings, what is fine and what could not be seen.

    instance: id of the instance.  symptom: id of a symptom plan, such as "slow", "disk", "connections", "locks",
    "cpu", "health".  since, until: ISO 8601 times of the trouble, where the asker said so; it is then compared with
    before.  stage: 1 is the first look; the next stages look deeper.  Nothing is changed on the database.
    """
    plans = symptoms()
    if symptom not in plans:
        raise BadField("symptom", f"no such symptom: {symptom!r}; there are: {', '.join(sorted(plans))}")
    engine = (await (await context.target(instance)).engine.facts()).engine
    stages = plans[symptom].stages_for(engine)
    if not 1 <= stage <= len(stages):
        raise BadField("stage", f"{symptom} has stages 1 to {len(stages)}, not {stage}")
    known = catalogue()
    asked = None if since is None else Asked(moment("since", since), until_or(context, until))
    if since is None and symptom in COMPARED:  # the checks look at what is lately, each as far back as it says
        since = (context.now() - LATELY).isoformat()
    before = "" if since is None or stage > 1 else await told(context, instance, since, until)
    seen = await measured(context, instance, [check for check in stages[stage - 1] if check in known], asked)
    return f"{before}\n{seen}".lstrip()


def until_or(context: Context, until: str | None) -> datetime:
    """The end of the asked time: now, unless it was said."""
    return context.now() if until is None else moment("until", until)
