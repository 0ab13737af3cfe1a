"""Instances: checked when registered, encrypted at rest, seen only through the scope of a key."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from dbmedic.assistant.accounts import LOCAL, first_start
from dbmedic.assistant.instances import Instances
from dbmedic.assistant.keys import Keys
from dbmedic.assistant.secrets import Secrets
from dbmedic.core.errors import BadField, Forbidden, StoreFailed, UnknownInstance, WrongKey
from dbmedic.core.values import Caller, Instance, InstanceCard
from dbmedic.store.sqlite import open_store

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
SECRETS = Secrets(bytes(32), os.urandom)
URL = "postgresql://u:S3cret@db:5432/shop"

OTHER_PROCESS = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
from dbmedic.assistant.accounts import LOCAL
from dbmedic.assistant.instances import Instances
from dbmedic.assistant.secrets import Secrets
from dbmedic.store.sqlite import open_store

async def main():
    store = await open_store(Path(sys.argv[1]))
    instances = Instances(store, Secrets(bytes(32), os.urandom), now=lambda: datetime.now(UTC))
    await instances.add("rm-2", "mysql://u:p@h/db", LOCAL)
    await instances.remove("rm-1", LOCAL)
    await store.close()

asyncio.run(main())
"""


def new_id():
    return str(uuid4())


@pytest.fixture(params=["file", "memory"])
async def store(request, tmp_path):
    opened = await open_store(tmp_path / "store.db" if request.param == "file" else None)
    await first_start(opened, SECRETS, max_turns=8, now=lambda: NOW, new_id=new_id)
    yield opened
    await opened.close()


@pytest.fixture
def instances(store):
    return Instances(store, SECRETS, now=lambda: NOW)


def scoped(*ids, rights=("ask", "approve", "administer")):
    return Caller(account="default", user="u", key="k", rights=rights, instances=ids)


ALL = {
    "name": "The shop", "region": "cn-hangzhou", "tags": {"team": "ops"}, "storage_bytes": 100 * 2**30,
    "metrics_url": "http://u:S3cret@prometheus:9090", "write_url": "postgresql://w:S3cret@db:5432/shop",
    "rows": "allow",
}  # fmt: skip


async def test_an_instance_comes_back_as_it_was_registered(instances):
    added = await instances.add("rm-1", URL, LOCAL, **ALL)
    assert added == Instance(id="rm-1", url=URL, account="default", created_at=NOW, **ALL)
    assert await instances.get("rm-1", LOCAL) == added
    assert await instances.list(LOCAL) == [added]
    assert await instances.visible(LOCAL) == [
        InstanceCard(
            id="rm-1", engine="postgres", name="The shop", region="cn-hangzhou", tags={"team": "ops"}, writable=True
        )
    ]


async def test_no_password_is_in_the_file(tmp_path):
    store = await open_store(tmp_path / "store.db")
    await first_start(store, SECRETS, max_turns=8, now=lambda: NOW, new_id=new_id)
    await Instances(store, SECRETS, now=lambda: NOW).add("rm-1", URL, LOCAL, **ALL)
    assert b"S3cret" not in (tmp_path / "store.db-wal").read_bytes()
    await store.close()
    assert b"S3cret" not in (tmp_path / "store.db").read_bytes()


async def test_instances_are_listed_by_id(instances):
    for id in ("b", "a-2", "c", "a-1"):
        await instances.add(id, URL, LOCAL)
    assert [card.id for card in await instances.visible(LOCAL)] == ["a-1", "a-2", "b", "c"]


async def test_an_unknown_instance_is_said_with_what_the_caller_may_see(instances):
    for id in ("rm-1", "rm-2", "rm-3"):
        await instances.add(id, URL, LOCAL)
    with pytest.raises(UnknownInstance, match="'rm-9' is not registered; instances you may use: rm-1, rm-2, rm-3"):
        await instances.get("rm-9", LOCAL)


async def test_outside_its_scope_a_key_sees_nothing(instances):
    for id in ("rm-1", "rm-2"):
        await instances.add(id, URL, LOCAL)
    caller = scoped("rm-2", "gone")
    assert [card.id for card in await instances.visible(caller)] == ["rm-2"]
    assert [one.id for one in await instances.list(caller)] == ["rm-2"]
    assert (await instances.get("rm-2", caller)).id == "rm-2"
    for verb in (instances.get, instances.remove, instances.update):
        with pytest.raises(UnknownInstance) as refused:
            await verb("rm-1", caller)
        assert refused.value.visible == ("rm-2",)
    with pytest.raises(Forbidden, match="may only touch rm-2, gone"):
        await instances.add("rm-3", URL, caller)


async def test_another_account_sees_nothing(instances):
    await instances.add("rm-1", URL, LOCAL)
    stranger = Caller(account="other", user="u", key="k", rights=("administer",))
    assert await instances.visible(stranger) == []
    with pytest.raises(UnknownInstance, match="you may use: none"):
        await instances.get("rm-1", stranger)


async def test_only_an_administrator_changes_anything(instances):
    await instances.add("rm-1", URL, LOCAL)
    asker = scoped("rm-1", "rm-2", rights=("ask", "approve"))
    for change in (instances.add("rm-2", URL, asker), instances.update("rm-1", asker), instances.remove("rm-1", asker)):
        with pytest.raises(Forbidden, match="right to administer"):
            await change
    assert len(await instances.list(LOCAL)) == 1


async def test_an_update_changes_what_is_given_and_nothing_else(instances):
    before = await instances.add("rm-1", URL, LOCAL, **ALL)
    after = await instances.update("rm-1", LOCAL, name="Shop", write_url=None, url="postgresql://n:p@db/shop")
    assert (after.name, after.write_url, after.url) == ("Shop", None, "postgresql://n:p@db/shop")
    assert (after.region, after.tags, after.storage_bytes) == (before.region, before.tags, before.storage_bytes)
    assert await instances.get("rm-1", LOCAL) == after


async def test_a_removed_instance_is_gone_and_its_id_free(instances):
    await instances.add("rm-1", URL, LOCAL)
    await instances.remove("rm-1", LOCAL)
    with pytest.raises(UnknownInstance):
        await instances.get("rm-1", LOCAL)
    with pytest.raises(UnknownInstance):
        await instances.remove("rm-1", LOCAL)
    await instances.add("rm-1", "sqlite:///tmp/x.db", LOCAL)
    assert (await instances.visible(LOCAL))[0].engine == "sqlite"


async def test_an_id_is_taken_once(instances):
    await instances.add("rm-1", URL, LOCAL)
    with pytest.raises(BadField, match="'rm-1' is registered already") as refused:
        await instances.add("rm-1", "mysql://h/db", LOCAL)
    assert refused.value.name == "id"
    assert (await instances.get("rm-1", LOCAL)).url == URL


@pytest.mark.parametrize("id", ["a", "rm-bp1", "A" + "0" * 62])
async def test_ids_that_are_allowed(instances, id):
    assert (await instances.add(id, URL, LOCAL)).id == id


@pytest.mark.parametrize("id", ["", "1a", "-a", "a_b", "a b", "a.b", "ä", "a\n", "A" + "0" * 63])
async def test_ids_that_are_not(instances, id):
    with pytest.raises(BadField, match="a letter, then up to 62") as refused:
        await instances.add(id, URL, LOCAL)
    assert refused.value.name == "id"


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        (
            {"url": "postgresql://u:S3/cret@h"},
            "url",
            "the URL of instance rm-1 cannot be used: it cannot be told where",
        ),
        ({"write_url": "postgresql://"}, "write_url", "cannot be used: it is not a URL"),
        ({"write_url": "mysql://h/db"}, "write_url", "another engine than the URL"),
        ({"metrics_url": "prometheus:9090"}, "metrics_url", "it is not a web address; write http://host:9090"),
        ({"storage_bytes": 0}, "storage_bytes", "0 is not a size"),
        ({"storage_bytes": 2**63}, "storage_bytes", "is not a size"),
        ({"rows": "some"}, "rows", "'some' is not one of never, allow"),
        ({"name": "a\nb"}, "name", "200 printable"),
        ({"region": "x" * 201}, "region", "200 printable"),
        ({"tags": {"": "x"}}, "tags", "a name and a value"),
        ({"tags": {"a": "\x00"}}, "tags", "a name and a value"),
    ],
)
async def test_a_wrong_field_is_named_and_no_password_repeated(instances, fields, field, sentence):
    with pytest.raises(BadField, match=re.escape(sentence)) as refused:
        await instances.add("rm-1", **{"url": URL, **fields}, caller=LOCAL)
    assert refused.value.name == field
    assert "cret" not in str(refused.value)
    await instances.add("rm-1", URL, LOCAL)
    with pytest.raises(BadField, match=re.escape(sentence)):
        await instances.update("rm-1", LOCAL, **fields)


async def test_what_another_process_does_counts_at_once(tmp_path):
    store = await open_store(tmp_path / "store.db")
    await first_start(store, SECRETS, max_turns=8, now=lambda: NOW, new_id=new_id)
    instances = Instances(store, SECRETS, now=lambda: NOW)
    await instances.add("rm-1", URL, LOCAL)
    assert [card.id for card in await instances.visible(LOCAL)] == ["rm-1"]
    subprocess.run([sys.executable, "-c", OTHER_PROCESS, tmp_path / "store.db"], check=True)
    assert [card.id for card in await instances.visible(LOCAL)] == ["rm-2"]
    await store.close()


async def test_with_another_key_the_list_says_so(store, instances):
    await instances.add("rm-1", URL, LOCAL)
    other = Instances(store, Secrets(b"x" * 32, os.urandom), now=lambda: NOW)
    with pytest.raises(WrongKey, match="made with another key"):
        await other.visible(LOCAL)


async def test_a_url_copied_to_another_instance_does_not_open(store, instances):
    await instances.add("rm-1", URL, LOCAL)
    (row,) = await store.read("instances_of_account", account="default")
    row["now"] = row.pop("created_at")
    await store.write(("instance_put_new", {**row, "id": "rm-2"}))
    with pytest.raises(StoreFailed, match="rm-2: the encrypted text was changed"):
        await instances.visible(LOCAL)


async def test_a_key_made_for_an_instance_sees_that_one(store, instances):
    await instances.add("rm-1", URL, LOCAL)
    await instances.add("rm-2", URL, LOCAL)
    keys = Keys(store, now=lambda: NOW, new_id=new_id, random=os.urandom)
    caller = await keys.sign_in((await keys.create(instances=["rm-2"])).secret)
    assert [card.id for card in await instances.visible(caller)] == ["rm-2"]
