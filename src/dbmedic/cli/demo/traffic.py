"""The load on the demo's shop: a few connections of its application, at a bounded rate.

Each worker rests at least twice as long as its last statement took, so that two of them never take more than two
thirds of one core, however slow the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

logger = structlog.get_logger("dbmedic.demo")

CUSTOMERS, PRODUCTS = 20_000, 800
EVENTS_BYTES = 1 << 30
"""Above this size the table of events stops growing: a demo left alone must not fill a disk."""

ORDERS_PAGE = """
    select id, status, total, created_at
    from orders
    where customer_id = %s::integer and status <> 'cancelled'
    order by created_at desc
    limit 20
"""
NEW_ORDER = """
    insert into orders (customer_id, status, total, address, note, created_at)
    values (%s, 'paid', %s, 'Street 1, 00001', 'leave it with the neighbours', now())
    returning id
"""
NEW_ITEM = "insert into order_items (order_id, line, product_id, amount, price) values (%s, 1, %s, 1, %s)"
LESS_STOCK = "update products set stock = stock - 1 where id = %s"
NEW_EVENTS = """
    insert into events (kind, payload)
    select
        (array['view', 'search', 'basket', 'login'])[1 + n %% 4],
        jsonb_build_object('customer', %s::integer + n, 'agent', repeat('Mozilla/5.0 ', 12), 'path', '/p/' || n)
    from generate_series(1, 100) as n
    where pg_total_relation_size('events') < %s
"""

Connection = AsyncConnection[TupleRow]
Step = Callable[[Connection, random.Random], Awaitable[None]]


async def browse(connection: Connection, dice: random.Random) -> None:
    """One customer opens the orders page."""
    await (await connection.execute(ORDERS_PAGE, (dice.randint(1, CUSTOMERS),))).fetchall()


async def buy(connection: Connection, dice: random.Random) -> None:
    """One order of one product."""
    product, price = dice.randint(1, PRODUCTS), dice.randint(4, 90)
    async with connection.transaction():
        cursor = await connection.execute(NEW_ORDER, (dice.randint(1, CUSTOMERS), price))
        found = await cursor.fetchone()
        await connection.execute(NEW_ITEM, (found and found[0], product, price))
        await connection.execute(LESS_STOCK, (product,))


async def log_events(connection: Connection, dice: random.Random) -> None:
    """A hundred clicks, some 35 kB."""
    await connection.execute(NEW_EVENTS, (dice.randint(1, CUSTOMERS), EVENTS_BYTES))


WORKERS: tuple[tuple[Step, float], ...] = ((browse, 0.15), (browse, 0.15), (buy, 0.3), (log_events, 0.25))
"""What each connection does, and its shortest period in seconds."""


@contextlib.asynccontextmanager
async def traffic(url: str) -> AsyncIterator[None]:
    """The load, from now until the block ends."""
    tasks = [asyncio.create_task(_work(url, step, period_s)) for step, period_s in WORKERS]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _work(url: str, step: Step, period_s: float) -> None:
    """Repeats a step; after an error (someone killed the session, say) connects again."""
    dice, clock = random.Random(), asyncio.get_running_loop().time  # noqa: S311 - no secret
    while True:
        try:
            async with await AsyncConnection.connect(url, autocommit=True, application_name="shop-web") as connection:
                while True:
                    began = clock()
                    await step(connection, dice)
                    took = clock() - began
                    await asyncio.sleep(max(period_s - took, 2 * took))
        except psycopg.Error as error:
            logger.debug("traffic interrupted", error=str(error))
            await asyncio.sleep(1)
