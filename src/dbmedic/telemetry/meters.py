"""The counters behind `/metrics`, and what adds to them: requests, turns, kept events, statements.

Turns, models, tools and approvals are counted from the events that were kept, a batch at a time: no token costs
anything.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import prometheus_client
from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics, exposition

from dbmedic import __version__
from dbmedic.core.events import (
    ApprovalDecided,
    ApprovalRequested,
    Entry,
    ModelFailed,
    ModelReplied,
    ToolCalled,
    ToolReturned,
    TurnResumed,
)
from dbmedic.telemetry.families import FAMILIES, Family

CONTENT_TYPE: Final = exposition.CONTENT_TYPE_LATEST
INSTANCES: Final = 1000
"""Series of watched instances; those beyond are counted together, as `other`."""
OPEN_CALLS: Final = 10_000
"""Tool calls without a result that are remembered."""


class Meters:
    """One registry.  All methods are plain, take microseconds, and belong on the event loop's thread."""

    def __init__(self, tools: Collection[str] = ()) -> None:
        """`tools`: names that exist; a model may call others, which are counted as `unknown`."""
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody reads
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._all = {family.name: _made(family, self.registry) for family in FAMILIES}
        # The children of a metric are looked up under a lock and by text; these are few and come back all the time.
        self._child: Callable[..., Any] = lru_cache(8192)(self._made_child)
        self._tools = frozenset(tools)
        self._calls: dict[tuple[str, str], str] = {}
        self._instances: set[tuple[str, str]] = set()
        self.busy: Tally[str] = Tally()
        """API -> requests under way; kept by whoever answers them."""
        self.streams: Tally[str] = Tally()
        """API -> open streams, likewise."""
        self.pending = 0
        """Writes that the store has not answered yet."""
        self._child("dbmedic_info", __version__).set(1)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        for name, tally in (("in_flight", self.busy), ("streams", self.streams)):
            metric = "dbmedic_http_requests_in_flight" if name == "in_flight" else "dbmedic_http_open_streams"
            for api, count in tally.items():
                self._child(metric, api).set(count)
        self.set("dbmedic_store_queued_writes", self.pending)
        return exposition.generate_latest(self.registry)

    def set(self, name: str, value: float) -> None:
        """Sets a gauge without labels."""
        self._all[name].set(value)

    def ages(self, ages: Mapping[tuple[str, str], float]) -> None:
        """Account and instance -> seconds since it was last sampled; the others' series end."""
        gauge = self._all["dbmedic_instance_sample_age_seconds"]
        gauge.clear()
        for (account, instance), age_s in ages.items():
            gauge.labels(*self._bounded(account, instance)).set(age_s)

    # -- requests ---------------------------------------------------------------------------------------------------

    def request(self, api: str, operation: str, status: int, took_s: float) -> None:
        self._child("dbmedic_http_requests_total", api, operation, status).inc()
        self._child("dbmedic_http_request_seconds", api, operation).observe(took_s)

    def lag(self, late_s: float) -> None:
        """How late a timer ran."""
        self._all["dbmedic_event_loop_lag_seconds"].observe(late_s)

    # -- turns ------------------------------------------------------------------------------------------------------

    def ended(self, api: str, reason: str, entries: Sequence[Entry]) -> None:
        """A run of a turn ended, or paused (reason ""); `entries` is the log of the whole turn."""
        resumed = [at for at, entry in enumerate(entries) if type(entry.event) is TurnResumed]
        began = resumed[-1] if resumed else 0
        self._child("dbmedic_turns_total", api, reason or "waiting").inc()
        took_s = (entries[-1].at - entries[began].at).total_seconds()
        self._child("dbmedic_turn_seconds", api).observe(max(0.0, took_s))
        # A person decides in whatever process; what was decided is seen here once the turn went on.
        for entry in entries[resumed[-2] if len(resumed) > 1 else 0 : began]:
            if type(entry.event) is ApprovalDecided and entry.event.how == "person":
                self._decided(entry.event)

    def kept(self, entries: Sequence[Entry]) -> None:
        """Events that are durable now, each counted once."""
        for entry in entries:
            event = entry.event
            match event:
                case ModelReplied():
                    self._replied(event)
                case ModelFailed():
                    self._child("dbmedic_model_calls_total", event.model, event.code).inc()
                case ToolCalled():
                    while len(self._calls) >= OPEN_CALLS:
                        del self._calls[next(iter(self._calls))]
                    self._calls[entry.turn, event.call] = event.tool if event.tool in self._tools else "unknown"
                case ToolReturned():
                    tool = self._calls.pop((entry.turn, event.call), "unknown")
                    self._child("dbmedic_tool_calls_total", tool, "ok" if event.ok else "failed").inc()
                    self._child("dbmedic_tool_seconds", tool).observe(event.took_s)
                case ApprovalRequested():
                    self._child("dbmedic_approvals_requested_total", event.kind).inc()
                case ApprovalDecided() if event.how != "person":
                    self._decided(event)

    def _replied(self, event: ModelReplied) -> None:
        usage, model = event.usage, event.model
        self._child("dbmedic_model_calls_total", model, "ok").inc()
        self._child("dbmedic_model_reply_seconds", model).observe(event.took_s)
        if usage.first_token_s is not None:
            self._child("dbmedic_model_first_token_seconds", model).observe(usage.first_token_s)
        self._child("dbmedic_model_tokens_total", model, "prompt").inc(usage.prompt_tokens)
        self._child("dbmedic_model_tokens_total", model, "completion").inc(usage.completion_tokens)

    def _decided(self, event: ApprovalDecided) -> None:
        outcome = "granted" if event.granted else "refused"
        self._child("dbmedic_approvals_decided_total", outcome, event.how).inc()

    # -- the store and the watched instances ------------------------------------------------------------------------

    def wrote(self, outcome: str, took_s: float) -> None:
        self._child("dbmedic_store_writes_total", outcome).inc()
        self._all["dbmedic_store_write_seconds"].observe(took_s)

    def statement(self, account: str, instance: str, engine: str, took_s: float) -> None:
        labels = (*self._bounded(account, instance), engine)
        self._child("dbmedic_instance_statements_total", *labels).inc()
        self._child("dbmedic_instance_statement_seconds_total", *labels).inc(took_s)

    def trouble(self, account: str, instance: str, engine: str, code: str) -> None:
        """Something asked of an instance failed."""
        self._child("dbmedic_instance_errors_total", *self._bounded(account, instance), engine, code).inc()

    def _bounded(self, account: str, instance: str) -> tuple[str, str]:
        key = (account, instance)
        if key not in self._instances:
            if len(self._instances) >= INSTANCES:
                return "other", "other"
            self._instances.add(key)
        return key

    def _made_child(self, name: str, *labels: object) -> Any:
        return self._all[name].labels(*labels)


def _made(family: Family, registry: CollectorRegistry) -> Any:
    if family.kind == "histogram":
        return prometheus_client.Histogram(
            family.name, family.text, family.labels, buckets=family.buckets, registry=registry
        )
    kind = prometheus_client.Counter if family.kind == "counter" else prometheus_client.Gauge
    return kind(family.name, family.text, family.labels, registry=registry)
