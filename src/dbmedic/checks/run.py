"""Runs checks on one server within limits and says what they found, as soon as each knows.

For every id exactly one of `Checked` or `Skipped` is said, before it the `Measured` and `Found` that it rests on.  A
check that could not see its data is `Checked(failed)` with one of the ten reasons, never silently normal.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import assert_never

import anyio

from dbmedic.checks import check as unit
from dbmedic.checks import workload
from dbmedic.checks.check import Check, Source
from dbmedic.checks.context import Context, Lanes
from dbmedic.checks.evaluate import Around, Judged, judged
from dbmedic.checks.plan import Blind, Skip, Step, lacking, plan, server
from dbmedic.core.errors import Denied, OutsideFailed, StatementFailed, Unmeasured
from dbmedic.core.events import Checked, Found, Measured, Skipped
from dbmedic.core.ports import Now, Say, Target
from dbmedic.core.values import EngineFacts, Finding, Measure, Row

log = logging.getLogger(__name__)


async def run(
    ids: Sequence[str],
    target: Target,
    *,
    call: str,
    say: Say,
    new_measure: Callable[[], str],
    now: Now,
    budget_s: float = 15,
    window_s: float = 5,
    checks: Mapping[str, Check] | None = None,
    thresholds: Mapping[str, Mapping[str, str | float]] | None = None,
) -> None:
    """Says `Measured`, `Found`, and `Checked` or `Skipped`, for every id; one check's failure never raises.

    `window_s` is the distance of the two looks of checks that compare; `thresholds` overrides those of single checks.
    Raises `Unreachable` or `SignInFailed` when there is no server to measure, `BadField` for an id that is no check.
    """
    known = unit.catalogue() if checks is None else checks
    deadline = anyio.current_time() + budget_s
    facts = await target.engine.facts()
    decisions = plan(ids, known, facts)
    lanes = Lanes(target, facts, window_s=window_s, deadline=deadline)
    runner = _Runner(lanes, call=call, say=say, new_measure=new_measure, now=now, thresholds=thresholds or {})
    heavy: list[Step] = []
    async with anyio.create_task_group() as tasks:
        for decision in decisions:
            match decision:
                case Skip(check=check, because=because):
                    await say(Skipped(call=call, check=check.id, instance=target.instance.id, because=because))
                case Blind(check=check, reason=reason, sentence=sentence, grant=grant):
                    await runner.failed(check, reason, sentence, grant)
                case Step(check=check) if check.cost >= 2 and not check.under_load:
                    heavy.append(decision)
                case Step():
                    tasks.start_soon(runner.step, decision)
                case _ as never:
                    assert_never(never)
        overload = await runner.overload() if heavy else None
        for step in heavy:
            if overload is None:
                tasks.start_soon(runner.step, step)
            else:
                await runner.failed(step.check, "skipped_overload", overload)


class _Runner:
    """Carries the steps of one run out and says their results."""

    def __init__(
        self,
        lanes: Lanes,
        *,
        call: str,
        say: Say,
        new_measure: Callable[[], str],
        now: Now,
        thresholds: Mapping[str, Mapping[str, str | float]],
    ) -> None:
        self.lanes, self.call, self.say = lanes, call, say
        self.new_measure, self.now, self.thresholds = new_measure, now, thresholds
        self.instance = lanes.target.instance.id

    async def step(self, step: Step) -> None:
        start = anyio.current_time()
        context = Context(self.lanes, step.check.cost, step.source)
        try:
            with anyio.fail_after(max(0.05, self.lanes.deadline - start)):
                source, rows = await self._rows(step, context)
                found = judged(step.check, step.on, source, rows, await self._around(step, context))
                hidden = await self._hidden(step, context) if all(one.level == "normal" for one in found) else None
        except OutsideFailed as failure:
            grant = failure.grant if isinstance(failure, Denied | Unmeasured) else None
            if grant is None and failure.reason == "permission":
                grant = next((lacking(doubt, self.lanes.facts)[1] for doubt in step.doubts), None)
            await self.failed(step.check, failure.reason, str(failure), grant, start)
        except TimeoutError:
            await self.failed(step.check, "timeout", "not finished within the time for this question", None, start)
        except Exception:
            log.exception("check %s failed", step.check.id)
            sentence = "dbmedic could not read what this server answered; its log has the details"
            await self.failed(step.check, "not_in_version", sentence, None, start)
        else:
            if hidden is not None:
                await self._measures(step, source, found, context)
                await self.failed(step.check, *hidden, start)
            else:
                await self._said(step, source, found, context, start)

    async def failed(
        self, check: Check, reason: str, sentence: str, grant: str | None = None, start: float | None = None
    ) -> None:
        await self.say(
            Checked(
                call=self.call,
                check=check.id,
                instance=self.instance,
                level="failed",
                reason=reason,
                sentence=sentence,
                grant=grant,
                took_s=0.0 if start is None else round(anyio.current_time() - start, 3),
            )
        )

    async def overload(self) -> str | None:
        """Why no heavy check may run now; None when they may."""
        sql = server(self.lanes.facts.engine).overload
        if not sql:
            return None
        try:
            load = (await Context(self.lanes, 1).rows(sql))[0]
        except OutsideFailed:
            return None
        cores = await self.lanes.cores()
        active, used, slots = int(load["active"]), int(load["used"]), int(load["slots"])
        if used >= 0.95 * slots:
            return f"{used} of {slots} connections are taken; heavy checks would make it worse"
        if cores is not None and active > max(2 * cores, 4):
            return f"{active} sessions are active on {cores:g} cores; heavy checks would make it worse"
        return None

    async def _rows(self, step: Step, context: Context) -> tuple[Source, list[Row]]:
        if step.instead_of is not None:
            context.better, context.better_grant = lacking(step.instead_of, self.lanes.facts)
        try:
            return step.source, await self._from(step.check, step.source, step.sql, context)
        except (Denied, Unmeasured, StatementFailed) as failure:
            if step.fallback is None:
                raise
            source, sql = step.fallback
            context.source = source
            context.better = str(failure)
            context.better_grant = failure.grant if isinstance(failure, Denied | Unmeasured) else None
            return source, await self._from(step.check, source, sql, context)

    async def _from(self, check: Check, source: Source, sql: str, context: Context) -> list[Row]:
        if source.metric is not None:
            target = self.lanes.target
            metric = source.metric
            found: list[Row] = await self.lanes.once(
                metric, lambda: target.metrics.rows(metric, target.instance, target.engine)
            )
            return found
        if source.workload:
            return await workload.statements(context)
        if source.python:
            name = f"dbmedic.checks.catalogue.{check.item}.{check.id.replace('-', '_')}"
            made: list[Row] = await importlib.import_module(name).rows(context)
            return made
        sample = source.sample or check.sample
        if sample is None:
            return await context.look(sql, each_database=source.each_database)
        if sample.kind == "many":
            return await context.many(sql, key=sample.key)
        if sample.kind == "twice":
            return await context.twice(sql, key=sample.key, each_database=source.each_database)
        return await context.delta(
            sql, key=sample.key, counters=sample.counters, reset=sample.reset, each_database=source.each_database
        )

    async def _around(self, step: Step, context: Context) -> Around:
        facts = self.lanes.facts
        return Around(
            engine=facts.engine,
            instance=self.instance,
            database=facts.database,
            standby=facts.standby,
            uptime=_uptime(facts),
            cores=await self.lanes.cores() if step.check.reads("cores") else None,
            window=context.window,
            thresholds=self.thresholds.get(step.check.id, {}),
            tags=self.lanes.target.instance.tags,
        )

    async def _hidden(self, step: Step, context: Context) -> tuple[str, str, str | None] | None:
        """Reason, sentence and grant when what we cannot see may hold a finding."""
        if (unseen := workload.unseen(context)) is not None:
            return unseen
        for doubt in step.doubts:
            rows: list[Row] = await self.lanes.once(doubt.probe, lambda probe=doubt.probe: context.rows(probe))  # type: ignore[misc]
            hidden = int(rows[0]["hidden"] or 0) if rows else 0
            if hidden > 0:
                return doubt.reason, *lacking(doubt, self.lanes.facts, hidden)
        return None

    async def _measures(self, step: Step, source: Source, found: list[Judged], context: Context) -> list[str]:
        ids = []
        for one in found:
            measure = Measure(
                id=self.new_measure(),
                what=step.check.id,
                instance=self.instance,
                object=one.object,
                values=one.values,
                units=one.units,
                source=str(one.values.get("source") or source.name or step.on.name or self.lanes.facts.engine),
                at=self.now(),
                window_s=None if context.window is None else round(context.window, 3),
            )
            await self.say(Measured(call=self.call, measure=measure))
            ids.append(measure.id)
        return ids

    async def _said(self, step: Step, source: Source, found: list[Judged], context: Context, start: float) -> None:
        ids = await self._measures(step, source, found, context)
        for one, measure in zip(found, ids, strict=True):
            if one.level in ("warning", "error"):
                finding = Finding(
                    check=step.check.id,
                    instance=self.instance,
                    object=one.object,
                    level="error" if one.level == "error" else "warning",
                    measure=measure,
                    confidence=one.confidence,
                    fix=one.fix,
                    posture=step.check.posture,
                )
                await self.say(Found(call=self.call, finding=finding))
        level = found[0].level if found else "normal"
        await self.say(
            Checked(
                call=self.call,
                check=step.check.id,
                instance=self.instance,
                level=level,
                measures=tuple(ids),
                sentence=context.better,
                grant=context.better_grant,
                note=next((one.note for one in found if one.note), None) if level == "normal" else None,
                took_s=round(anyio.current_time() - start, 3),
            )
        )


def _uptime(facts: EngineFacts) -> float | None:
    if facts.started_at is None or facts.server_time is None:
        return None
    return (facts.server_time - facts.started_at).total_seconds()
