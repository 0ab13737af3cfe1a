"""A Dify client's view of a running server: real store, keys and turns; only the model plays a script."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid4

import aiohttp

from agent.playing import Script
from api.dify.playing import frames
from api.serving import served
from dbmedic.api import apis
from dbmedic.api.edge import Edge, Seen
from dbmedic.assistant import Assistant
from dbmedic.assistant.access_keys import AccessKeys
from dbmedic.assistant.accounts import LOCAL, first_start
from dbmedic.assistant.agents import Agents
from dbmedic.assistant.annotations import Annotations
from dbmedic.assistant.audit import Audit
from dbmedic.assistant.chats import Chats
from dbmedic.assistant.conversations import Conversations
from dbmedic.assistant.feedback import Feedback
from dbmedic.assistant.files import Files
from dbmedic.assistant.instances import Instances
from dbmedic.assistant.keys import Keys
from dbmedic.assistant.knowledge import knowledge
from dbmedic.assistant.people import People
from dbmedic.assistant.policies import Policies
from dbmedic.assistant.published import Published
from dbmedic.assistant.runs import Runs
from dbmedic.assistant.secrets import Secrets
from dbmedic.assistant.sessions import Sessions
from dbmedic.assistant.skills import Skills
from dbmedic.assistant.turns import Limits, Turns
from dbmedic.assistant.watch import Watch
from dbmedic.core.ports import Engine
from dbmedic.core.values import Instance, Piece
from dbmedic.store.sqlite import open_store


class Heard(NamedTuple):
    status: int
    headers: Any
    body: Any
    """JSON, or the text of anything else."""


class Client:
    """Speaks as one user with one key."""

    def __init__(self, http: aiohttp.ClientSession, url: str, key: str, user: str = "u1") -> None:
        self.http, self.url, self.user = http, url, user
        self.headers = {"Authorization": f"Bearer {key}"}

    def as_user(self, user: str) -> Client:
        return Client(self.http, self.url, self.headers["Authorization"][7:], user)

    async def call(self, method: str, path: str, **rest: Any) -> Heard:
        rest.setdefault("headers", self.headers)
        async with self.http.request(method, self.url + path, **rest) as response:
            kind = response.headers.get("Content-Type", "")
            body = await response.json() if kind.startswith("application/json") else await response.text()
            return Heard(response.status, response.headers, body)

    async def ask(self, query: str = "why?", **fields: Any) -> Heard:
        """Blocking."""
        body = json.dumps({"query": query, "inputs": {}, "user": self.user, **fields})
        headers = {**self.headers, "Content-Type": "application/json"}
        return await self.call("POST", "/v1/chat-messages", data=io.BytesIO(body.encode()), headers=headers)

    @contextlib.asynccontextmanager
    async def streaming(self, query: str = "why?", **fields: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        body = {"query": query, "inputs": {}, "user": self.user, "response_mode": "streaming", **fields}
        url = f"{self.url}/v1/chat-messages"
        async with self.http.post(url, json=body, headers=self.headers) as response:
            yield response

    async def stream(self, query: str = "why?", **fields: Any) -> list[dict[str, Any]]:
        async with self.streaming(query, **fields) as response:
            assert response.status == 200, await response.text()
            return frames(await response.read())

    async def messages(self, conversation: str, **more: Any) -> Heard:
        query = {"conversation_id": conversation, "user": self.user, **more}
        return await self.call("GET", "/v1/messages", params=query)

    async def conversations(self, **more: Any) -> Heard:
        return await self.call("GET", "/v1/conversations", params={"user": self.user, **more})


class Desk(NamedTuple):
    client: Client
    assistant: Assistant
    seen: list[Seen]


def no_engine(instance: Instance) -> Engine:
    raise AssertionError(f"{instance.id} is not asked in these tests")


@contextlib.asynccontextmanager
async def desk(*replies: Sequence[Piece | Exception | float], turns: int = 32, **key: Any) -> AsyncIterator[Desk]:
    """A server whose model says these replies in every turn, and a client with a key of the app "ops"."""

    def now() -> datetime:
        return datetime.now(UTC)

    def new_id() -> str:
        return str(uuid4())

    store = await open_store(None)
    secrets = Secrets(os.urandom(32), os.urandom)
    await first_start(store, secrets, max_turns=turns, now=now, new_id=new_id)
    keys = Keys(store, now=now, new_id=new_id, random=os.urandom)
    instances = Instances(store, secrets, now=now)
    for id in ("rm-a", "rm-b"):
        await instances.add(id, f"postgresql://user:hidden@localhost/{id}", LOCAL)
    conversations = Conversations(store)
    watch = Watch(instances, no_engine, None)  # type: ignore[arg-type]
    annotations = Annotations(store, now=now, new_id=new_id)
    files = Files(store, None, now=now, new_id=new_id)
    skills = Skills(store, now=now, new_id=new_id)
    agents = Agents(store, skills, ("measure", "explain"), now=now, new_id=new_id)
    spoken = Turns(
        store,
        conversations,
        watch,
        {"script": Script(*replies)},
        {},
        now=now,
        new_id=new_id,
        limits=Limits(turns),
        acting=agents.acting,
        attached=files.attached,
        answering=annotations.answering,
    )
    policies = Policies(store, now=now)
    assistant = Assistant(
        turns=spoken,
        conversations=conversations,
        keys=keys,
        instances=instances,
        watch=watch,
        access_keys=AccessKeys(store, secrets, policies, now=now, new_id=new_id, random=os.urandom),
        policies=policies,
        agents=agents,
        published=Published(store, agents, now=now),
        skills=skills,
        feedback=Feedback(store, conversations, now=now),
        sessions=Sessions(store, conversations, now=now, new_id=new_id),
        chats=Chats(store, conversations, now=now),
        runs=Runs(store, conversations),
        people=People(store, now=now),
        files=files,
        annotations=annotations,
        knowledge=(known := knowledge(store, files, secrets, now=now, new_id=new_id)),
        approvals=spoken.approvals,
        audit=Audit(store, now=now),
    )
    secret = (await keys.create(**{"app": "ops", **key})).secret
    seen = list[Seen]()
    try:
        async with served(Edge(apis(assistant), seen.append)) as url, aiohttp.ClientSession() as http:
            yield Desk(Client(http, url, secret), assistant, seen)
    finally:
        await spoken.end(0)
        await assistant.chats.end()
        await known.close()
        await files.close()
        await store.close()
