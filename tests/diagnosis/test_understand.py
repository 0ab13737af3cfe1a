"""What a question asks: the symptom in five languages, the instance, the time, follow-ups, and what is no question."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from tests.diagnosis import utterances
from tests.diagnosis.scene import CALLER, CLOUD, NOW, SHOP

from dbmedic.core.values import Exchange, InstanceCard, Question
from dbmedic.diagnosis.symptoms import symptoms
from dbmedic.diagnosis.understand import Understood, understand

TWO = (SHOP, CLOUD)
ASKED_DISK = Exchange(
    question="实例rm-demo-shop 磁盘使用率,是否需要扩容", answer="23 %", instance="rm-demo-shop", symptom="disk"
)
ASKED_SLOW = Exchange(
    question="The orders page of rm-demo-shop got slow this morning, why?",
    answer="…",
    instance="rm-demo-shop",
    symptom="slow",
    language="en",
    at=NOW - timedelta(minutes=5),
)


def asked(
    text: str, visible: tuple[InstanceCard, ...] = TWO, history: tuple[Exchange, ...] = (), **more: Any
) -> Understood:
    question = Question(text=text, caller=CALLER, api="test", zone=more.pop("zone", "Asia/Shanghai"), **more)
    return understand(question, visible, history, NOW)


@pytest.mark.parametrize(
    ("tag", "text", "symptom"),
    [
        (tag, text, symptom)
        for tag, table in (
            ("en", utterances.ENGLISH),
            ("zh-CN", utterances.CHINESE),
            ("zh-TW", utterances.TAIWANESE),
            ("ja", utterances.JAPANESE),
            ("id", utterances.INDONESIAN),
        )
        for text, symptom in table.items()
    ],
)
def test_what_people_say_leads_to_the_plan_and_the_language(tag, text, symptom):
    found = asked(text)
    assert (found.topic, found.symptom, found.language) == ("database", symptom, tag)


def test_enough_ways_of_asking_are_tried():
    assert len(utterances.ENGLISH) + len(utterances.CHINESE) + len(utterances.TAIWANESE) >= 120


@pytest.mark.parametrize(
    "text",
    [
        "I think we need more CPU",
        "是不是内存不够了",
        "the disk must be too slow",
        "users report timeouts",
        "everything hangs",
        "这条SQL很慢",
        "DELETE is slow",
        "inserts are slow",
        "more and more slow queries every day",
        "active sessions spiked",
        "QPS dropped",
        "errors are increasing since the release",
    ],
)
def test_whoever_blames_whatever_gets_the_whole_search_for_causes(text):
    plan = symptoms()[asked(text).symptom].stages_for("postgres")[0]
    assert {
        "blocking-tree", "lock-queue-ddl", "wait-profile", "top-queries", "missing-index", "pg-dead-tuples",
        "xmin-horizon", "stale-stats", "conn-usage", "temp-spill", "pg-cache-hit", "cpu-saturation", "disk-used",
    } <= set(plan)  # fmt: skip


def test_a_question_about_two_things_gets_both():
    found = asked("the orders page is slow, do we need to expand the disk?")
    assert (found.symptom, found.also) == ("slow", ("disk",))
    assert set(asked("磁盘和CPU使用率怎么样?").also) | {asked("磁盘和CPU使用率怎么样?").symptom} == {"cpu", "disk"}


def test_a_complaint_with_a_question_for_anything_gets_both():
    assert (asked("It feels slow, is anything wrong?").symptom, asked("It feels slow, is anything wrong?").also) == (
        "slow", ("health",),
    )  # fmt: skip
    assert asked("数据库越来越慢，帮忙看看有什么问题").also == ("health",)
    assert asked("数据库很慢").also == ()


# -- which instance ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "instance", "unknown"),
    [
        ("实例rm-demo-shop磁盘使用率", "rm-demo-shop", None),
        ("RM-DEMO-SHOP有问题吗", "rm-demo-shop", None),
        ("is rm-demo-shop, or rm-demo-shop.local slow?", "rm-demo-shop", None),
        ("订单库慢", "rm-bp1abc234def", None),
        ("is the Shop slow?", "rm-demo-shop", None),
        ("rm-bp1abc234def连接数", "rm-bp1abc234def", None),
        ("what about rm-other?", None, "rm-other"),
        ("实例rm-demo-sho 慢", None, "rm-demo-sho"),
        ("rm-demo-shop2 is slow", None, "rm-demo-shop2"),
        ("instance prod-7 is slow", None, "prod-7"),
        ("pgm-bp17x is full", None, "pgm-bp17x"),
        ("the read-only workload is slow", None, None),
        ("is it slow?", None, None),
        ("pg-wal is large", None, None),
    ],
)
def test_the_instance_is_found_in_the_text_or_honestly_unknown(text, instance, unknown):
    found = asked(text)
    assert (found.instance, found.unknown) == (instance, unknown)


def test_the_longer_of_two_ids_wins():
    cards = (InstanceCard(id="rm-demo"), InstanceCard(id="rm-demo-shop"))
    assert asked("rm-demo-shop slow", cards).instance == "rm-demo-shop"
    assert asked("rm-demo slow", cards).instance == "rm-demo"


def test_field_then_text_then_conversation_then_the_only_one():
    assert asked("rm-bp1abc234def slow", instance="rm-demo-shop").instance == "rm-demo-shop"
    assert asked("rm-bp1abc234def slow", history=(ASKED_DISK,)).instance == "rm-bp1abc234def"
    assert asked("slow", history=(ASKED_DISK,)).instance == "rm-demo-shop"
    assert asked("slow", (SHOP,)).instance == "rm-demo-shop"
    assert asked("slow").instance is None


def test_an_instance_that_is_gone_is_not_carried_over():
    assert asked("slow", (CLOUD, InstanceCard(id="other")), (ASKED_DISK,)).instance is None


def test_a_name_of_an_instance_says_nothing_about_the_symptom():
    cards = (InstanceCard(id="rm-slow-disk"), SHOP)
    assert asked("too many connections on rm-slow-disk", cards).symptom == "connections"


# -- follow-ups --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "symptom", "follow", "carried"),
    [
        ("and its slow queries?", "top-sql", "more", {"instance"}),
        ("那连接数呢?", "connections", "more", {"instance"}),
        ("why?", "slow", "why", {"instance", "symptom", "window"}),
        ("为什么?", "slow", "why", {"instance", "symptom", "window"}),
        ("show me the statement", "top-sql", None, {"instance"}),
        ("how do I fix it?", "slow", "fix", {"instance", "symptom", "window"}),
        ("怎么解决?", "slow", "fix", {"instance", "symptom", "window"}),
        ("现在呢?", "slow", "again", {"instance", "symptom", "window"}),
        ("is it better now?", "slow", "again", {"instance", "symptom", "window"}),
        ("what about rm-bp1abc234def?", "slow", "more", {"symptom", "window"}),
        ("rm-bp1abc234def", "slow", None, {"symptom", "window"}),
        ("and the disk?", "disk", "more", {"instance"}),
        ("最近24小时呢", "slow", "more", {"instance", "symptom"}),
    ],
)
def test_a_follow_up_takes_the_rest_from_the_conversation(text, symptom, follow, carried):
    found = asked(text, history=(ASKED_SLOW,))
    assert (found.symptom, found.follow, found.carried) == (symptom, follow, frozenset(carried))
    assert found.instance == ("rm-bp1abc234def" if "bp1" in text else "rm-demo-shop")


def test_naming_the_instance_answers_our_question_which_one():
    before = Exchange(question="orders page slow since this morning", answer="Which instance do you mean?", at=NOW)
    found = asked("rm-demo-shop", history=(before,))
    assert (found.symptom, found.instance, found.objects) == ("slow", "rm-demo-shop", ("orders",))
    assert found.window is not None


def test_a_follow_up_keeps_the_time_of_the_complaint():
    before = asked(ASKED_SLOW.question).window
    after = asked("why?", history=(ASKED_SLOW,)).window
    assert before is not None
    assert after == before


# -- what is no question about a database --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("hi", "greeting"),
        ("你好", "greeting"),
        ("good morning", "greeting"),
        ("thanks!", "thanks"),
        ("谢谢", "thanks"),
        ("who are you?", "identity"),
        ("你能做什么?", "identity"),
        ("help", "identity"),
        ("what's the weather like", "other"),
        ("北京今天天气怎么样", "other"),
        ("写一首诗", "other"),
        ("tell me a joke about databases", "other"),
        ("what is 17 times 23", "other"),
        ("asdf qwer", "other"),
        ("list instances", "instances"),
        ("which instances can you see?", "instances"),
        ("有哪些实例", "instances"),
        ("インスタンス一覧", "instances"),
        ("客户投诉下单失败", "database"),
        ("hi, is the database ok?", "database"),
        ("hello, the orders page is slow", "database"),
    ],
)
def test_what_is_not_about_databases_is_told_from_what_is(text, topic):
    assert asked(text).topic == topic


def test_only_what_is_clearly_foreign_is_refused_to_whoever_has_an_instance():
    assert asked("the warehouse people are shouting at me").topic == "database"
    assert asked("the warehouse people are shouting at me", ()).topic == "other"
    assert asked("do you love the sea").topic == "other"


def test_a_cure_tried_in_vain_is_not_the_complaint():
    assert asked("下单卡住了，重启应用也没用").symptom == "hang"
    assert asked("checkout hangs, restarting the app did not help").symptom == "hang"
    assert asked("重启了").symptom == "restarted"


def test_what_is_slow_is_the_complaint_where_it_is_named():
    assert asked("The replica lags behind, is its disk too slow?").symptom == "replication-lag"
    assert asked("the replica lags and the orders page is slow").symptom == "slow"


def test_a_wish_to_change_something_is_noticed():
    assert asked("kill session 4711").wants_change
    assert asked("帮我建索引").wants_change
    assert not asked("why was session 4711 killed?").wants_change


# -- details -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "objects"),
    [
        ("orders page slow", ("orders",)),
        ("the public.orders table is slow", ("orders",)),
        ("orders表很慢", ("orders",)),
        ("订单页面变慢", ("订单",)),
        ("why is select * from orders o join items i slow", ("orders", "items")),
        ("the page is slow", ()),
        ("is it slow?", ()),
    ],
)
def test_tables_and_pages_are_noticed(text, objects):
    assert asked(text).objects == objects


def test_the_requests_language_wins_over_the_texts():
    assert asked("is anything wrong?", language="zh-cn").language == "zh-CN"
    assert asked("有问题吗", language="en-US").language == "en"
    assert asked("有问题吗", language="fr").language == "zh-CN"


def test_a_text_without_words_is_in_the_language_of_the_conversation():
    assert asked("rm-demo-shop?", history=(ASKED_DISK,)).language == "zh-CN"


@pytest.mark.parametrize("filler", ["a", "a ", "慢", "订单页面", "select ", "1:", "why is the "])
def test_a_huge_question_is_understood_by_its_beginning_and_end_and_at_once(filler):
    started = time.perf_counter()
    found = asked(f"rm-demo-shop {filler * (1_000_000 // len(filler))} too many connections?")
    assert found.instance == "rm-demo-shop"
    assert "connections" in (found.symptom, *found.also)
    assert time.perf_counter() - started < 3
