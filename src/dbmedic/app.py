"""The parts of dbmedic, built from the settings and joined by name; and the server made of them.

Nothing else knows all parts.  Modules that take long to import are imported when their part is built.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, NamedTuple

import structlog

from dbmedic.chosen import (
    chosen_admission,
    chosen_bucket,
    chosen_door,
    chosen_models,
    chosen_store,
    chosen_tool_servers,
    chosen_voice,
)
from dbmedic.config import Config
from dbmedic.core.errors import OutsideFailed
from dbmedic.kit.ids import NewIds

if TYPE_CHECKING:
    from dbmedic.api.edge import Edge
    from dbmedic.api.ops import Ops
    from dbmedic.assistant import Assistant
    from dbmedic.assistant.folder import Folder
    from dbmedic.assistant.live import Running
    from dbmedic.assistant.rates import Rates
    from dbmedic.assistant.sampler import Sampler
    from dbmedic.assistant.tool_servers import ToolServers
    from dbmedic.chosen import Kept
    from dbmedic.core.ports import Engine, MetricSource, Model, Store, Writer
    from dbmedic.core.values import Instance
    from dbmedic.telemetry.traces import Tracing

logger = structlog.get_logger("dbmedic.app")

INDEX_S = 120.0
"""A replica that begins to index a document has it this long."""
SWEEP_S = 1.0
"""How often decided approvals are looked for."""
LEAVE_S = 10.0
"""How long the audit leaves turns to the replica that ran them."""


class Parts(NamedTuple):
    """Everything that was built."""

    config: Config
    folder: Folder | None
    """None: all is in memory."""
    store: Store
    metrics: MetricSource
    models: Mapping[str, Model]
    assistant: Assistant
    ops: Ops
    sampler: Sampler
    kept: Kept
    tool_servers: ToolServers | None = None

    async def close(self) -> None:
        """Closes the parts, the last built first; turns that still run are closed as interrupted."""
        if self.assistant.voice is not None:
            await self.assistant.voice.close()
        await self.assistant.turns.end(0)
        await self.kept.close()
        if self.tool_servers is not None:
            await self.tool_servers.close()
        if self.assistant.traffic is not None:
            await self.assistant.traffic.end()
        await self.assistant.chats.end()
        await self.assistant.knowledge.close()
        await self.assistant.files.close()
        await self.assistant.watch.close()
        for model in self.models.values():
            await model.close()
        await self.metrics.close()
        await self.store.close()


async def build(
    config: Config,
    *,
    folder: Folder | None = None,
    models: Mapping[str, Model] | None = None,
    tracing: Tracing | None = None,
) -> Parts:
    """The parts over the data folder of the settings, or over nothing but memory.

    `folder` is that folder when it is open already, `models` replaces those of the settings, `tracing` writes
    spans.  Raises `WrongKey`, `BadField`, and what a store raises that cannot be opened.
    """
    from dbmedic.api.ops import Ops
    from dbmedic.assistant import Assistant, Options
    from dbmedic.assistant.access_keys import AccessKeys
    from dbmedic.assistant.accounts import first_start
    from dbmedic.assistant.agents import Agents
    from dbmedic.assistant.annotations import Annotations
    from dbmedic.assistant.approvals import Approvals
    from dbmedic.assistant.audit import Audit
    from dbmedic.assistant.budgets import Budgets, Spending
    from dbmedic.assistant.chats import Chats
    from dbmedic.assistant.conversations import Conversations
    from dbmedic.assistant.feedback import Feedback
    from dbmedic.assistant.files import Files
    from dbmedic.assistant.folder import key_of, open_folder
    from dbmedic.assistant.history import StoredHistory
    from dbmedic.assistant.instances import Instances
    from dbmedic.assistant.keys import Keys
    from dbmedic.assistant.knowledge import knowledge
    from dbmedic.assistant.manual import Manual
    from dbmedic.assistant.people import People
    from dbmedic.assistant.playbooks import Playbooks
    from dbmedic.assistant.policies import Policies
    from dbmedic.assistant.published import Published
    from dbmedic.assistant.reading import Reading
    from dbmedic.assistant.runs import Runs
    from dbmedic.assistant.sampler import Pace, Sampler
    from dbmedic.assistant.secrets import Secrets
    from dbmedic.assistant.sessions import Sessions
    from dbmedic.assistant.skills import Skills
    from dbmedic.assistant.speech import Speech
    from dbmedic.assistant.traffic import Traffic
    from dbmedic.assistant.turns import Limits
    from dbmedic.assistant.watch import Watch
    from dbmedic.diagnosis.standin import Standin
    from dbmedic.logs import open_logs
    from dbmedic.metrics import open_metrics
    from dbmedic.models.embeddings import embedder, reranker
    from dbmedic.telemetry.gauges import look
    from dbmedic.telemetry.meters import Meters
    from dbmedic.telemetry.observed import ObservedStore, observed
    from dbmedic.telemetry.ready import Ready
    from dbmedic.tools import tools

    if folder is None and config.data is not None:
        folder = await open_folder(config.data)
    given = key_of(config.key) if config.key else None
    new_id = NewIds(os.urandom, time.time_ns)
    meters = Meters(tools())
    kept = await chosen_store(config, folder.store if folder else None, new_id())
    store: Store = ObservedStore(kept.store, meters)
    try:
        key = given or (await folder.key(os.urandom) if folder else os.urandom(32))
        secrets = Secrets(key, os.urandom)
        await first_start(store, secrets, max_turns=config.max_turns, now=now, new_id=new_id)
    except BaseException:
        await store.close()
        raise
    metrics = open_metrics()
    instances = Instances(store, secrets, now=now)
    conversations = Conversations(store)

    def history(instance: Instance) -> StoredHistory:
        return StoredHistory(store, instance.account, instance.id, now=now)

    opening = observed(open_engine, open_writer, meters, tracing)
    watch = Watch(instances, opening.engine, metrics, opening.writer, history, open_logs())
    pace = Pace(
        every_s=config.sample_s,
        sizes_s=max(config.sample_s, config.sample_sizes_s),
        days=config.history_days,
        most_bytes=config.history_mib << 20,
    )
    sampler = Sampler(store, instances, watch, now=now, random=random.random, owner=new_id(), pace=pace)
    approvals = Approvals(store, now=now)
    traffic = Traffic(store, secrets, now=now)
    # Models that a caller hands over are taken as they are.
    speech = Speech(secrets.derived("masks"), traffic, config.model_sends) if models is None else None
    models = chosen_models(config) if models is None else models
    if tracing is not None:
        models = tracing.models(models, config.model_url)

    def ended(running: Running) -> None:
        question = running.turn.question
        resumed = len(running.runs) > 1
        meters.ended(question.api if question else "", running.turn.closed or "", running.entries, resumed=resumed)

    annotations = Annotations(store, now=now, new_id=new_id)
    files = Files(
        store,
        folder.files if folder else None,
        now=now,
        new_id=new_id,
        quota_bytes=config.files_mib << 20,
        bucket=chosen_bucket(config),
    )
    known = knowledge(
        store,
        files,
        secrets,
        now=now,
        new_id=new_id,
        embedder=embedder(config.embed_url, config.embed_model, config.embed_key),
        reranker=reranker(config.rerank_url, config.rerank_model, config.rerank_key),
    )
    if (bus := kept.bus) is not None:
        known.indexer.alone = lambda document: bus.first(f"index:{document}", INDEX_S)
    manual = Manual(known.library)
    skills = Skills(store, now=now, new_id=new_id)
    known_tools = dict(tools() if tracing is None else tracing.tools(tools()))
    tool_servers = chosen_tool_servers(config, known_tools, now)
    agents = Agents(store, skills, known_tools, now=now, new_id=new_id)
    budgets = Budgets(config.turn_tokens, config.turn_cost, config.turn_calls, config.day_tokens, config.day_cost)
    spending = Spending(store, budgets, now=now)
    turns = kept.turns(
        store,
        conversations,
        watch,
        models,
        known_tools,
        now=now,
        new_id=new_id,
        limits=Limits(config.max_turns, config.turn_s, config.check_budget_s, config.window_s),
        ended=ended,
        around=None if tracing is None else tracing.around,
        acting=agents.acting,
        attached=files.attached,
        answering=annotations.answering,
        search=Reading(manual, known.datasets).of,
        approvals=approvals,
        spending=spending,
        standin=Standin(),
        speech=speech,
        playbooks=Playbooks(_playbooks_of(config, folder), tools()),
        admission=chosen_admission(config, store, meters, kept.bus),
    )
    meters.tools = known_tools
    ops = Ops(Ready(folder, store, turns, kept.bus), meters, lambda: look(meters, turns, sampler, store))
    keys = Keys(store, now=now, new_id=new_id, random=os.urandom)
    policies = Policies(store, now=now)
    assistant = Assistant(
        turns=turns,
        conversations=conversations,
        keys=keys,
        instances=instances,
        watch=watch,
        access_keys=AccessKeys(store, secrets, policies, now=now, new_id=new_id, random=os.urandom),
        policies=policies,
        agents=agents,
        published=Published(store, agents, now=now),
        skills=skills,
        feedback=Feedback(store, conversations, now=now),
        sessions=Sessions(store, conversations, now=now, new_id=new_id),
        chats=Chats(store, conversations, now=now),
        runs=Runs(store, conversations),
        people=People(store, now=now),
        files=files,
        annotations=annotations,
        knowledge=known,
        approvals=approvals,
        audit=Audit(store, now=now),
        spending=spending,
        traffic=traffic,
        options=Options(streams=config.streams, explains=config.log_level == "debug", unsigned_as=config.unsigned_as),
        voice=chosen_voice(config),
    )
    return Parts(config, folder, store, metrics, models, assistant, ops, sampler, kept, tool_servers)


def _playbooks_of(config: Config, folder: Folder | None) -> Path | None:
    """Where the operator's playbooks are; None when nowhere."""
    return config.playbooks or (folder.path / "playbooks" if folder is not None else None)


def open_engine(instance: Instance) -> Engine:
    """An engine for an instance; its driver is imported with the first one."""
    from dbmedic.engines import open_engine

    return open_engine(instance)


def open_writer(instance: Instance, database: str) -> Writer:
    """The write account of an instance; its driver is imported with the first one."""
    from dbmedic.engines import open_writer

    return open_writer(instance, database)


def asgi(parts: Parts, tracing: Tracing | None = None) -> Edge:
    """The ASGI application: every API, and what machines ask."""
    from dbmedic.api import apis
    from dbmedic.api.edge import Edge

    ops, found = parts.ops, apis(parts.assistant)
    seen = ops.seen if tracing is None else tracing.seen(ops.seen)
    return Edge([ops.api(), *found], seen, ops.meters.busy, ops.meters.streams, parts.config.body_s)


async def run(
    config: Config,
    *,
    ready: Callable[[str], None],
    stop: asyncio.Event | None = None,
    models: Mapping[str, Model] | None = None,
    tracing: Tracing | None = None,
) -> None:
    """Serves until it is told to stop; `ready` is told the base URL once.

    Clients may connect, and wait, before the parts are built.  Raises `FolderTaken` when another process serves the
    data folder, `BadField` for an address that cannot be had, and as `build`.
    """
    from dbmedic.api.serve import listen
    from dbmedic.assistant.folder import open_folder

    folder = await open_folder(config.data) if config.data is not None else None
    with listen(config.host, config.port) as listening:
        try:
            if folder is not None:
                await folder.lock()
            parts = await build(config, folder=folder, models=models, tracing=tracing)
            try:
                await _serve(parts, listening, ready, stop, tracing)
            finally:
                await parts.close()
                if tracing is not None:
                    await tracing.close()
        finally:
            if folder is not None:
                folder.unlock()


async def _serve(
    parts: Parts,
    listening: socket,
    ready: Callable[[str], None],
    stop: asyncio.Event | None,
    tracing: Tracing | None,
) -> None:
    from dbmedic.api.serve import serve
    from dbmedic.telemetry.lag import watch_lag

    config, turns, meters = parts.config, parts.assistant.turns, parts.ops.meters
    rates, pressure = turns.admission.rates, turns.admission.pressure
    assert rates is not None
    assert pressure is not None
    await parts.kept.serve()
    await rates.refresh()
    if interrupted := await turns.recover():
        logger.warning("turns were interrupted by the last end", turns=interrupted)
    if left := await parts.assistant.files.recover():
        logger.warning("uploads were interrupted by the last end", uploads=left)
    await parts.assistant.knowledge.begin()
    if parts.tool_servers is not None:
        parts.tool_servers.begin()

    def late(late_s: float) -> None:
        meters.lag(late_s)
        pressure.look(late_s, time.monotonic())

    beside = [asyncio.create_task(_sweep(parts.assistant, rates), name="sweep")]
    beside.append(asyncio.create_task(watch_lag(late), name="lag"))
    if config.sample:
        beside.append(asyncio.create_task(parts.sampler.run(), name="sampler"))
    try:
        await serve(
            asgi(parts) if tracing is None else tracing.asgi(asgi(parts, tracing)),
            config.host,
            config.port,
            listening=listening,
            ready=ready,
            drain=lambda: turns.end(config.shutdown_s),
            stop=stop,
            door=chosen_door(config, meters, pressure),
        )
    finally:
        for task in beside:
            task.cancel()
        await asyncio.wait(beside)


async def _sweep(assistant: Assistant, rates: Rates) -> None:
    """Goes on with turns that a person has decided, wherever it was decided, seals those that ended, reads limits.

    A store that fails is asked again.
    """
    while True:
        await asyncio.sleep(SWEEP_S)
        try:
            await rates.refresh()
            await assistant.turns.sweep()
            await assistant.audit.seal(leave_s=LEAVE_S)
        except OutsideFailed as failure:
            logger.warning("approvals and audit not looked at", error=str(failure))


def now() -> datetime:
    return datetime.now(UTC)
