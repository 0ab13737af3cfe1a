"""Plans, edges and phrases fit together, and fit the catalogue as it is."""

from __future__ import annotations

import re

import pytest

from dbmedic.checks.check import catalogue
from dbmedic.checks.expression import compiled
from dbmedic.core import lang
from dbmedic.diagnosis import causes
from dbmedic.diagnosis.disk import RECLAIM
from dbmedic.diagnosis.symptoms import about, broad, said, symptoms

ADDED = {
    "same_table", "same_query", "same_object", "same_holder", "waits_with_cause", "waits_for_cause",
    "deletes_from_parent",
}  # fmt: skip
"""What an edge may read besides the columns of its two measures."""


@pytest.mark.parametrize("symptom", symptoms().values(), ids=lambda symptom: symptom.id)
class TestSymptom:
    def test_it_is_said_in_english_and_chinese(self, symptom):
        assert {"en", "zh"} <= set(symptom.says)

    def test_what_it_leads_with_is_measured_in_its_first_look(self, symptom):
        assert "*" in symptom.stages[0] or set(symptom.lead) <= set(symptom.stages[0])

    def test_its_question_and_its_name_are_phrases(self, symptom):
        if symptom.ask is not None:
            assert lang.template("en", f"ask.{symptom.ask}")
        if symptom.lead and not set(symptom.lead) & set(catalogue()):
            assert lang.template("en", f"topic.{symptom.id}")

    def test_each_engine_gets_its_checks_in_the_same_stages(self, symptom):
        for engine in ("postgres", "mysql", "mariadb", "sqlite", ""):
            stages = symptom.stages_for(engine)
            assert len(stages) == len(symptom.stages)
            assert all(about(check, engine) for stage in stages for check in stage)


def test_engines_do_not_get_each_others_checks():
    slow = symptoms()["slow"]
    assert not [check for check in slow.stages_for("postgres")[0] if check.startswith(("my-", "sl-", "rd-"))]
    assert not [check for check in slow.stages_for("mariadb")[0] if check.startswith(("pg-", "sl-", "rd-"))]
    assert "xmin-horizon" not in slow.stages_for("mysql")[0]
    assert "sl-missing-index" in slow.stages_for("sqlite")[0]


def test_a_health_check_runs_everything_but_what_reads_data():
    asked_for = {check.id for check in catalogue().values() if check.cost == 4}
    assert set(catalogue()) - asked_for == set(symptoms()["health"].stages_for("")[0])


def test_complaints_about_speed_are_searched_broadly():
    assert {"slow", "hang", "cpu", "memory", "io", "slow-statement", "plan-changed", "slow-rising", "slow-writes",
            "slow-delete", "active-spike", "traffic-drop", "errors"} <= {
        symptom.id for symptom in symptoms().values() if broad(symptom)
    }  # fmt: skip


def test_latin_words_match_whole_words_only():
    assert "cpu" not in said("the cpus2 label and hcpu")
    assert "memory" not in said("program and diagram")
    assert "memory" in said("more ram?")


@pytest.mark.parametrize("edge", causes.known().edge, ids=lambda edge: f"{edge.causes[0]}>{edge.effects[0]}")
def test_an_edge_reads_columns_that_its_checks_have(edge):
    if edge.when is None:
        return
    known = catalogue()
    for side, checks in (("cause", edge.causes), ("effect", edge.effects)):
        columns = {column for check in checks if check in known for column in known[check].columns}
        wanted = {name.removeprefix(f"{side}_") for name in compiled(edge.when).names if name.startswith(f"{side}_")}
        if any(check in known for check in checks):
            assert wanted <= columns
    strange = {name for name in compiled(edge.when).names if not name.startswith(("cause_", "effect_"))}
    assert strange <= ADDED


def test_shares_are_read_from_columns_that_exist():
    for check, text in (*causes.known().magnitude.items(), *RECLAIM.items()):
        if check in catalogue():
            assert compiled(text).names <= set(catalogue()[check].columns)


@pytest.mark.parametrize("part", ["headline", "fine", "do", "lasting"])
@pytest.mark.parametrize("tag", lang.TAGS)
def test_phrases_about_a_check_use_its_columns(part, tag):
    for key, text in lang.phrases(tag).items():
        section, _, check = key.partition(".")
        if section == part and check in catalogue():
            assert lang.fields(text) <= set(catalogue()[check].columns), key


def test_every_level_of_safety_has_its_words():
    for check in catalogue().values():
        for on in check.on.values():
            for remedy in on.fix:
                assert lang.template("en", f"fix.{remedy.safety}")
                assert lang.template("en", f"risk.{remedy.safety}")


def test_every_reason_has_its_words():
    from dbmedic.core.values import REASONS

    assert all(lang.template("en", f"reason.{reason}") for reason in REASONS)


def test_no_phrase_speaks_of_a_number_without_a_field():
    numbers = {key for key, text in lang.phrases("en").items() if re.search(r"\b\d+ (?:s|min|GiB)\b", text)}
    assert numbers <= {"talk.no_instances", "headline.conn-idle-pool"}
