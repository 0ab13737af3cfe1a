"""Playbooks: files that are procedures, which of them fit, and which one a question names."""

from __future__ import annotations

import pytest

from dbmedic.checks.check import catalogue
from dbmedic.core.errors import BadField, NotFound
from dbmedic.diagnosis.playbooks import fitting, listed, load, named, parse, read
from dbmedic.tools import tools

GOOD = """\
+++
description = "Ours."
when = ["it rains"]
engines = ["postgres"]
steps = ["disk-used", "explain"]
+++
1. Look.
"""


@pytest.fixture(scope="module")
def ours():
    found, problems = load(None, tools())
    assert problems == []
    return found


def test_ours_name_checks_that_are_there_and_say_when_they_fit(ours):
    assert {"disk-full", "lock-storm", "replication-lag", "connection-exhaustion", "slow-page", "failover"} <= set(ours)
    for one in ours.values():
        assert one.description
        assert one.when
        assert set(one.steps) <= {*catalogue(), *tools()}
        assert one.checks
        assert one.text.startswith("1. ")


def test_a_file_of_the_operator_stands_instead_of_ours_and_a_bad_one_is_left_out(tmp_path, ours):
    (tmp_path / "disk-full.md").write_text(GOOD)
    (tmp_path / "bad.md").write_text("no front matter")
    (tmp_path / "binary.md").write_bytes(b"\xff\xfe")
    found, problems = load(tmp_path, tools())
    assert found["disk-full"].description == "Ours."
    assert found.keys() == ours.keys()
    assert [problem.split(":")[0] for problem in problems] == [
        "playbook 'bad' does not begin with front matter between two lines of +++",
        "playbook 'binary' cannot be read",
    ]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("Disk Full", GOOD, "a name is lower-case"),
        ("x", "+++\ndescription = \n+++\n", "playbook 'x'"),
        ("x", "+++\nsteps = []\n+++\n", "description"),
        ("x", GOOD.replace("when", "wen"), "wen"),
        ("x", GOOD.replace("disk-used", "disk-usedd"), "step 'disk-usedd' is neither a check nor a tool"),
        ("x", GOOD + "x" * 16_000, "at most 16000"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(name, content, problem):
    with pytest.raises(BadField, match="playbook") as caught:
        parse(name, content, tools())
    assert problem in str(caught.value)


def test_those_of_another_engine_do_not_fit(ours):
    assert "wraparound" in {one.name for one in fitting(ours, ["postgres"])}
    assert [one.name for one in fitting(ours, ["sqlite"])] == ["disk-full"]
    assert fitting(ours, []) == []


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Follow the playbook lock-storm on shop", "lock-storm"),
        ("please run the Lock Storm runbook", "lock-storm"),
        ("按预案 disk-full 检查 rm-shop", "disk-full"),
        ("Is there a lock storm?", None),
        ("Follow the playbook lock-storms", None),
        ("Which playbook fits?", None),
    ],
)
def test_a_question_names_one_or_none(ours, question, name):
    found = named(question, ours)
    assert (found.name if found else None) == name


def test_a_model_reads_names_first_and_the_text_when_it_asks(ours):
    lines = listed(fitting(ours, ["postgres"])).splitlines()
    assert lines[0].startswith("- connection-exhaustion: No more connections")
    assert "Find the root of the tree" not in "\n".join(lines)
    text = read(ours, "lock-storm")
    assert "Steps, in order (checks and tools): blocking-tree, lock-queue-ddl" in text
    assert "Find the root of the tree" in text
    with pytest.raises(NotFound, match="playbook 'no' does not exist"):
        read(ours, "no")
