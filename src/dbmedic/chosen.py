"""The parts that the operator chooses by settings: who answers, who hears and speaks, where files are kept.

Each module is imported when its part is chosen.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from functools import partial
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_NOFILE, getpagesize, getrlimit
from typing import TYPE_CHECKING, Final, NamedTuple

from dbmedic.config import Config
from dbmedic.core.errors import BadField

if TYPE_CHECKING:
    from dbmedic.agent.tool import Tool
    from dbmedic.api.guard import Door
    from dbmedic.assistant.admission import Admission
    from dbmedic.assistant.pressure import Pressure
    from dbmedic.assistant.tool_servers import ToolServers
    from dbmedic.assistant.turns import Turns
    from dbmedic.core.ports import Bucket, Bus, Model, Now, Store, Voice
    from dbmedic.models.setting import ModelSetting
    from dbmedic.telemetry.meters import Meters

SPARE_FILES: Final = 250
"""Open files that are not connections: the store, watched instances, models, logs."""


def chosen_models(config: Config) -> dict[str, Model]:
    """Who answers, the default first: the language models that are set, the analyst where there is none."""
    from dbmedic.models.setting import chain

    settings = described(config)
    if settings:
        return {one.name: opened(one, chain(one.name, settings)) for one in settings}
    from dbmedic.diagnosis.analyst import Analyst

    analyst = Analyst()
    return {analyst.name: analyst}


def chosen_tool_servers(config: Config, tools: MutableMapping[str, Tool], now: Now) -> ToolServers | None:
    """Who adds the tools of other MCP servers to `tools`; None where none is set.  Raises `BadField`."""
    if config.mcp_servers is None:
        return None
    from dbmedic.assistant.tool_servers import ToolServers, servers

    return ToolServers(servers(config.mcp_servers), tools, now=now)


def described(config: Config) -> list[ModelSetting]:
    """The language models of the settings, the default first.  Raises `BadField` for what cannot be."""
    from dbmedic.models.setting import ModelSetting, checked

    settings = list(config.models)
    if config.model_url:
        one = ModelSetting(
            name=config.model,
            url=config.model_url,
            key=config.model_key,
            context_window=config.model_context,
            thinking=tuple(config.model_thinking.replace(",", " ").split()),
            price=config.model_price,
            vision=config.model_vision,
            timeout_s=config.model_timeout_s,
            fallback=config.models[0].name if config.models and config.models[0].name != config.model else "",
        )
        settings.insert(0, one)
    checked(settings)
    return settings


def opened(setting: ModelSetting, fallbacks: Sequence[str] = ()) -> Model:
    """A language model; it connects when it is first asked.  Raises `BadField` where its package is not installed."""
    from dbmedic.models.openai_chat import OpenaiChat
    from dbmedic.models.priced import Priced
    from dbmedic.models.prices import own

    model: Model
    if setting.kind == "openai":
        model = OpenaiChat(
            setting.url,
            setting.name,
            setting.key or None,
            read_s=setting.timeout_s,
            vision=setting.vision,
            setting=setting,
        )
    else:
        from dbmedic.models.providers import Provided

        model = Provided(setting)
    return Priced(model, setting.url, own(setting.price), known_as=setting.wire_name, fallbacks=fallbacks)


def chosen_admission(config: Config, store: Store, meters: Meters, bus: Bus | None) -> Admission:
    """Who may begin a turn, and how often."""
    from dbmedic.assistant.admission import Admission
    from dbmedic.assistant.pressure import Pressure, container_bytes, resident
    from dbmedic.assistant.rates import Rates

    pressure = Pressure(
        late_s=config.late_s,
        most_writes=config.most_writes,
        memory_bytes=config.memory_mib << 20 or container_bytes(),
        connections=most_connections(config),
        writes=lambda: meters.pending,
        memory=partial(resident, getpagesize()),
    )
    rates = Rates(store, now=time.monotonic, key_rate=config.key_rate, user_rate=config.user_rate, bus=bus)
    admission = Admission(pressure, rates, wait_s=config.wait_s, refused=meters.refused)
    pressure.turns = lambda: admission.running
    return admission


def chosen_door(config: Config, meters: Meters, pressure: Pressure | None) -> Door:
    """How long clients may keep a connection for nothing."""
    from dbmedic.api.guard import Door, Patience

    def counted(connections: int) -> None:
        if pressure is not None:
            pressure.connected = connections

    patience = Patience(config.head_s, config.stalled_s, most_connections(config))
    return Door(patience, counted=counted, ended=meters.hung_up)


def most_connections(config: Config) -> int:
    """What is set, else what the limit of open files leaves; 0 is no limit."""
    soft, _ = getrlimit(RLIMIT_NOFILE)
    if config.connections or soft == RLIM_INFINITY:
        return config.connections
    return max(soft // 2, soft - SPARE_FILES)


class Kept(NamedTuple):
    """Where everything that is said is kept, and what several servers share."""

    store: Store
    bus: Bus | None
    turns: Callable[..., Turns]
    """Makes the turns over both."""
    serve: Callable[[], Awaitable[None]]
    """Called by a server before it serves.  Raises `FolderTaken`."""

    async def close(self) -> None:
        """Ends the bus; the store is closed by itself."""
        if self.bus is not None:
            await self.bus.close()


async def chosen_store(config: Config, path: Path | None, replica: str) -> Kept:
    """The database that is set, else the file, else memory.  Raises what a store raises that cannot be opened."""
    from dbmedic.assistant.turns import Turns

    if not config.store:
        from dbmedic.store.sqlite import open_store

        if config.bus:
            raise BadField("bus", "bus: servers that share a bus share a store, too; set --store postgresql://…")
        return Kept(await open_store(path), None, Turns, _nothing)
    from dbmedic.store.postgres import open_store as open_database

    bus: Bus | None = None
    turns: Callable[..., Turns] = Turns
    if config.bus:
        from dbmedic.assistant.shared import SharedTurns
        from dbmedic.bus.redis import Redis

        bus = Redis(config.bus, replica, lease_s=config.lease_s)
        turns = partial(SharedTurns, bus)
    store = await open_database(config.store)
    return Kept(store, bus, turns, partial(store.serve, alone=bus is None))


async def _nothing() -> None:
    """A data folder is locked, so its store needs no lock."""
    await asyncio.sleep(0)


def chosen_bucket(config: Config) -> Bucket | None:
    """Where files are kept when that is not the data folder."""
    if not config.bucket:
        return None
    from dbmedic.store.bucket import S3

    return S3(
        config.bucket,
        endpoint=config.bucket_endpoint,
        region=config.bucket_region,
        key=config.bucket_key,
        secret=config.bucket_secret,
    )


def chosen_voice(config: Config) -> Voice | None:
    """Who hears and speaks, when an audio service is set."""
    if not config.audio_url:
        return None
    from dbmedic.models.openai_audio import OpenaiAudio

    return OpenaiAudio(
        config.audio_url,
        hears=config.hearing_model,
        speaks=config.speaking_model,
        voice=config.voice,
        key=config.audio_key,
    )
