"""A transcript that fits a window: what is oldest is shortened first, and whatever is cut says so."""

from dbmedic.core.values import Call, Message
from dbmedic.models.fit import cut, fit, tokens, verdict
from dbmedic.models.retry import asked_s, back_off, smaller
from dbmedic.models.setting import ModelSetting, chain

SYSTEM = Message(role="system", text="You are dbmedic. " * 20)


def talk(*exchanges: tuple[str, str]) -> list[Message]:
    return [
        Message(role=role, text=text)
        for pair in exchanges
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]


def test_what_fits_is_left_as_it_is():
    messages = (SYSTEM, *talk(("why?", "It is full. " * 50)), Message(role="user", text="and now?"))
    assert fit(messages, (), 10_000) == messages


def test_the_oldest_answers_go_down_to_their_verdict_first():
    long = "It is full. " + "Because of the log. " * 100
    messages = (SYSTEM, *talk(("one?", long), ("two?", long)), Message(role="user", text="three?"))
    fitted = fit(messages, (), 1_500)
    assert [one.text for one in fitted[1:3]] == ["one?", "It is full. [… shortened]"]
    assert fitted[4].text == long
    assert (fitted[0], fitted[-1]) == (SYSTEM, messages[-1])


def test_results_are_cut_inside_their_fence_and_the_newest_stay_longest():
    result = '<data tool="measure">\n' + "row\n" * 2_000 + "</data>"
    asked = Message(role="user", text="why?")
    rounds = [
        part
        for number in range(3)
        for part in (
            Message(role="assistant", calls=(Call(f"k{number}", "measure", {}),)),
            Message(role="tool", call=f"k{number}", text=result),
        )
    ]
    fitted = fit((SYSTEM, asked, *rounds), (), 6_000)
    results = [one.text for one in fitted if one.role == "tool"]
    assert [len(one) < 1_000 for one in results] == [True, True, False]
    assert all(one.endswith("</data>") for one in results)
    assert "characters cut to fit the model]\n</data>" in results[0]
    assert tokens(fitted) <= 6_000


def test_a_window_too_small_for_anything_still_has_rules_and_question():
    messages = (SYSTEM, *talk(*[("q" * 500, "a" * 500)] * 20), Message(role="user", text="x" * 9_000))
    fitted = fit(messages, (), 1_100)
    assert fitted[0] == SYSTEM
    assert "20 earlier questions and answers were left out" in fitted[1].text
    assert fitted[-1].text.startswith("xxx")
    assert "characters cut" in fitted[-1].text


def test_cutting_says_how_much():
    assert cut("short", 10) == "short"
    assert cut("x" * 30, 10) == "x" * 10 + "\n[… 20 characters cut to fit the model]"
    assert (verdict("All is well."), verdict("磁盘满了。因为日志。")) == ("All is well.", "磁盘满了。因为日志。")


def test_waits_grow_and_heed_what_the_service_asks():
    assert [back_off(0.5, attempt, None, 1.0) for attempt in (1, 2, 3)] == [0.5, 1.0, 2.0]
    assert (back_off(0.5, 1, None, 0.0), back_off(0.5, 1, 4.0, 0.0), back_off(0.5, 1, 0, 1.0)) == (0.25, 4.0, 0.0)
    assert (asked_s("2.5"), asked_s(""), asked_s("soon")) == (2.5, None, None)
    assert asked_s("Sat, 21 Nov 2020 10:00:00 GMT") == 0.001


def test_the_next_window_is_what_the_service_names_or_half():
    assert smaller("maximum context length is 8,192 tokens, you sent 90000", 90_000, 0) == 8_192
    assert smaller("too long", 9_000, 0) == 6_000
    assert smaller("too long", 9_000, 6_000) == 3_000


def test_a_circle_of_fallbacks_ends():
    models = [ModelSetting(name="a", fallback="b"), ModelSetting(name="b", fallback="a")]
    assert (chain("a", models), chain("b", models), chain("c", models)) == (["b", "a"], ["a", "b"], [])
