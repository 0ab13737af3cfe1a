"""What leaves for a model holds no value of anybody's, and the answer has them back."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmedic.agent import mask_patterns
from dbmedic.agent.mask import KEPT, Mask, Restoring
from dbmedic.core.values import Call, Message

KEY = b"k" * 32
FOUND = """\
error long-query on pid 123 [m1]: `select * from users where email = 'bob@x.com' and id = 4711 limit 10` ran 187 s, 23 %
DETAIL: Key (email)=(ann@corp.example) already exists.
Duplicate entry 'Bob Smith' for key 'users.name'; Failing row contains (7, Carol, 99).
client 10.20.30.40 and fe80::1ff:fe23:4567:890a; password=hunter2; postgres://app:geheim@db:5432/x
password authentication failed for user "dave"
call +86 138 1234 5678 or 13912345678, card 4111 1111 1111 1111, citizen 110101199003078515
{"query":"update users set name = 'O''Hara', age = 41 where id = 7","calls":12,"bytes":13812345678}
insert into t values ('x;y', 3.5, $1, 0xFF); alter user eve identified by 'topsecret'
"""
SECRET = (
    "bob@x.com", "4711", "ann@corp.example", "Bob Smith", "Carol", "10.20.30.40", "fe80::1ff", "hunter2", "geheim",
    "dave",
    "138 1234 5678", "13912345678", "4111 1111", "110101199003078515", "O''Hara", " 41 ", "x;y", "0xFF", "topsecret",
)  # fmt: skip
SEEN = (
    "pid 123", "[m1]", "limit 10", "187 s", "23 %", '"calls":12', '"bytes":13812345678', "users.name",
    "from users where email",
    "update users set name", "$1",
)  # fmt: skip


def test_values_are_hidden_and_names_and_measurements_are_not():
    told = Mask(KEY).text(FOUND)
    for value in SECRET:
        assert value not in told, value
    for name in SEEN:
        assert name in told, name


@pytest.mark.parametrize("size", [1, 2, 5, 11, 1000])
def test_an_answer_has_its_values_back_however_it_is_cut(size):
    mask = Mask(KEY)
    told = mask.text(FOUND)
    back = Restoring(mask)
    said = "".join(back.feed(told[at : at + size]) for at in range(0, len(told), size)) + back.end()
    assert said == mask.restored(told) == FOUND


def test_a_value_is_the_same_word_throughout_a_conversation_and_another_one_elsewhere():
    first, again, other = Mask(KEY), Mask(KEY), Mask(b"o" * 32)
    text = "mail ann@corp.example, again ann@corp.example"
    words = first.text(text).split()
    assert words[1].rstrip(",") == words[3]
    assert again.text(text) == first.text(text) != other.text(text)


def test_words_in_another_case_come_back_and_unknown_ones_stay():
    mask = Mask(KEY)
    word = mask.text("ann@corp.example")
    assert mask.restored(f"{word.lower()} {word} EMAIL_00000000") == "ann@corp.example ann@corp.example EMAIL_00000000"


@pytest.mark.parametrize(
    "text",
    [
        "PostgreSQL 15.20 listens on 0.0.0.0 and 127.0.0.1 port 5432 since 2026-11-21 14:03 UTC",
        "alter system set work_mem = '64MB'; create index concurrently on orders (customer)",
        "it's slow and don't touch bob's table, 99 % of 1.2 GiB in 3 min",
        '{"relname":"orders","n_live_tup":13912345678,"last_vacuum":"2026-11-21T10:00:00Z"}',
        "The id 550e8400-e29b-41d4-a716-446655440000 and queryid -4611686018427387904",
    ],
)
def test_what_is_nobodys_value_stays(text):
    assert Mask(KEY).text(text) == text


def test_a_question_is_masked_in_its_statements_and_data_about_people():
    asked = "why is select * from t where name = 'Ann' and x > 17 slow? It's 3 pm, 99 % full, tell ann@corp.example"
    told = Mask(KEY).text(asked, "asked")
    assert "Ann'" not in told
    assert "17" not in told
    assert told.endswith("slow? It's 3 pm, 99 % full, tell " + told.split()[-1])
    assert "ann@" not in told


def rows(sql: str, text: str) -> tuple[Message, ...]:
    return (
        Message(role="assistant", calls=(Call("k", "query", {"sql": sql}),)),
        Message(role="tool", call="k", text=f'<data tool="query">\n{text}\n</data>'),
    )


def test_rows_of_users_tables_are_hidden_but_for_sums():
    mask = Mask(KEY)
    call, result = mask.messages(rows("select name from staff where x = 'q'", '{"name":"Bob","salary":5000,"count":3}'))
    assert "Bob" not in result.text
    assert "5000" not in result.text
    assert '"count":3' in result.text
    assert "'q'" not in call.calls[0].args["sql"]
    assert mask.value(call.calls[0].args) == {"sql": "select name from staff where x = 'q'"}


def test_rows_of_catalogues_are_shown():
    shown = '{"relname":"orders","reltuples":500}'
    assert shown in Mask(KEY).messages(rows("select relname, reltuples from pg_class", shown))[1].text


def test_arguments_of_a_call_have_their_values_back():
    mask = Mask(KEY)
    word = mask.text("where id = 4711").split()[-1]
    assert mask.value({"sql": f"select {word}", "more": [word], "n": 3}) == {
        "sql": "select 4711",
        "more": ["4711"],
        "n": 3,
    }


def test_names_alone_keep_statements_rows_plans_and_files_here():
    mask = Mask(KEY, "names")
    found = Message(role="tool", call="d", text="error x on orders: `select a from orders where b = 1` for 187 s, 23 %")
    call = Message(role="assistant", calls=(Call("d", "diagnose", {}),))
    asked = Message(role="user", text='why?\n\n<data file="app.log">\nsecret line\n</data>', images=("data:x",))
    said = mask.messages((asked, call, found, *rows("select relname from pg_class", '{"relname":"orders"}')))
    assert said[0].text == f'why?\n\n<data file="app.log">\n{KEPT}\n</data>'
    assert said[0].images == ()
    assert "a statement on orders" in said[2].text
    assert "187 s, 23 %" in said[2].text
    assert "select a" not in said[2].text
    assert said[4].text == f'<data tool="query">\n{KEPT}\n</data>'


def test_all_is_told_where_the_operator_says_so():
    said = (Message(role="user", text=FOUND),)
    assert Mask(KEY, "all").messages(said) == said


@pytest.mark.parametrize(
    "text",
    [
        FOUND * 30,
        "insert into t values (" + "';'," * 8000 + "1)",
        "select '" + "''" * 20_000,
        "a." * 20_000,
        "1 " * 20_000,
        "='" * 20_000,
        "update " * 5000,
        "+1 (2" * 8000,
        "a:b:c:" * 6000,
    ],
    ids=range(9),
)
def test_a_long_text_is_masked_in_no_time(text):
    started = time.process_time()
    for source in ("data", "asked"):
        mask = Mask(KEY)
        assert mask.restored(mask.text(text, source)) == text
    assert time.process_time() - started < 2


_SHREDS = (
    "+", "-", " ", ".", ":", "(", ")", "@", "://", "0", "12", "138", "2001", "db8", "10.0.0.7", "1999", "4111", "086",
    "password=", "Passwd ", "'", "secret", "api_key=", "api-key: ", "bearer ", "identified by ", "x", "a@b.de", "\n",
    "：",
)  # fmt: skip


@given(st.lists(st.sampled_from(_SHREDS), max_size=24).map("".join))
def test_what_is_not_looked_for_is_not_there(text: str) -> None:
    """A pattern is skipped for texts that have nothing of it; no match may be lost by that."""
    found = {(hit.start, hit.end, hit.kind) for hit in mask_patterns.personal(text)}
    for kind, pattern, _, holds in mask_patterns._PERSONAL:
        assert {(*match.span(), kind) for match in pattern.finditer(text) if holds(match[0])} <= found
    secrets = {match.span("said" if match["said"] else "url") for match in mask_patterns._SECRET.finditer(text)}
    assert {(*span, "SECRET") for span in secrets} <= found
