"""What the binary logs take of the volume they lie on."""

from __future__ import annotations

from dbmedic.checks.context import Context
from dbmedic.core.errors import OutsideFailed, Unmeasured
from dbmedic.core.values import Row
from dbmedic.kit.units import bytes_text


async def rows(context: Context) -> list[Row]:
    """One row, none where there is no binary log.  Raises `Unmeasured` when the size of the volume is not known."""
    if not (await context.rows(context.query("on")))[0]["enabled"]:
        return []
    files = await context.rows(context.query("logs"), max_rows=100_000)
    size = sum(int(file["File_size"]) for file in files)
    total, used = await _volume(context)
    if total is None:
        sentence = f"the binary logs take {bytes_text(size)}, but the size of their volume is not known"
        raise Unmeasured("no_host_source", f"{sentence}; say it when you register the instance (--storage)")
    names = [str(file["Log_name"]) for file in files]
    ends = {"oldest": names[0], "newest": names[-1]} if names else {"oldest": None, "newest": None}
    return [{"size": size, "files": len(files), **ends, "share": size / total, "used": used}]


async def _volume(context: Context) -> tuple[float | None, float | None]:
    """Bytes of the fullest volume and the share of it that is used."""
    target = context.lanes.target
    try:
        found = await context.lanes.once("disk", lambda: target.metrics.rows("disk", target.instance, target.engine))
    except OutsideFailed:
        found = []
    known = [row for row in found if row.get("total")]
    if known:
        fullest = max(known, key=lambda row: row.get("ratio") or 0)
        return float(fullest["total"]), fullest.get("ratio")
    storage = target.instance.storage_bytes
    return (float(storage), None) if storage else (None, None)
