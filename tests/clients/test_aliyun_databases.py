"""The vendor's own example question about real databases, through a server process and the command line's own keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from alibabacloud_das20200116 import models as das
from alibabacloud_das20200116.client import Client as Das
from alibabacloud_polardb20170801 import models as pdb
from alibabacloud_polardb20170801.client import Client as Polardb
from alibabacloud_rdsai20250507 import models as rds
from alibabacloud_rdsai20250507.client import Client as RdsAi
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.runtime import RuntimeOptions

from clients.running import Server
from fix_servers import Database

PERCENT = re.compile(r"\d+(\.\d+)? ?%|\d+(\.\d+)? ?(KiB|MiB|GiB|TiB)")
OPTIONS = RuntimeOptions(read_timeout=10_000)
"""The SDK's own default."""


class Desk:
    """A server process, an access key made by its command line, and SDK clients."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.key = server.dbmedic("key", "create", "--ram", "--user", "ann")

    def watch(self, id: str, database: Database) -> None:
        self.server.dbmedic("instance", "add", id, database.url, "--no-check")

    def config(self, path: str = "", key: dict[str, Any] | None = None) -> Config:
        key = key or self.key
        return Config(
            access_key_id=key["access_key_id"],
            access_key_secret=key["access_key_secret"],
            region_id="cn-hangzhou",
            endpoint=self.server.url + path,
        )

    def rdsai(self, path: str = "", key: dict[str, Any] | None = None) -> RdsAi:
        return RdsAi(self.config(path, key))

    def stream(self, query: str, key: dict[str, Any] | None = None, **fields: Any) -> list[Any]:
        request = rds.ChatMessagesRequest(query=query, **fields)
        return [one.body for one in self.rdsai(key=key).chat_messages_with_sse(request, OPTIONS)]


def answer(frames: list[Any]) -> str:
    return "".join(one.answer or "" for one in frames if one.event == "message")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Server(tmp_path) as server:
        yield Desk(server)


@pytest.mark.parametrize("engine", ["postgres", "mariadb"])
def test_the_vendors_example_is_answered_with_what_was_measured(
    desk: Desk, engine: str, request: pytest.FixtureRequest
) -> None:
    database: Database = request.getfixturevalue(engine)
    desk.watch("rm-bp1", database)
    question = "实例rm-bp1 磁盘使用率,是否需要扩容"
    inputs = rds.ChatMessagesRequestInputs(region_id="cn-hangzhou", language="zh-CN")
    frames = desk.stream(question, inputs=inputs, event_mode="separate")
    kinds = [one.event for one in frames]
    assert kinds[0] == "workflow_started"
    assert kinds[-2:] == ["message_end", "workflow_finished"]
    assert {"tool_call_started", "tool_call_finished"} <= set(kinds)
    said = answer(frames)
    assert "rm-bp1" in said
    assert PERCENT.search(said), said
    assert any("一" <= letter <= "鿿" for letter in said)
    body = desk.rdsai("/json").chat_messages(rds.ChatMessagesRequest(query=question, inputs=inputs)).body
    assert body.event == "message"
    assert "rm-bp1" in body.answer
    assert PERCENT.search(body.answer), body.answer
    kept = desk.rdsai().get_messages(
        rds.GetMessagesRequest(conversation_id=frames[0].conversation_id, event_mode="separate")
    )
    assert [one.answer for one in kept.body.data] == [said]


def test_polardb_and_das_answer_about_the_same_database(desk: Desk, postgres: Database) -> None:
    desk.watch("pc-1", postgres)
    polar = Polardb(desk.config("/json")).get_polar_agent(
        pdb.GetPolarAgentRequest(query="Is anything wrong with pc-1?")
    )
    assert "pc-1" in polar.body.content
    assert {call.status for call in polar.body.function_call} == {"success"}
    follow = das.GetYaoChiAgentRequest(query="and its connections?", session_id=polar.body.session_id)
    frames = [one.body for one in Das(desk.config()).get_yao_chi_agent_with_sse(follow, OPTIONS)]
    assert "pc-1" in "".join(one.content for one in frames), "the conversation goes on in another API"
    message = '{"id":"m1","role":"user","content":[{"type":"text","text":"How full is the disk of pc-1?"}]}'
    events = [one.body for one in Das(desk.config()).chat_with_sse(das.ChatRequest(message=message), OPTIONS)]
    assert "TOOL_CALL_RESULT" in [one.type for one in events]
    named = das.GetDasAgentSSERequest(query="Is anything wrong?", instance_id="pc-1")
    assert "pc-1" in Das(desk.config("/json")).get_das_agent_sse(named).body.answer


def test_an_agent_uses_the_tools_that_it_is_allowed(desk: Desk, postgres: Database) -> None:
    desk.watch("rm-shop", postgres)
    client = desk.rdsai()

    def tools_of(*tools: str, enabled: bool = True, skills: list[str] | None = None) -> tuple[list[str], str]:
        made = client.create_custom_agent(
            rds.CreateCustomAgentRequest(
                system_prompt="p", enable_tools=enabled, tools=list(tools), skill_ids=skills or []
            )
        )
        inputs = rds.ChatMessagesRequestInputs(custom_agent_id=made.body.id)
        frames = desk.stream("How full is the disk?", inputs=inputs, event_mode="separate")
        return [one.tool_name for one in frames if one.event == "tool_call_started"], answer(frames)

    everything, by_default = tools_of()
    assert "diagnose" in everything
    only, said = tools_of("measure")
    assert set(only) == {"measure"}
    assert PERCENT.search(said)
    none, said = tools_of(enabled=False)
    assert none == []
    assert not PERCENT.search(said)
    assert PERCENT.search(by_default)
    skill = rds.CreateSkillRequest(
        name="also-look-at-connections",
        description="Connections matter to us.",
        dbtypes=["PostgreSQL"],
        content={"PostgreSQL": "checks: conn-usage"},
    )
    taught = tools_of(skills=[client.create_skill(skill).body.id])[0]
    assert taught.count("measure") == everything.count("measure") + 1


def test_a_key_sees_only_its_instances(desk: Desk, postgres: Database) -> None:
    desk.watch("rm-mine", postgres)
    desk.watch("rm-other", postgres)
    limited = desk.server.dbmedic("key", "create", "--ram", "--user", "bob", "--instance", "rm-mine")
    said = answer(desk.stream("Which instances are there?", limited))
    assert "rm-mine" in said
    assert "rm-other" not in said
    assert "rm-other" in answer(desk.stream("Which instances are there?"))
    named = das.GetDasAgentSSERequest(query="Is anything wrong?", instance_id="rm-other")
    with pytest.raises(Exception, match="rm-mine") as seen:
        Das(desk.config("/json", limited)).get_das_agent_sse(named)
    assert getattr(seen.value, "code", "") == "InvalidParameter"


def test_policies_and_revocations_by_the_command_line_reach_a_running_server(desk: Desk) -> None:
    key = desk.server.dbmedic("key", "create", "--ram", "--user", "bob", "--policy", "ReadOnlyAccess")
    with pytest.raises(Exception) as seen:
        desk.stream("why?", key)
    assert getattr(seen.value, "code", "") == "NoPermission"
    desk.server.dbmedic("policy", "attach", "AliyunRDSAIFullAccess", "--user", "bob")
    assert desk.stream("why?", key)[-1].event == "workflow_finished"
    desk.server.dbmedic("key", "revoke", key["id"])
    with pytest.raises(Exception) as seen:
        desk.stream("why?", key)
    assert getattr(seen.value, "code", "") == "InvalidAccessKeyId.Inactive"


def test_a_request_cannot_be_played_again_after_a_restart(desk: Desk) -> None:
    caught: list[requests.PreparedRequest] = []
    send = requests.Session.send

    def listening(self: requests.Session, request: requests.PreparedRequest, **rest: Any) -> requests.Response:
        caught.append(request)
        return send(self, request, **rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.Session, "send", listening)
        desk.rdsai().get_chat_model(rds.GetChatModelRequest())
    (once,) = caught
    port = desk.server.url.rpartition(":")[2]
    assert desk.server.end() == 0
    desk.server.start()
    once.url = str(once.url).replace(f":{port}/", f":{desk.server.url.rpartition(':')[2]}/")
    with requests.Session() as session:
        again = session.send(once, timeout=10)
    assert (again.status_code, again.json()["Code"]) == (400, "SignatureNonceUsed")
    assert desk.rdsai().get_chat_model(rds.GetChatModelRequest()).body.data
