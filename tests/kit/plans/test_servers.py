"""Plans that real servers print: each form of one plan is read as the same tree, and the fault in it is found."""

from __future__ import annotations

import msgspec
import pytest

from dbmedic.kit import plans
from dbmedic.kit.plans import Plan
from fix_servers import Database

POSTGRES = (
    "create table orders(id int primary key, customer_id int, status text, made timestamp, note text)",
    "insert into orders select i, 1 + i % 500, case when i % 10 = 0 then 'new' else 'done' end,"
    " timestamp '2026-01-01' + i * interval '1 minute', repeat('x', 60) from generate_series(1, 40000) i",
    "create table customers(id int primary key, email text, city text)",
    "insert into customers select i, 'u' || i || '@x.com', 'c' || i % 10 from generate_series(1, 2000) i",
    "create index on customers(email)",
    "analyze",
)
FAULTS = {
    "select * from orders where customer_id = 7": {"scan"},
    "select * from customers where lower(email) = 'u7@x.com'": {"scan", "defeated"},
    "select * from orders order by note, id": {"scan", "spill"},
    "select * from orders where id not in (select id from orders where customer_id = 3)": {"scan", "not_in"},
    "select c.id, (select count(*) from orders o where o.customer_id = c.id) from customers c where id < 30": {
        "scan", "subquery",
    },
    "select * from customers a join customers b on a.city < b.city where a.id > 1000": {"join_scan", "scan"},
    "select * from orders where status = 'new' and (status || 'x') = 'newx'": {"scan", "defeated", "misestimate"},
    "select * from customers where id = 7": set(),
}  # fmt: skip


def shape(plan: Plan | None) -> list[tuple[object, ...]]:
    assert plan is not None
    return [
        (node.name, node.does, node.relation, node.index, node.expected, node.cost, node.filter, node.join, len(above))
        for node, above in plans.walk(plan.root)
    ]


@pytest.fixture
def shop(postgres: Database) -> Database:
    postgres.run(*POSTGRES)
    return postgres


def test_both_forms_of_postgres_are_one_tree(shop: Database) -> None:
    for statement in FAULTS:
        lines = [str(row[0]) for row in shop.run(f"explain {statement}")]
        value = shop.run(f"explain (format json) {statement}")[0][0]
        framed = "\n".join([" QUERY PLAN ", "-----", *(f" {line}" for line in lines), f"({len(lines)} rows)"])
        assert shape(plans.read(framed)) == shape(plans.of(value, "postgres"))
        assert shape(plans.read(msgspec.json.encode(value).decode())) == shape(plans.of(value, "postgres"))


def test_what_is_wrong_is_found_once_it_ran(shop: Database) -> None:
    for statement, kinds in FAULTS.items():
        rows = shop.run(
            "set work_mem = '1MB'", "set max_parallel_workers_per_gather = 0", f"explain (analyze, buffers) {statement}"
        )
        plan = plans.read("\n".join(str(row[0]) for row in rows))
        assert plan is not None
        assert plan.executed
        found = {one.kind for one in plans.findings(plan)} - {"costs"}
        assert found == kinds, statement


MARIADB = (
    "create table orders(id int primary key, customer_id int, status varchar(10), code varchar(20), key(code))",
    "insert into orders select seq, 1 + seq % 500, if(seq % 10 = 0, 'new', 'done'), seq from seq_1_to_40000",
    "create table customers(id int primary key, email varchar(80), city varchar(10))",
    "insert into customers select seq, concat('u', seq), concat('c', seq % 10) from seq_1_to_2000",
    "analyze table orders, customers",
)
MARIADB_FAULTS = {
    "select * from orders where customer_id = 7": {"scan"},
    "select * from customers where lower(email) = 'u7'": {"scan", "defeated"},
    "select * from orders order by status": {"scan", "sort"},
    "select * from orders where id not in (select customer_id from orders where status = 'new')": {"scan", "not_in"},
    "select c.id, (select max(o.code) from orders o where o.customer_id = c.id) from customers c where id < 30": {
        "scan", "subquery",
    },
    "select * from customers a join customers b on a.city = b.email": {"join_scan", "scan"},
    "select * from customers where id = 7": set(),
}  # fmt: skip


def test_the_forms_of_mariadb_tell_the_same(mariadb: Database) -> None:
    mariadb.run(*MARIADB)
    for statement, kinds in MARIADB_FAULTS.items():
        for explain in ("explain format=json", "analyze format=json"):
            plan = plans.read(str(mariadb.run(f"{explain} {statement}")[0][0]))
            assert plan is not None
            assert plan.executed == explain.startswith("analyze")
            found = {one.kind for one in plans.findings(plan)} - {"costs"}
            assert found == kinds, (explain, statement)
        names = ("id", "select_type", "table", "type", "possible_keys", "key", "key_len", "ref", "rows", "Extra")
        cells = [names, *mariadb.run(f"explain {statement}")]
        text = "\n".join("| " + " | ".join("NULL" if one is None else str(one) for one in row) + " |" for row in cells)
        plan = plans.read(text)
        assert plan is not None
        found = {one.kind for one in plans.findings(plan)}
        assert found == kinds - {"defeated", "not_in"}, statement
