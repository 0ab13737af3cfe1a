"""The watched databases as a caller may use them: an engine per instance, opened on first use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from dbmedic.core.errors import Forbidden, UnknownInstance
from dbmedic.core.history import History
from dbmedic.core.ports import Engine, MetricSource, OpenEngine, OpenWriter, Target, Writer
from dbmedic.core.serverlog import LogSource
from dbmedic.core.values import Caller, Instance, InstanceCard


class Registry(Protocol):
    """Where instances are registered (`assistant.instances`, or one that `ask --on` makes up)."""

    async def get(self, id: str, caller: Caller) -> Instance:
        """Raises `UnknownInstance` with what the caller may see."""

    async def visible(self, caller: Caller) -> list[InstanceCard]: ...


class Watch:
    """Opens what the registry knows and the caller's key allows."""

    def __init__(
        self,
        registry: Registry,
        open_engine: OpenEngine,
        metrics: MetricSource,
        open_writer: OpenWriter | None = None,
        history: Callable[[Instance], History] | None = None,
        logs: LogSource | None = None,
    ) -> None:
        self._registry, self._open_engine, self._metrics = registry, open_engine, metrics
        self._open_writer, self._history, self._logs = open_writer, history, logs
        self._engines: dict[tuple[str, str], tuple[str, Engine]] = {}

    async def cards(self, caller: Caller) -> list[InstanceCard]:
        return await self._registry.visible(caller)

    async def known(self, instance: str, caller: Caller) -> Instance:
        """The instance; raises `UnknownInstance`."""
        return await self._registry.get(instance, caller)

    async def target(self, instance: str, caller: Caller) -> Target:
        """The instance, its engine and its metrics; the engine connects when it is first asked something."""
        found = await self._registry.get(instance, caller)
        key = (found.account, found.id)
        held = self._engines.get(key)
        if held is None or held[0] != found.url:
            engine = self._open_engine(found)
            self._engines[key] = (found.url, engine)
            if held is not None:
                await held[1].close()
            held = self._engines[key]
        history = None if self._history is None else self._history(found)
        return Target(found, held[1], self._metrics, history, logs=self._logs)

    async def writer(self, instance: str, caller: Caller, database: str = "") -> Writer:
        """The instance's write account, for one approved statement; whoever asks closes it.

        Raises `UnknownInstance`, and `Forbidden` for an instance without a write URL.
        """
        found = await self._registry.get(instance, caller)
        if not found.write_url or self._open_writer is None:
            raise Forbidden(
                f"instance {instance} has no write account, so nothing can be changed there; "
                f"`dbmedic instance add {instance} --write-url URL` registers one"
            )
        return self._open_writer(found, database)

    async def close(self) -> None:
        engines, self._engines = self._engines, {}
        for _, engine in engines.values():
            await engine.close()


class Only:
    """A registry of exactly the instances it was given (`dbmedic ask --on URL`)."""

    def __init__(self, *instances: Instance) -> None:
        self._instances = {instance.id: instance for instance in instances}

    async def get(self, id: str, caller: Caller) -> Instance:  # noqa: ARG002 - the registry's signature
        try:
            return self._instances[id]
        except KeyError:
            raise UnknownInstance(id, tuple(self._instances)) from None

    async def visible(self, caller: Caller) -> list[InstanceCard]:  # noqa: ARG002
        return [
            InstanceCard(
                id=one.id,
                engine=one.url.partition(":")[0],
                name=one.name,
                region=one.region,
                tags=one.tags,
                writable=one.write_url is not None,
            )
            for one in self._instances.values()
        ]
