"""The assistant: its verbs as one value, given to every API and to the command line."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from dbmedic.assistant.access_keys import AccessKeys
from dbmedic.assistant.agents import Agents
from dbmedic.assistant.annotations import Annotations
from dbmedic.assistant.approvals import Approvals
from dbmedic.assistant.audit import Audit
from dbmedic.assistant.budgets import Spending
from dbmedic.assistant.chats import Chats
from dbmedic.assistant.conversations import Conversations
from dbmedic.assistant.feedback import Feedback
from dbmedic.assistant.files import Files
from dbmedic.assistant.instances import Instances
from dbmedic.assistant.keys import Keys
from dbmedic.assistant.knowledge import Knowledge
from dbmedic.assistant.people import People
from dbmedic.assistant.policies import Policies
from dbmedic.assistant.published import Published
from dbmedic.assistant.runs import Runs
from dbmedic.assistant.sessions import Sessions
from dbmedic.assistant.skills import Skills
from dbmedic.assistant.traffic import Traffic
from dbmedic.assistant.turns import Turns
from dbmedic.assistant.watch import Watch
from dbmedic.core.ports import Voice


class Options(Struct, frozen=True, kw_only=True):
    """What the operator chose for wires that leave it open."""

    streams: bool = True
    """An Alibaba Cloud call that wants a stream or one object, and does not say which, gets a stream."""
    explains: bool = False
    """A signature that is wrong is answered with the text that should have been signed."""
    unsigned_as: str = ""
    """Access key as which unsigned Alibaba Cloud calls act; empty: they are refused."""


class Assistant(NamedTuple):
    turns: Turns
    conversations: Conversations
    keys: Keys
    instances: Instances
    watch: Watch
    access_keys: AccessKeys
    policies: Policies
    agents: Agents
    published: Published
    skills: Skills
    feedback: Feedback
    sessions: Sessions
    chats: Chats
    runs: Runs
    people: People
    files: Files
    annotations: Annotations
    knowledge: Knowledge
    approvals: Approvals
    audit: Audit
    options: Options = Options()
    voice: Voice | None = None
    """None: nobody listens and nobody speaks."""
    spending: Spending | None = None
    """What accounts may spend on models, and have spent; None: nobody counts."""
    traffic: Traffic | None = None
    """What was sent to language models; None: no record."""
