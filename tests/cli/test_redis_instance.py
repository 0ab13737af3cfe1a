"""A Redis from the command line: the printed account works as it is, is registered, checked, and asked about."""

from __future__ import annotations

from fix_servers import Server


def test_the_printed_account_is_enough_to_register_check_and_ask(dbmedic, redis: Server) -> None:
    [statement] = dbmedic("instance", "grants", "redis", "--json").json["statements"]
    assert "+get" not in statement.split()
    assert dbmedic("instance", "grants", "redis").out.strip() == statement  # a command, which ends with its line
    redis.run(statement.replace("…", "p4ss"))
    url = redis.at("0", user="dbmedic", password="p4ss")
    added = dbmedic("instance", "add", "cache", url, "--json")
    assert "p4ss" not in added.out + added.err
    assert (added.json["engine"], added.json["check"]["account"]) == ("redis", "all")
    redis.run("ACL SETUSER dbmedic -slowlog|get")
    gaps = dbmedic("instance", "check", "cache", "--json").json["missing"]
    assert gaps == [{"what": "slow commands", "grant": "ACL SETUSER dbmedic +slowlog|get"}]
    redis.run("ACL DELUSER dbmedic")


def test_a_valkey_url_and_a_socket_are_redis_too(dbmedic) -> None:
    for name, url in (
        ("one", "valkey://:s3cret@127.0.0.1:1/0"),
        ("two", "unix:///nowhere/redis.sock?db=1&password=s3cret"),
    ):
        added = dbmedic("instance", "add", name, url, "--json")
        assert added.code == 0
        assert "s3cret" not in added.out + added.err
        assert (added.json["engine"], added.json["check"]["error"]["code"]) == ("redis", "unreachable")
