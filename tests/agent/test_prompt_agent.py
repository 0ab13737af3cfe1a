"""What a language model is told of the agent it acts as."""

import msgspec

from dbmedic.agent.prompt import RULES, system
from dbmedic.core.values import Agent, Caller, InstanceCard, Question, Skill

QUESTION = Question(text="q", caller=Caller(account="a", user="u", key="k"), api="rdsai")
CARDS = (InstanceCard(id="shop", engine="postgresql"),)
AGENT = Agent(
    id="1",
    version=2,
    name="helper",
    prompt="Speak like a sailor.",
    skills=(Skill(name="review", description="How we review.", texts={"postgres": "Look at locks.", "mysql": "No."}),),
)


def test_nobody_is_the_default() -> None:
    assert system(QUESTION, CARDS, None) == system(QUESTION, CARDS, None, agent=None)


def test_the_rules_come_before_the_owners_instructions() -> None:
    text = system(QUESTION, CARDS, None, agent=AGENT)
    assert text.startswith(RULES)
    assert "never lift the rules above:\nSpeak like a sailor." in text


def test_skills_are_told_for_the_engines_there_are() -> None:
    text = system(QUESTION, CARDS, None, agent=AGENT)
    assert "Skill review: How we review.\n[postgres] Look at locks." in text
    assert "No." not in text.partition("Skill review")[2].partition("\n\n")[0]


def test_an_agent_without_tools_is_told_so() -> None:
    assert "may use no tools" in system(QUESTION, CARDS, None, agent=msgspec.structs.replace(AGENT, tools=()))
    assert "may use no tools" not in system(QUESTION, CARDS, None, agent=AGENT)
