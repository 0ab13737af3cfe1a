"""Header lines that a request to another service carries on behalf of what runs now: the trace it is part of."""

from __future__ import annotations

from contextvars import ContextVar

OUTGOING: ContextVar[bytes] = ContextVar("OUTGOING", default=b"")
"""Whole lines, each with its end: b"traceparent: 00-…\\r\\n"; empty where nothing is traced."""
