"""Tokens, normalised texts and parameters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmedic.kit.statements import bind, fingerprint, normalised
from dbmedic.kit.statements.text import significant, tokens

ENGINES = ("postgres", "mysql", "sqlite")
SQLISH = st.text(alphabet="ab1 .,;()'\"`\\$?:@%#-/*!\n\tEeUu&[]=<>x_", max_size=60)


@given(SQLISH, st.sampled_from(ENGINES))
def test_the_tokens_are_the_text(sql: str, engine: str) -> None:
    assert "".join(token.text for token in tokens(sql, engine)) == sql


@given(SQLISH, st.sampled_from(ENGINES))
def test_any_text_is_normalised_without_comments_and_on_one_line(sql: str, engine: str) -> None:
    found = normalised(sql, engine)
    assert "\n" not in found.replace('"', "").split("'")[0] or '"' in sql or "`" in sql or "[" in sql


@pytest.mark.parametrize(
    ("engine", "sql", "text"),
    [
        ("postgres", "select * from t where a = 'x' and b = 5 -- why", "select * from t where a = ? and b = ?"),
        ("postgres", "select E'it\\'s', $tag$ a 'b' $tag$, $$c$$, U&'d'", "select ?, ?, ?, ?"),
        ("postgres", "select /* a /* nested */ comment */ 1", "select ?"),
        ("postgres", "select a1, t2.b3 from x4 where c = $1", "select a1, t2.b3 from x4 where c = $1"),
        ("postgres", "select * from t where a IN (1, 2,\n 3)", "select * from t where a IN (?)"),
        ("postgres", "insert into t values (1, 'a'), (2, 'b')", "insert into t values (?, ?)"),
        ("postgres", "select 'half a secr", "select ?"),
        ("postgres", "select $x$half a secr", "select ?"),
        ("postgres", "select \"Col\", 'it''s'", 'select "Col", ?'),
        ("mysql", "select \"text\", `Col`, 0x1F, _utf8'x' # end", "select ?, `Col`, ?, ?"),
        ("mysql", "select 'a\\' b', 1-- 2", "select ?, ?"),
        ("mariadb", "select 'half \\", "select ?"),
        ("sqlite", "select [Col], x'00', \"Name\", 1.5e3", 'select [Col], ?, "Name", ?'),
    ],
)
def test_literals_become_placeholders(engine: str, sql: str, text: str) -> None:
    assert normalised(sql, engine) == text


@pytest.mark.parametrize("engine", ENGINES)
def test_fingerprints_forget_values_and_layout_only(engine: str) -> None:
    one = fingerprint("select * from t where a = 1 and b in (1, 2)", engine)
    assert one == fingerprint("SELECT *\nFROM t WHERE a = 2 AND b IN (5)", engine)
    assert one != fingerprint("select * from t where a = 1 and c in (1, 2)", engine)
    assert len(one) == 16
    assert fingerprint("select from where", engine) == fingerprint("SELECT FROM  WHERE", engine)


def test_parameters_become_the_servers_own() -> None:
    params = {"a": 1, "b": "x"}
    assert bind("select %(a)s, %(b)s, %(a)s, '5%%'", params, "postgres") == ("select $1, $2, $1, '5%'", [1, "x"])
    assert bind("select %(a)s, %(b)s, %(a)s", params, "mysql") == ("select ?, ?, ?", [1, "x", 1])
    assert bind("select '5%' like '%'", None, "sqlite") == ("select '5%' like '%'", [])
    with pytest.raises(KeyError):
        bind("select %(c)s", params, "postgres")
    with pytest.raises(ValueError, match="character 7"):
        bind("select % 5", params, "postgres")


def test_a_value_never_ends_a_string_early() -> None:
    assert [token.kind for token in significant("select '\\'; drop'", "mysql")] == ["word", "string"]
    assert [token.text for token in significant("select '\\'; x", "postgres")] == ["select", "'\\'", ";", "x"]
