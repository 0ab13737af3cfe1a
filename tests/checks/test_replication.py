"""One spelling for the states of replication, and what holds a replica up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dbmedic.checks import told
from dbmedic.checks.catalogue.backup_recovery_analysis.pitr_window import joined
from dbmedic.checks.catalogue.high_availability_disaster_recovery_analysis.my_gtid import errant
from dbmedic.checks.catalogue.high_availability_disaster_recovery_analysis.repl_broken import told as channel
from dbmedic.checks.catalogue.high_availability_disaster_recovery_analysis.repl_lag_cause import applies, waits
from dbmedic.checks.replication import spelled
from dbmedic.core.errors import Unmeasured

MARIADB = {
    "Connection_name": "", "Master_Host": "10.0.0.1", "Slave_IO_Running": "Yes", "Slave_SQL_Running": "No",
    "Seconds_Behind_Master": None, "SQL_Delay": 0, "Master_Log_File": "bin.7", "Relay_Master_Log_File": "bin.7",
    "Read_Master_Log_Pos": 900, "Exec_Master_Log_Pos": 400, "Relay_Log_Space": 5000, "Last_SQL_Errno": 1032,
    "Last_IO_Errno": 0, "Using_Gtid": "Slave_Pos", "Replicate_Do_DB": "shop", "Slave_SQL_Running_State": "",
    "Last_SQL_Error": "Could not execute Update_rows_v1 event on table shop.orders; Can't find record in 'orders'",
}  # fmt: skip
MYSQL = {
    "Channel_Name": "eu", "Source_Host": "10.0.0.2", "Replica_IO_Running": "Yes", "Replica_SQL_Running": "Yes",
    "Seconds_Behind_Source": 70, "SQL_Delay": 60, "Source_Log_File": "bin.8", "Relay_Source_Log_File": "bin.7",
    "Read_Source_Log_Pos": 10, "Exec_Source_Log_Pos": 400, "Relay_Log_Space": 5000, "Last_SQL_Errno": 0,
    "Last_IO_Errno": 0, "Auto_Position": 1, "Replica_SQL_Running_State": "Waiting for dependent transaction to commit",
}  # fmt: skip


def test_both_families_are_told_in_the_same_words():
    mariadb, mysql = spelled(MARIADB), spelled(MYSQL)
    assert mariadb.keys() == mysql.keys()
    assert (mariadb["source"], mariadb["io"], mariadb["sql"], mariadb["seconds"]) == ("10.0.0.1", "Yes", "No", None)
    assert (mysql["channel"], mysql["source"], mysql["seconds"], mysql["delay"]) == ("eu", "10.0.0.2", 70, 60)
    assert mariadb["bytes"] == 500
    assert mysql["bytes"] == 5000, "what lies in other files is the whole relay log"
    assert mariadb["filters"] == "Replicate_Do_DB=shop"


def test_an_error_names_its_table_and_none_of_its_rows():
    row = channel(spelled(MARIADB), "mariadb")
    assert (row["errno"], row["what"], row["table"]) == (1032, "row not found", "shop.orders")
    assert not any("record" in str(value) for value in row.values())


def test_a_channel_is_started_by_its_name():
    assert channel(spelled(MYSQL), "mysql")["start"] == "START REPLICA FOR CHANNEL 'eu'"
    assert channel(spelled({**MARIADB, "Connection_name": "it's"}), "mariadb")["start"] == "START REPLICA 'it''s'"


@pytest.mark.parametrize(
    ("stage", "event", "because"),
    [("send", None, "network"), ("flush", None, "disk"), ("apply", None, "there"), ("apply", "CPU:", "replay"),
     ("apply", "IPC:RecoveryConflictSnapshot", "conflict"), ("apply", "IPC:RecoveryPause", "paused"),
     ("apply", "Timeout:RecoveryApplyDelay", "delay"), ("apply", "IO:DataFileRead", "disk")],
)  # fmt: skip
def test_what_a_standby_waits_for_is_its_cause(stage, event, because):
    assert waits({"stage": stage, "event": event}) == because


@pytest.mark.parametrize(
    ("event", "workers", "because"),
    [("Waiting for table metadata lock", 4, "lock"), ("Slave has read all relay log; waiting", 1, "one_thread"),
     ("Update_rows_log_event::find_row(-1) on table `t`", 1, "search"), ("Executing", 4, "event")],
)  # fmt: skip
def test_what_an_applier_does_is_its_cause(event, workers, because):
    assert applies({"event": event}, workers) == because


def test_only_what_a_server_wrote_itself_is_errant():
    assert errant("0-1-40", 2) is None
    assert errant("0-1-40,0-2-41", 2) == "0-2-41"
    assert errant("", 2) is None


@pytest.mark.parametrize(
    ("log", "kept", "age", "state", "loss"),
    [("none", None, 3600, "none", 3600), ("on this server", None, 3600, "on this server", 3600),
     ("on this server", 1800, 3600, "gap", 3600), ("on this server", 7200, None, "gap", None)],
)  # fmt: skip
def test_a_log_that_began_after_the_backup_has_a_gap(log, kept, age, state, loss):
    backup = {"ended": None, "age": age}
    found = joined(backup, {"log": log, "kept": kept, "loss": None})
    assert (found["log"], found["loss"]) == (state, loss)


def test_an_archived_log_loses_what_is_younger_than_it():
    found = joined({"ended": None, "age": 3600}, {"log": "archived", "kept": None, "loss": 40})
    assert (found["log"], found["loss"]) == ("archived", 40)


def test_a_time_told_is_read_with_and_without_its_zone():
    known = datetime(2026, 11, 20, 2, tzinfo=UTC)
    assert told.moment({"backup_at": "2026-11-20T02:00:00"}, "backup_at") == known
    assert told.moment({"backup_at": "2026-11-20T10:00:00+08:00"}, "backup_at") == known
    assert told.moment({}, "backup_at") is None
    with pytest.raises(Unmeasured, match="yesterday"):
        told.moment({"backup_at": "yesterday"}, "backup_at")
