"""Orders of passages."""

from dbmedic.knowledge.rank import chosen, coverage, fused, worths


def test_what_two_orders_agree_on_comes_first() -> None:
    assert fused([["a", "b", "c"], ["b", "c", "a"]])[0] == "b"


def test_an_order_without_weight_does_not_count() -> None:
    assert fused([["a", "b"], ["b", "a"]], [1, 0]) == ["a", "b"]


def test_rare_words_are_looked_up_before_common_ones() -> None:
    assert chosen(["table", "xmin", "vacuum", "absent"], {"table": 900, "xmin": 3, "vacuum": 80}, work=100) == [
        "xmin", "vacuum",
    ]  # fmt: skip


def test_a_query_of_common_words_alone_is_still_looked_up() -> None:
    assert chosen(["table"], {"table": 10_000}, work=100) == ["table"]


def test_coverage_is_a_share_of_what_the_query_says() -> None:
    worth = worths(["xmin", "table"], {"xmin": 1, "table": 90}, 100)
    assert coverage(worth, set(), {"xmin", "table"}) == 1
    assert coverage(worth, set(), set()) == 0
    assert coverage(worth, {"xmin"}, set()) > 0.9
    assert coverage({}, set(), set()) == 0
