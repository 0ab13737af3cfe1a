"""A power cut left an index that disagrees with its table."""

from pathlib import Path

from faults.fault import Cause, Fault
from faults.scene import Scene


def do(scene: Scene) -> None:
    scene.run(
        "create table hidden(id integer primary key, email text)",
        "create index hidden_email_idx on hidden(email)",
        "insert into hidden values (1, 'a@example.com'), (2, 'b@example.com')",
        "pragma wal_checkpoint(truncate)",
    )
    root = int(scene.value("select rootpage from sqlite_schema where name = 'hidden_email_idx'"))
    with Path(scene.server.url.partition(":///")[2]).open("r+b") as file:  # the index page forgets its entries
        file.seek((root - 1) * 4096)
        page = bytearray(file.read(4096))
        page[3:5] = b"\x00\x00"
        file.seek((root - 1) * 4096)
        file.write(page)


FAULT = Fault(
    asks={
        "en": ("A customer is there in the list and cannot be found by e-mail",),
        "zh": ("明明有这个客户，按邮箱却查不到",),
    },
    causes=[Cause(["sl-integrity"], [], ["hidden_email_idx"])],
    do=do,
    wait_s=0.5,
)
