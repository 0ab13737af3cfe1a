"""Every metric of `/metrics`, declared once: the page about them, the counters and the dashboard's test read this.

Names after Prometheus: base units, `_total` for what only grows, labels of closed or bounded sets.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300)
SHORT: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class Family(NamedTuple):
    """One metric, as a scrape names it."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    text: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    """Upper bounds, of a histogram."""


def _counter(name: str, text: str, *labels: str) -> Family:
    return Family(name, "counter", text, labels)


def _gauge(name: str, text: str, *labels: str) -> Family:
    return Family(name, "gauge", text, labels)


def _histogram(name: str, text: str, *labels: str, buckets: tuple[float, ...] = SECONDS) -> Family:
    return Family(name, "histogram", text, labels, buckets)


_INSTANCE: Final = ("account", "watched", "engine")

FAMILIES: Final = (
    _gauge("dbmedic_info", "Always 1; the label says which version runs", "version"),
    _counter("dbmedic_http_requests_total", "Requests that were answered", "api", "operation", "status"),
    _histogram("dbmedic_http_request_seconds", "Time to the last byte of an answer", "api", "operation"),
    _gauge("dbmedic_http_requests_in_flight", "Requests that are being answered, streams included", "api"),
    _gauge("dbmedic_http_open_streams", "Streams that are being sent", "api"),
    _gauge("dbmedic_open_connections", "Connections of clients, each second"),
    _counter("dbmedic_connections_ended_total", "Connections hung up; why is head, stalled or full", "why"),
    _histogram("dbmedic_event_loop_lag_seconds", "How late the event loop was, twice a second", buckets=SHORT),
    _counter("dbmedic_store_writes_total", "Writes to the store; outcome is ok or a code of an error", "outcome"),
    _histogram("dbmedic_store_write_seconds", "Time until a write was durable", buckets=SHORT),
    _gauge("dbmedic_store_queued_writes", "Writes that wait to be durable"),
    _gauge("dbmedic_running_turns", "Turns that run now"),
    _gauge("dbmedic_queued_turns", "Questions that wait for the turn before them in their conversation"),
    _gauge("dbmedic_waiting_turns", "Turns that wait for a person, of the whole store"),
    _gauge("dbmedic_waiting_questions", "Questions that wait for one of their account's turns"),
    _counter("dbmedic_questions_refused_total", "Questions turned away; why: an error's code", "api", "why"),
    _gauge("dbmedic_overloaded", "1 while new questions are refused because the server has too much to do"),
    _counter("dbmedic_turns_total", "Turns that ended, or paused for a person (reason waiting)", "api", "reason"),
    _histogram("dbmedic_turn_seconds", "Time of a run of a turn, without waiting for a person", "api"),
    _counter("dbmedic_model_calls_total", "Replies of a model; outcome: ok or an error's code", "model", "outcome"),
    _histogram("dbmedic_model_reply_seconds", "Time of a whole reply of a model", "model"),
    _histogram("dbmedic_model_first_token_seconds", "Time to the first word of a reply of a model", "model"),
    _counter("dbmedic_model_tokens_total", "Tokens; kind is prompt or completion", "model", "kind"),
    _counter("dbmedic_tool_calls_total", "Calls of a tool; outcome is ok or failed", "tool", "outcome"),
    _histogram("dbmedic_tool_seconds", "Time of a call of a tool", "tool"),
    _counter("dbmedic_approvals_requested_total", "Changes that were proposed, by their class", "kind"),
    _counter("dbmedic_approvals_decided_total", "What became of them: granted or refused", "outcome", "how"),
    _counter("dbmedic_instance_statements_total", "Statements sent to a watched instance", *_INSTANCE),
    _counter("dbmedic_instance_statement_seconds_total", "Time its statements took", *_INSTANCE),
    _counter("dbmedic_instance_errors_total", "What was asked and failed, by code", *_INSTANCE, "code"),
    _gauge("dbmedic_instance_sample_age_seconds", "Time since the sampler last saw it whole", "account", "watched"),
)  # fmt: skip
"""Those of the process (`process_*`) come from the Prometheus client."""
