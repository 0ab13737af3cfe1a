"""The servers that other tests stand on."""

from fix_servers import Database, Server


async def test_a_fresh_postgres_database_is_empty_and_its_own(postgres: Database) -> None:
    postgres.run("create table t (a int)", "insert into t values (1)")
    assert postgres.run("select a, current_database() from t") == [(1, postgres.name)]


def test_postgres_counts_statements(postgres: Database) -> None:
    postgres.run("create extension pg_stat_statements")
    assert postgres.run("select count(*) > 0 from pg_stat_statements") == [(True,)]


async def test_a_fresh_mariadb_database_is_empty_and_its_own(mariadb: Database) -> None:
    mariadb.run("create table t (a int)", "insert into t values (1)")
    assert mariadb.run("select a, database() from t") == [(1, mariadb.name)]
    assert mariadb.run("select @@performance_schema") == [(1,)]


def test_redis_answers(redis_server: Server) -> None:
    assert redis_server.url.startswith("redis://127.0.0.1:")
