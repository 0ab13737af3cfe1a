"""Other ways to sign: temporary keys, bearer tokens, the old signature, the classic core, documented paths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_credentials.client import Client as Credentials
from alibabacloud_credentials.models import Config as CredentialsConfig
from alibabacloud_rdsai20250507 import models as rds
from alibabacloud_rdsai20250507.client import Client as RdsAi
from alibabacloud_tea_openapi.utils_models import Config
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

from clients.aliyun import Cloud, answer, called, cloud, refused, stream
from clients.by_hand import sent, signed
from clients.running import Server

WHOLE = "磁盘使用率为 23 %,暂不需要扩容。"


async def test_a_temporary_key_with_its_token() -> None:
    async with cloud() as here:
        key = await here.another(user="ann", lifetime_s=600)
        assert answer(await stream(here.rdsai(key))) == WHOLE
        without = key._replace(security_token=None)
        assert (await refused(stream(here.rdsai(without)))).code == "InvalidSecurityToken.MismatchWithAccessKey"
        other = key._replace(security_token="x" * 64)
        assert (await refused(stream(here.rdsai(other)))).code == "InvalidSecurityToken.MismatchWithAccessKey"


def bearing(here: Cloud, token: str) -> RdsAi:
    config = Config(
        credential=Credentials(CredentialsConfig(type="bearer", bearer_token=token)),
        endpoint=here.url.removeprefix("http://"),
        protocol="http",
    )
    return RdsAi(config)


async def test_a_bearer_token_is_a_key_of_a_person() -> None:
    async with cloud() as here:
        admin = await here.assistant.keys.create(kind="admin", rights=("ask", "administer"))
        assert answer(await stream(bearing(here, admin.secret))) == WHOLE
        client = bearing(here, admin.secret)
        assert (await client.get_chat_model_async(rds.GetChatModelRequest())).body.data[0].model_id == "script"
        app = await here.assistant.keys.create(app="ops")
        for token in (app.secret, "nobody", here.key.access_key_id, here.key.access_key_secret):
            error = await refused(bearing(here, token).get_chat_model_async(rds.GetChatModelRequest()))
            assert error.code == "InvalidSecurityToken.Malformed"
        plain = await here.assistant.keys.create(kind="admin", user="eve", rights=("ask",))
        error = await refused(bearing(here, plain.secret).get_chat_model_async(rds.GetChatModelRequest()))
        assert error.code == "NoPermission", "policies count for people too"


async def test_the_old_signature_of_the_new_core() -> None:
    async with cloud() as here:
        client = here.rdsai(signature_algorithm="v2")
        body = (await client.chat_messages_async(rds.ChatMessagesRequest(query="磁盘 a+b*~c/d?&="))).body
        assert body.answer == WHOLE
        body = (await called(client.chat_messages, rds.ChatMessagesRequest(query="again"))).body
        assert body.answer == WHOLE
        kept = rds.GetMessagesRequest(conversation_id=body.conversation_id)
        assert (await called(client.get_messages, kept)).body.data[0].query == "again"


async def test_the_classic_core() -> None:
    async with cloud() as here:

        def asked(method: str, **fields: str) -> Any:
            client = AcsClient(here.key.access_key_id, here.key.access_key_secret, "cn-hangzhou")
            request = CommonRequest()
            request.set_accept_format("json")
            request.set_domain(here.url.removeprefix("http://"))
            request.set_protocol_type("http")
            request.set_method(method)
            request.set_version("2025-05-07")
            request.set_action_name("ChatMessages")
            for name, value in fields.items():
                if method == "GET":
                    request.add_query_param(name, value)
                else:
                    request.add_body_params(name, value)
            return json.loads(client.do_action_with_exception(request))

        for method in ("GET", "POST"):
            body = await called(lambda method=method: asked(method, Query="磁盘 a+b*~c/d?&=", EventMode="inline"))
            assert (body["Event"], body["Answer"]) == ("message", WHOLE)


async def test_documented_path_and_json_body() -> None:
    async with cloud() as here:
        body = '{"Query":"磁盘","Inputs":{"RegionId":"cn-hangzhou"}}'.encode()
        kind = "application/json; charset=utf-8"
        right = signed(here, "ChatMessages", path="/v1/chat-messages", body=body, kind=kind)
        heard = await right.send()
        assert heard.status == 200
        assert heard.body.startswith('id: 1\nevent: message\ndata: {"Event":"workflow_started"')
        assert heard.body.isascii()
        one = signed(here, "ChatMessages", path="/v1/chat-messages", body=body, kind=kind)
        as_json = await sent(one.url.replace("/v1/", "/json/v1/"), one.headers, one.body)
        assert as_json.body["Answer"] == WHOLE


async def test_dify_and_rds_ai_share_a_path() -> None:
    """Each mix-up of credentials and field names is answered by the API whose credential it is."""
    async with cloud() as here:
        app = await here.assistant.keys.create(app="ops")
        bearer, kind = {"Authorization": f"Bearer {app.secret}"}, {"Content-Type": "application/json"}
        url = f"{here.url}/v1/chat-messages"
        dify = json.dumps({"query": "why?", "inputs": {}, "user": "u1"}).encode()
        pascal = json.dumps({"Query": "why?"}).encode()
        assert (await sent(url, bearer | kind, dify)).body["answer"] == WHOLE
        assert (await sent(url, bearer | kind, pascal)).body["code"] == "invalid_param"
        assert (await sent(url, kind, dify)).body["code"] == "unauthorized"
        both = signed(here, "ChatMessages", path="/v1/chat-messages", body=dify, kind="application/json")
        assert (await both.send()).code == "MissingParameter"
        assert (await sent(f"{url}?Query=why", {})).code == "MissingAccessKeyId"


async def test_unsigned_calls_act_as_the_key_that_the_operator_named_and_as_nobody_else(tmp_path: Path) -> None:
    key = Server(tmp_path).dbmedic("key", "create", "--ram", "--user", "ann")
    asked = {"x-acs-action": "GetConversations", "x-acs-version": "2025-05-07"}
    with Server(tmp_path, unsigned_as=key["access_key_id"]) as here:
        assert (await sent(f"{here.url}/", asked)).body["Data"] == []
    with Server(tmp_path, unsigned_as="nobody") as here:
        assert (await sent(f"{here.url}/", asked)).code == "MissingAccessKeyId"
    Server(tmp_path).dbmedic("key", "revoke", key["id"])
    with Server(tmp_path, unsigned_as=key["access_key_id"]) as here:
        assert (await sent(f"{here.url}/", asked)).code == "MissingAccessKeyId"


async def test_the_classic_core_on_the_documented_path() -> None:
    """ROA V1: the path alone names the action, and the body is covered by its MD5."""
    async with cloud() as here:

        def asked(body: str = "", **fields: str) -> Any:
            client = AcsClient(here.key.access_key_id, here.key.access_key_secret, "cn-hangzhou")
            request = CommonRequest()
            request.set_accept_format("json")
            request.set_domain(here.url.removeprefix("http://"))
            request.set_protocol_type("http")
            request.set_method("POST")
            request.set_version("2025-05-07")
            request.set_uri_pattern("/v1/chat-messages")
            for name, value in fields.items():
                request.add_query_param(name, value)
            if body:
                request.set_content(body.encode())
                request.add_header("Content-Type", "application/json")
            return json.loads(client.do_action_with_exception(request))

        answered = await called(lambda: asked(Query="How full is it? a=b", ConversationId="", EventMode="inline"))
        assert answered["Answer"] == WHOLE
        assert (await called(lambda: asked('{"Query":"磁盘"}')))["Answer"] == WHOLE
        error = await refused(called(lambda: asked(Query="a & b")))
        assert error.get_error_code() == "IncompleteSignature"


async def test_a_fault_of_ours_is_still_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async with cloud() as here:

        async def broken(*_: object) -> None:
            raise ZeroDivisionError("a secret in a message")

        monkeypatch.setattr(here.assistant.conversations, "list", broken)
        error = await refused(here.rdsai().get_conversations_async(rds.GetConversationsRequest()))
        assert (error.code, error.status_code) == ("InternalError", 500)
        assert "secret" not in str(error.data)
