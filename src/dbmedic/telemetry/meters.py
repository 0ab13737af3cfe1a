"""The counts behind `/metrics`, and what adds to them: requests, turns, kept events, statements.

Turns, models, tools and approvals are counted from the events that were kept, a batch at a time: no token costs
anything.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final, TypeAlias

from prometheus_client import CollectorRegistry, ProcessCollector, exposition
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

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
from dbmedic.telemetry.families import FAMILIES

CONTENT_TYPE: Final = exposition.CONTENT_TYPE_LATEST
INSTANCES: Final = 1000
"""Series of watched instances; those beyond are counted together, as `other`."""
OPEN_CALLS: Final = 10_000
"""Tool calls without a result that are remembered."""
Label: TypeAlias = str | int
Labels: TypeAlias = tuple[Label, ...]
_BUCKETS: Final = {family.name: family.buckets for family in FAMILIES if family.buckets}


class Meters:
    """Plain dicts that a scrape makes text of.  All methods take microseconds and belong on the event loop's thread."""

    def __init__(self, tools: Collection[str] = ()) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.registry.register(self)
        self._values: dict[str, dict[Labels, float]] = {}
        """Counters and gauges: name -> labels -> value."""
        self._spread: dict[str, dict[Labels, list[float]]] = {}
        """Histograms: name -> labels -> how many fell into each bucket, how many were above all, and the sum."""
        for family in FAMILIES:
            if family.kind == "histogram":
                empty = [0.0] * (len(family.buckets) + 2)
                self._spread[family.name] = {} if family.labels else {(): empty}
            else:
                self._values[family.name] = defaultdict(float, {} if family.labels else {(): 0.0})
        self.tools = tools
        """Names that exist; a model may call others, which are counted as `unknown`."""
        self._calls: dict[tuple[str, str], str] = {}
        self._instances: set[tuple[str, str]] = set()
        self.busy: Tally[str] = Tally()
        """API -> requests under way; kept by whoever answers them."""
        self.streams: Tally[str] = Tally()
        """API -> open streams, likewise."""
        self.pending = 0
        """Writes that the store has not answered yet."""
        self._values["dbmedic_info"][__version__,] = 1

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return exposition.generate_latest(self.registry)

    def collect(self) -> Iterator[Metric]:
        """What the client library makes text of."""
        self._values["dbmedic_http_requests_in_flight"].update({(api,): n for api, n in self.busy.items()})
        self._values["dbmedic_http_open_streams"].update({(api,): n for api, n in self.streams.items()})
        self.set("dbmedic_store_queued_writes", self.pending)
        for family in FAMILIES:
            if family.kind == "histogram":
                spread = HistogramMetricFamily(family.name, family.text, labels=family.labels)
                for labels, counts in self._spread[family.name].items():
                    bounds = [*map(str, map(float, family.buckets)), "+Inf"]
                    reached = list(zip(bounds, accumulate(counts[:-1]), strict=True))
                    spread.add_metric([*map(str, labels)], buckets=reached, sum_value=counts[-1])
                yield spread
            else:
                kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
                plain = kind(family.name, family.text, labels=family.labels)
                for labels, value in self._values[family.name].items():
                    plain.add_metric([*map(str, labels)], value)
                yield plain

    def set(self, name: str, value: float) -> None:
        """Sets a gauge without labels."""
        self._values[name][()] = value

    def ages(self, ages: Mapping[tuple[str, str], float]) -> None:
        """Account and instance -> seconds since it was last sampled; the others' series end."""
        found: dict[Labels, float] = {self._bounded(*key): age_s for key, age_s in ages.items()}
        self._values["dbmedic_instance_sample_age_seconds"] = defaultdict(float, found)

    def _count(self, name: str, *labels: Label, by: float = 1.0) -> None:
        self._values[name][labels] += by

    def _observe(self, name: str, value: float, *labels: Label) -> None:
        buckets = _BUCKETS[name]
        series = self._spread[name].get(labels)
        if series is None:
            series = self._spread[name][labels] = [0.0] * (len(buckets) + 2)
        series[bisect_left(buckets, value)] += 1
        series[-1] += value

    # -- requests ---------------------------------------------------------------------------------------------------

    def request(self, api: str, operation: str, status: int, took_s: float) -> None:
        self._count("dbmedic_http_requests_total", api, operation, status)
        self._observe("dbmedic_http_request_seconds", took_s, api, operation)

    def lag(self, late_s: float) -> None:
        """How late a timer ran."""
        self._observe("dbmedic_event_loop_lag_seconds", late_s)

    def hung_up(self, why: str) -> None:
        """A connection was ended that stayed for nothing."""
        self._count("dbmedic_connections_ended_total", why)

    # -- turns ------------------------------------------------------------------------------------------------------

    def ended(self, api: str, reason: str, entries: Sequence[Entry], *, resumed: bool = False) -> None:
        """A run of a turn ended, or paused (reason ""); `entries` is the log of the whole turn, its deltas included."""
        runs = [at for at, entry in enumerate(entries) if type(entry.event) is TurnResumed] if resumed else []
        began = runs[-1] if runs else 0
        self._count("dbmedic_turns_total", api, reason or "waiting")
        took_s = (entries[-1].at - entries[began].at).total_seconds()
        self._observe("dbmedic_turn_seconds", max(0.0, took_s), api)
        # A person decides in whatever process; what was decided is seen here once the turn went on.
        for entry in entries[runs[-2] if len(runs) > 1 else 0 : began]:
            if type(entry.event) is ApprovalDecided and entry.event.how == "person":
                self._decided(entry.event)

    def refused(self, api: str, why: str) -> None:
        """A question was turned away; `why` is the error's code."""
        self._count("dbmedic_questions_refused_total", api, why)

    def kept(self, entries: Sequence[Entry]) -> None:
        """Events that are durable now, each counted once."""
        for entry in entries:
            event = entry.event
            match event:
                case ModelReplied():
                    self._replied(event)
                case ModelFailed():
                    self._count("dbmedic_model_calls_total", event.model, event.code)
                case ToolCalled():
                    while len(self._calls) >= OPEN_CALLS:
                        del self._calls[next(iter(self._calls))]
                    self._calls[entry.turn, event.call] = event.tool if event.tool in self.tools else "unknown"
                case ToolReturned():
                    tool = self._calls.pop((entry.turn, event.call), "unknown")
                    self._count("dbmedic_tool_calls_total", tool, "ok" if event.ok else "failed")
                    self._observe("dbmedic_tool_seconds", event.took_s, tool)
                case ApprovalRequested():
                    self._count("dbmedic_approvals_requested_total", event.kind)
                case ApprovalDecided() if event.how != "person":
                    self._decided(event)

    def _replied(self, event: ModelReplied) -> None:
        usage, model = event.usage, event.model
        self._count("dbmedic_model_calls_total", model, "ok")
        self._observe("dbmedic_model_reply_seconds", event.took_s, model)
        if usage.first_token_s is not None:
            self._observe("dbmedic_model_first_token_seconds", usage.first_token_s, model)
        self._count("dbmedic_model_tokens_total", model, "prompt", by=usage.prompt_tokens)
        self._count("dbmedic_model_tokens_total", model, "completion", by=usage.completion_tokens)

    def _decided(self, event: ApprovalDecided) -> None:
        outcome = "granted" if event.granted else "refused"
        self._count("dbmedic_approvals_decided_total", outcome, event.how)

    # -- the store and the watched instances ------------------------------------------------------------------------

    def wrote(self, outcome: str, took_s: float) -> None:
        self._count("dbmedic_store_writes_total", outcome)
        self._observe("dbmedic_store_write_seconds", took_s)

    def statement(self, account: str, instance: str, engine: str, took_s: float) -> None:
        labels = (*self._bounded(account, instance), engine)
        self._count("dbmedic_instance_statements_total", *labels)
        self._count("dbmedic_instance_statement_seconds_total", *labels, by=took_s)

    def trouble(self, account: str, instance: str, engine: str, code: str) -> None:
        """Something asked of an instance failed."""
        self._count("dbmedic_instance_errors_total", *self._bounded(account, instance), engine, code)

    def _bounded(self, account: str, instance: str) -> tuple[str, str]:
        key = (account, instance)
        if key not in self._instances:
            if len(self._instances) >= INSTANCES:
                return "other", "other"
            self._instances.add(key)
        return key
