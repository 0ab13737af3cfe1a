"""What only the operator of an instance knows, and says in its tags: when backups ended and restores were tried.

A time is written as ISO 8601 (`2026-11-20T02:00:00Z`), in UTC where it names no zone.  Numbers among the tags, such as
`rpo=15min`, are read by `evaluate.tagged`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from dbmedic.core.errors import Unmeasured

EXAMPLES = {
    "backup_at": "backup_at=2026-11-20T02:00:00Z (the end of the newest good backup, or `failed`)",
    "restore_tested_at": "restore_tested_at=2026-10-01T00:00:00Z (the last restore that was tried, or `never`)",
    "rpo": "rpo=15min (how much time may be lost)",
}


def moment(tags: Mapping[str, str], name: str) -> datetime | None:
    """The time that a tag says, aware; None where the tag is not there.  Raises `Unmeasured` for what is no time."""
    text = tags.get(name, "").strip()
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Unmeasured(
            "no_host_source", f"the tag {name} is {text!r}, which is no time; write {EXAMPLES[name]}"
        ) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def untold(instance: str, what: str, *tags: str) -> Unmeasured:
    """The failure of a check that needs tags of an instance which nobody has set, with the command that sets them."""
    wanted = " and ".join(EXAMPLES[tag] for tag in tags)
    command = " ".join(EXAMPLES[tag].partition(" ")[0] for tag in tags)
    sentence = f"{what}; say it with the instance's tags: {wanted}"
    return Unmeasured("no_host_source", sentence, f"dbmedic instance tag {instance} {command}  -- with your own dates")
