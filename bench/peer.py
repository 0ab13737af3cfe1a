"""A turn with one tool call by pydantic-ai alone, no web server, no store: `python bench/peer.py URL SECONDS CLIENTS`.

Prints turns and processor seconds as JSON; exit code 3 where pydantic-ai and the openai package are not installed.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
import time

QUESTION = "tokens=20 tool=1"


async def main(url: str, seconds: float, clients: int) -> None:
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    agent = Agent(OpenAIChatModel("bench", provider=OpenAIProvider(base_url=url, api_key="none")))

    @agent.tool_plain
    def instances() -> str:
        """The databases that are registered."""
        return "none"

    async def turn() -> None:
        async with agent.run_stream(QUESTION) as result:
            words = [word async for word in result.stream_text(delta=True, debounce_by=None)]
        if not words:
            raise SystemExit("pydantic-ai answered nothing")

    await asyncio.gather(*(turn() for _ in range(clients)))  # imports, connections, schemas
    turns, cpu = 0, time.process_time()
    until = time.perf_counter() + seconds

    async def asking() -> None:
        nonlocal turns
        while time.perf_counter() < until:
            await turn()
            turns += 1

    await asyncio.gather(*(asking() for _ in range(clients)))
    print(json.dumps({"turns": turns, "cpu_s": time.process_time() - cpu}))


if __name__ == "__main__":
    if not all(importlib.util.find_spec(name) for name in ("pydantic_ai", "openai")):
        raise SystemExit(3)
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3])))
