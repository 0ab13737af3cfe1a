"""Access keys sign, and do nothing else; a nonce works once, whoever asks the store."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import apsw
import pytest

from dbmedic.assistant.access_keys import AccessKeys
from dbmedic.assistant.accounts import first_start
from dbmedic.assistant.keys import Keys
from dbmedic.assistant.policies import Policies
from dbmedic.assistant.secrets import Secrets
from dbmedic.core.errors import BadField, NotSignedIn
from dbmedic.core.values import Caller
from dbmedic.kit.policy import Allowed, Denied
from dbmedic.store.sqlite import open_store

KEPT = timedelta(minutes=30)


def new_id() -> str:
    return str(uuid4())


class Desk:
    """Access keys over a file, with a clock that is set by hand."""

    def __init__(self, store: Any) -> None:
        self.at = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
        self.store, self.secrets = store, Secrets(bytes(32), os.urandom)
        self.policies = Policies(store, now=self.now)
        self.access_keys = AccessKeys(
            store, self.secrets, self.policies, now=self.now, new_id=new_id, random=os.urandom
        )
        self.keys = Keys(store, now=self.now, new_id=new_id, random=os.urandom)

    def now(self) -> datetime:
        return self.at


@pytest.fixture
async def place(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
async def desk(place: Path) -> AsyncIterator[Desk]:
    store = await open_store(place)
    desk = Desk(store)
    await first_start(store, desk.secrets, max_turns=8, now=desk.now, new_id=new_id)
    yield desk
    await store.close()


async def test_a_new_key_stands_for_its_user(desk: Desk) -> None:
    made = await desk.access_keys.create(user="ann", rights=("ask", "approve"))
    found = await desk.access_keys.find(made.access_key_id)
    assert found is not None
    assert (found.user, found.secret, found.active, found.token_sha256) == ("ann", made.access_key_secret, True, None)
    assert (found.caller.account, found.caller.key, found.caller.rights) == ("default", made.id, ("ask", "approve"))
    assert found.caller.app is None
    assert await desk.access_keys.find("DBMDunknown") is None
    assert await desk.access_keys.find("x" * 10_000) is None


async def test_neither_half_signs_in_where_a_secret_is_asked_for(desk: Desk) -> None:
    made = await desk.access_keys.create()
    hashed = f"ram:{made.access_key_id}"
    for text in (made.access_key_id, made.access_key_secret, hashed, hashlib.sha256(hashed.encode()).hexdigest()):
        with pytest.raises(NotSignedIn):
            await desk.keys.sign_in(text)


async def test_the_secret_is_not_in_the_store(desk: Desk, place: Path) -> None:
    made = await desk.access_keys.create(lifetime_s=600)
    assert made.security_token
    held = b"".join(path.read_bytes() for path in place.parent.iterdir())
    assert made.access_key_id.encode() in held
    assert made.access_key_secret.encode() not in held
    assert made.security_token.encode() not in held


async def test_revoked_with_all_other_keys(desk: Desk) -> None:
    made = await desk.access_keys.create(name="ci")
    assert [key.name for key in await desk.keys.list()] == [f"{made.access_key_id} ci"], "lists name the public id"
    assert (await desk.access_keys.find(made.access_key_id)).active  # type: ignore[union-attr]
    await desk.keys.revoke(made.id)
    assert not (await desk.access_keys.find(made.access_key_id)).active  # type: ignore[union-attr]


async def test_temporary_keys(desk: Desk) -> None:
    made = await desk.access_keys.create(lifetime_s=600)
    found = await desk.access_keys.find(made.access_key_id)
    assert found is not None
    assert found.token_sha256 == hashlib.sha256((made.security_token or "").encode()).digest()
    assert found.expires_at == made.expires_at == desk.at + timedelta(seconds=600)


async def test_user_that_was_deleted(desk: Desk, place: Path) -> None:
    made = await desk.access_keys.create(user="ann")
    other = apsw.Connection(str(place))
    other.execute("pragma foreign_keys = off; delete from users where name = 'ann'")
    other.close()
    found = await desk.access_keys.find(made.access_key_id)
    assert found is not None
    assert found.user is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"user": ""}, "user"),
        ({"user": "a\n"}, "user"),
        ({"rights": ("own",)}, "rights"),
        ({"rights": ()}, "rights"),
        ({"instances": ["rm-1"]}, "instances"),
        ({"lifetime_s": 59}, "expires"),
        ({"lifetime_s": 10**6}, "expires"),
        ({"policy": "None"}, "policy"),
        ({"name": "x" * 101}, "name"),
    ],
)
async def test_keys_that_cannot_be(desk: Desk, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(BadField) as seen:
        await desk.access_keys.create(**wrong)
    assert seen.value.name == field
    assert await desk.keys.list() == []


async def test_a_nonce_works_once_per_key_also_after_a_restart(desk: Desk, place: Path) -> None:
    assert await desk.access_keys.first_use("k1", "n", KEPT)
    assert not await desk.access_keys.first_use("k1", "n", KEPT)
    assert await desk.access_keys.first_use("k2", "n", KEPT)
    again = Desk(await open_store(place))
    again.at = desk.at
    assert not await again.access_keys.first_use("k1", "n", KEPT)
    await again.store.close()


async def test_two_at_once_and_only_one_is_first(desk: Desk, place: Path) -> None:
    other = Desk(await open_store(place))
    firsts = await asyncio.gather(
        *(one.access_keys.first_use("k", "n", KEPT) for one in (desk, other) for _ in range(10))
    )
    assert sum(firsts) == 1
    await other.store.close()


async def test_nonces_are_forgotten_when_their_dates_would_fail(desk: Desk, place: Path) -> None:
    for number in range(20):
        assert await desk.access_keys.first_use("k", str(number), KEPT)
    desk.at += KEPT + timedelta(seconds=1)
    assert await desk.access_keys.first_use("k", "later", KEPT)
    with apsw.Connection(str(place)) as other:
        assert other.execute("select count(*) from nonces").get == 1


# -- policies ---------------------------------------------------------------------------------------------------

READ = '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "rdsai:Get*", "Resource": "*"}]}'


async def caller(desk: Desk, **how: Any) -> Caller:
    made = await desk.access_keys.create(**how)
    found = await desk.access_keys.find(made.access_key_id)
    assert found is not None
    return found.caller


async def test_full_access_unless_a_policy_is_named(desk: Desk) -> None:
    ann = await caller(desk, user="ann")
    bob = await caller(desk, user="bob", policy="ReadOnlyAccess")
    assert await desk.policies.decide(ann, ["rdsai:ChatMessages"], {}) == Allowed()
    assert await desk.policies.decide(bob, ["rdsai:GetMessages"], {}) == Allowed()
    assert await desk.policies.decide(bob, ["rdsai:ChatMessages"], {}) == Denied(explicit=False)
    again = await caller(desk, user="bob")
    assert await desk.policies.decide(again, ["rdsai:ChatMessages"], {}) == Denied(explicit=False)


async def test_own_policies_are_attached_and_detached_while_a_server_runs(desk: Desk) -> None:
    bob = await caller(desk, user="bob", policy="ReadOnlyAccess")
    await desk.policies.put("Chats", READ.replace("Get*", "Chat*"))
    await desk.policies.attach("Chats", "bob")
    await desk.policies.attach("Chats", "bob")
    assert await desk.policies.decide(bob, ["rdsai:ChatMessages"], {}) == Allowed()
    assert (await desk.policies.simulate("bob", "rdsai:ChatMessages", {})) == (Allowed(), ("Chats", "ReadOnlyAccess"))
    await desk.policies.put("Chats", READ.replace("Allow", "Deny").replace("Get*", "*"))
    assert await desk.policies.decide(bob, ["rdsai:GetMessages"], {}) == Denied(explicit=True)
    await desk.policies.detach("Chats", "bob")
    assert await desk.policies.decide(bob, ["rdsai:GetMessages"], {}) == Allowed()


async def test_an_administrators_key_needs_no_policy(desk: Desk) -> None:
    admin = await desk.keys.sign_in((await desk.keys.create(kind="admin", rights=("administer",))).secret)
    assert await desk.policies.decide(admin, ["rdsai:ChatMessages"], {}) == Allowed()


async def test_policies_that_cannot_be(desk: Desk) -> None:
    await caller(desk, user="ann")
    await desk.policies.put("Mine", READ)
    await desk.policies.attach("Mine", "ann")
    for work, field in (
        (desk.policies.put("Mine", "{}"), "document"),
        (desk.policies.put("AdministratorAccess", READ), "name"),
        (desk.policies.put("a b", READ), "name"),
        (desk.policies.attach("None", "ann"), "policy"),
        (desk.policies.attach("Mine", "nobody"), "user"),
        (desk.policies.detach("ReadOnlyAccess", "ann"), "policy"),
        (desk.policies.remove("Mine"), "name"),
        (desk.policies.simulate("nobody", "a:B", {}), "user"),
    ):
        with pytest.raises(BadField) as seen:
            await work
        assert seen.value.name == field


async def test_listed_with_their_users(desk: Desk) -> None:
    await caller(desk, user="ann")
    await desk.policies.put("Mine", READ)
    listed = {one.name: (one.built_in, one.users) for one in await desk.policies.list()}
    assert listed["AdministratorAccess"] == (True, ("ann",))
    assert listed["Mine"] == (False, ())
    await desk.policies.remove("Mine")
    assert "Mine" not in {one.name for one in await desk.policies.list()}
