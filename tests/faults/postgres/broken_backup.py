"""The archive that backups rest on takes nothing since its target is gone."""

from faults.fault import Fault, Number
from faults.postgres import failing_archive
from faults.shop import DAY

FAULT = Fault(
    asks={
        "en": ("Can we restore the database to yesterday evening?", "Are our backups good?"),
        "zh": ("能恢复到昨天晚上吗", "备份正常吗"),
    },
    causes=failing_archive.FAULT.causes,
    numbers=[Number("count", "select failed_count from pg_stat_archiver", 0.4)],
    also=["pg-archive-lag", "pitr-window", "backup-evidence", "pg-wal-dir", "pg-checksums", "backup-restore-test"],
    load=DAY,
    do=failing_archive.do,
    settings=failing_archive.FAULT.settings,
    wait_s=2,
)
