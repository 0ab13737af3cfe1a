"""Fixed phrases, their fallback, and which language a text is in."""

from __future__ import annotations

import pytest

from dbmedic.core import lang


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en", "en"), ("en-GB", "en"), ("zh", "zh-CN"), ("zh_cn", "zh-CN"), ("zh-Hans-SG", "zh-CN"), ("zh-TW", "zh-TW"),
        ("zh-Hant", "zh-TW"), ("zh-HK", "zh-TW"), ("ja-JP", "ja"), ("id-ID", "id"), ("in", "id"), ("fr", None),
        ("", None), (None, None),
    ],
)  # fmt: skip
def test_any_tag_finds_the_language_of_ours_that_serves_it(tag, language):
    assert lang.best(tag) == language


def test_what_is_missing_falls_back():
    assert lang.chain("zh-TW") == ("zh-TW", "zh-CN", "en")
    assert lang.chain("zh") == ("zh-CN", "en")
    assert lang.chain("ja") == ("ja", "en")
    assert lang.chain("fr") == ("en",)


def test_fields_are_filled_and_a_missing_one_is_an_error():
    assert "`rm-x`" in lang.phrase("en", "talk.meant", instance="rm-x")
    assert "`rm-x`" in lang.phrase("zh-CN", "talk.meant", instance="rm-x")
    with pytest.raises(KeyError):
        lang.phrase("en", "talk.meant")
    with pytest.raises(KeyError):
        lang.phrase("en", "talk.no_such_phrase")


def test_every_language_says_everything_with_the_same_fields():
    assert lang.missing() == {"zh-CN": [], "zh-TW": [], "ja": [], "id": []}


def test_no_language_says_more_than_english():
    english = set(lang.phrases("en"))
    assert {tag: set(lang.phrases(tag)) - english for tag in lang.TAGS} == {tag: set() for tag in lang.TAGS}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The orders page got slow this morning, why?", "en"),
        ("Why is the table 订单 slow since this morning?", "en"),
        ("订单页面今天早上开始变慢", "zh-CN"),
        ("rm-demo-shop CPU usage 为什么这么高", "zh-CN"),
        ("实例rm-bp1 slow?", "zh-CN"),
        ("訂單頁面今天早上開始變慢", "zh-TW"),
        ("資料庫連線數過多", "zh-TW"),
        ("磁碟空間", "zh-TW"),
        ("慢", "zh-CN"),
        ("注文ページが今朝から遅い", "ja"),
        ("接続数確認", "ja"),
        ("rm-demo-shopのディスク使用率は?", "ja"),
        ("halaman pesanan lambat sejak tadi pagi", "id"),
        ("apakah koneksi penuh?", "id"),
        ("disk full", "en"),
        ("SELECT * FROM orders", "en"),
        ("", "en"),
        ("???", "en"),
    ],
)
def test_the_language_of_a_text_is_seen(text, language):
    assert lang.detect(text) == language


def test_a_text_without_words_takes_what_it_is_given():
    assert lang.detect("rm-demo-shop", default="zh-CN") == "zh-CN"
    assert lang.detect("42", default="ja") == "ja"
