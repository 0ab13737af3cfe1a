"""One conversation, answered by a language model and by the analyst in turn: one history, whoever spoke."""

from __future__ import annotations

from dbmedic import app, chosen
from dbmedic.assistant.accounts import LOCAL
from dbmedic.config import Config as Settings
from dbmedic.core.events import Answered, ModelCalled
from dbmedic.core.values import Question
from dbmedic.diagnosis.analyst import Analyst
from fix_servers import Database
from models.script import call, end, playing, text


async def test_the_same_conversation_with_and_without_the_model(postgres: Database) -> None:
    first = [*call("instances", "{}", id="k1"), *end("tool_calls")]
    async with playing(first, [*text("I see shop."), *end()], [*text("As measured."), *end()]) as script:
        config = Settings(data=None, model_url=script.url, model="script", window_s=0.5)
        model = next(iter(chosen.chosen_models(config).values()))
        parts = await app.build(config, models={"script": model, "analyst": Analyst()})
        try:
            await parts.assistant.instances.add("shop", postgres.url, LOCAL)
            conversation = None
            for who, words in (("script", "Which are there?"), ("analyst", "Is anything wrong?"), ("script", "Sure?")):
                question = Question(text=words, caller=LOCAL, api="test", conversation=conversation, model=who)
                running = await parts.assistant.turns.ask(question)
                await running.closed.wait()
                conversation = running.conversation
            page = await parts.assistant.conversations.messages(conversation, LOCAL)
        finally:
            await parts.close()
    said = [[entry.event for entry in turn] for turn in page.rows]
    speakers = [{event.model for event in turn if isinstance(event, ModelCalled)} for turn in said]
    answers = ["".join(event.text for event in turn if isinstance(event, Answered)) for turn in said]
    assert speakers == [{"script"}, {"analyst"}, {"script"}]
    assert answers[0] == "I see shop."
    assert "shop" in answers[1]
    assert answers[2] == "As measured."
    told = str(script.asked[-1]["messages"])
    assert "I see shop." in told
    assert answers[1].splitlines()[0] in told, "the model reads what the analyst said"
