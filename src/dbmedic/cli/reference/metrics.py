"""The page of everything that `/metrics` says."""

from __future__ import annotations

from dbmedic.cli.reference.declared import table
from dbmedic.telemetry.families import FAMILIES
from dbmedic.telemetry.meters import INSTANCES

HEAD = f"""# Metrics

What `GET /metrics` answers, in the text form that Prometheus scrapes.  It needs no key: let only your monitoring
reach it.  How to watch a server with it is said in [Watch dbmedic itself](../how-to/watch-dbmedic.md).

`api` is the protocol a client speaks (`dify`, `rdsai`, `openai` …), `none` where no protocol claims a path, `ops` for
these paths themselves.  `watched` is the id of an instance (`instance` is what Prometheus calls
this server), for at most {INSTANCES} watched instances; the others are counted together as `other`.
Codes of errors are those of [Errors](errors.md).  Memory, processor time and open files of the process are in
`process_*`.
"""


def page() -> str:
    """Markdown."""
    rows = [
        (f"`{family.name}`", family.kind, " ".join(f"`{label}`" for label in family.labels), family.text)
        for family in FAMILIES
    ]
    return f"{HEAD}\n{table(('metric', 'kind', 'labels', 'meaning'), rows)}\n"
