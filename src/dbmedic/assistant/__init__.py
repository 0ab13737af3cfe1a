"""The assistant: its verbs as one value, given to every API and to the command line."""

from __future__ import annotations

from typing import NamedTuple

from dbmedic.assistant.conversations import Conversations
from dbmedic.assistant.instances import Instances
from dbmedic.assistant.keys import Keys
from dbmedic.assistant.turns import Turns
from dbmedic.assistant.watch import Watch


class Assistant(NamedTuple):
    turns: Turns
    conversations: Conversations
    keys: Keys
    instances: Instances
    watch: Watch
