"""Every way a call can be wrong has the documented status, code and body, and none of them is a 500."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import apsw
import pytest
from alibabacloud_rdsai20250507 import models as rds

from clients.aliyun import Cloud, cloud, refused, stream
from clients.by_hand import sent, signed
from dbmedic.api.canonical import Request, acs3_texts, pairs
from dbmedic.api.signature import signature
from dbmedic.assistant.access_keys import Created

REQUEST_ID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


async def test_what_is_signed_by_hand_works() -> None:
    async with cloud() as here:
        heard = await signed(here, "GetChatModel").send()
        assert (heard.status, heard.body["Data"][0]["ModelId"]) == (200, "script")
        assert heard.headers["x-acs-request-id"] == heard.body["RequestId"]
        assert REQUEST_ID.fullmatch(heard.body["RequestId"])


async def test_every_error_has_the_gateways_body() -> None:
    async with cloud() as here:
        heard = await sent(here.url + "/", {"x-acs-action": "GetChatModel", "x-acs-version": "2025-05-07"})
        assert heard.status == 400
        assert heard.body.keys() == {"RequestId", "HostId", "Code", "Message", "Recommend"}
        assert heard.body["HostId"] == here.url.removeprefix("http://")
        assert heard.headers["content-type"] == "application/json;charset=utf-8"
        assert heard.headers["x-acs-request-id"] == heard.body["RequestId"]


async def test_credentials() -> None:
    async with cloud() as here:
        wrong = here.key._replace(access_key_secret="wrong")
        unknown = here.key._replace(access_key_id="DBMDnobody")
        revoked = await here.another(user="bob")
        await here.assistant.keys.revoke(revoked.id)
        cases = [
            (signed(here, "GetChatModel", key=wrong), 400, "SignatureDoesNotMatch"),
            (signed(here, "GetChatModel", key=unknown), 404, "InvalidAccessKeyId.NotFound"),
            (signed(here, "GetChatModel", key=revoked), 400, "InvalidAccessKeyId.Inactive"),
            (signed(here, "GetChatModel", skew=timedelta(minutes=16)), 400, "InvalidTimeStamp.Expired"),
            (signed(here, "GetChatModel", skew=timedelta(minutes=-16)), 400, "InvalidTimeStamp.Expired"),
            (signed(here, "GetChatModel", x_acs_date="yesterday"), 400, "InvalidTimeStamp.Format"),
            (signed(here, "GetChatModel", x_acs_security_token="t"), 400, "InvalidSecurityToken.MismatchWithAccessKey"),
        ]
        for request, status, code in cases:
            heard = await request.send()
            assert (heard.status, heard.code) == (status, code)
        assert (await signed(here, "GetChatModel", skew=timedelta(minutes=14)).send()).status == 200


async def test_what_was_changed_on_the_way_is_noticed() -> None:
    async with cloud() as here:
        right = signed(here, "GetMessages", query={"ConversationId": "a"}, body=b"Limit=5")
        for wrong in (
            right._replace(url=right.url.replace("=a", "=b")),
            right._replace(url=right.url + "&Limit=1"),
            right._replace(body=b"Limit=6"),
            right._replace(headers=right.headers | {"x-acs-action": "GetSkill"}),
            right._replace(headers=right.headers | {"host": "elsewhere"}),
            right._replace(headers=right.headers | {"content-type": "application/json"}),
            right._replace(headers=right.headers | {"x-acs-signature-nonce": "another"}),
        ):
            assert (await wrong.send()).code == "SignatureDoesNotMatch"
        added = right._replace(headers=right.headers | {"x-acs-web-code": "hdm"})
        assert (await added.send()).code == "IncompleteSignature"
        escaped = right._replace(url=right.url.replace("ConversationId=a", "%43onversationId=%61"))
        assert (await escaped.send()).code == "ConversationNotFound", "another spelling is the same request"


async def test_a_request_works_once() -> None:
    async with cloud() as here:
        once = signed(here, "GetChatModel")
        assert [(await once.send()).status for _ in range(2)] == [200, 400]
        assert (await once.send()).code == "SignatureNonceUsed"
        failed = signed(here, "GetChatModel", key=here.key._replace(access_key_secret="wrong"), nonce="n1")
        await failed.send()
        assert (await signed(here, "GetChatModel", nonce="n1").send()).status == 200, "only a right one uses a nonce"
        assert (await signed(here, "GetConversations", nonce="n1").send()).code == "SignatureNonceUsed"
        bob = await here.another(user="bob")
        assert (await signed(here, "GetChatModel", nonce="n1", key=bob).send()).status == 200


async def test_the_string_to_sign_is_told_in_debug_mode_only() -> None:
    for level, told in (("debug", True), ("info", False)):
        async with cloud(log_level=level) as here:
            heard = await signed(here, "GetChatModel", key=here.key._replace(access_key_secret="wrong")).send()
            assert ("server string to sign is:ACS3-HMAC-SHA256\n" in heard.body["Message"]) == told


async def test_actions_and_versions() -> None:
    async with cloud() as here:
        cases = [
            (signed(here, "CreateInspectionTask"), 404, "InvalidAction.NotFound"),
            (signed(here, "getchatmodel"), 404, "InvalidAction.NotFound"),
            (signed(here, "GetChatModel", x_acs_version="1999-01-01"), 400, "InvalidVersion"),
            (signed(here, "GetChatModel", "polardb"), 400, "InvalidVersion"),
            (signed(here, "DescribeDBClusters", "polardb"), 404, "InvalidAction.NotFound"),
            (signed(here, "DescribeInstances", "das"), 404, "InvalidAction.NotFound"),
        ]
        for request, status, code in cases:
            heard = await request.send()
            assert (heard.status, heard.code) == (status, code)
        stranger = here.key._replace(access_key_secret="wrong")
        for action in ("GetChatModel", "NoSuchAction"):
            assert (await signed(here, action, key=stranger).send()).code == "SignatureDoesNotMatch"


WRONG: list[tuple[str, str, dict[str, str], str]] = [
    ("rdsai", "ChatMessages", {}, "MissingParameter"),
    ("rdsai", "ChatMessages", {"Query": ""}, "MissingParameter"),
    ("rdsai", "ChatMessages", {"Query": "  "}, "MissingParameter"),
    ("rdsai", "ChatMessages", {"Query": "a\0b"}, "InvalidParameter"),
    ("rdsai", "ChatMessages", {"Query": "q", "EventMode": "both"}, "InvalidParameter"),
    ("rdsai", "ChatMessages", {"Query": "q", "Inputs": "{"}, "InvalidParameter"),
    ("rdsai", "ChatMessages", {"Query": "q", "Inputs": "[]"}, "InvalidParameter"),
    ("rdsai", "ChatMessages", {"Query": "q", "Inputs": '{"RegionId":1}'}, "InvalidParameter"),
    ("rdsai", "ChatMessages", {"Query": "q", "Inputs": '{"Timezone":"Mars/Base"}'}, "InvalidParameter"),
    ("rdsai", "ChatMessages", {"Query": "q", "Inputs": '{"Timezone":"../etc/passwd"}'}, "InvalidParameter"),
    ("rdsai", "ChatMessages", {"Query": "q", "Inputs": '{"Language":"<script>"}'}, "InvalidParameter"),
    ("rdsai", "ChatMessages", {"Query": "q", "Inputs.ModelId": "gpt"}, "InvalidParameter"),
    ("rdsai", "ChatMessages", {"Query": "q", "Inputs.EnableThinking": "perhaps"}, "InvalidParameter"),
    ("rdsai", "ChatMessages", {"Query": "q", "Inputs.ThinkEffort": "extreme"}, "InvalidParameter"),
    ("rdsai", "ChatMessages", {"Query": "q", "Inputs.ToolApprovalMode": "always"}, "InvalidParameter"),
    ("rdsai", "ChatMessages", {"Query": "q", "Inputs.CustomAgentId": "nobody"}, "CustomAgentNotFound"),
    ("rdsai", "ChatMessages", {"Inputs.ResumeCallId": "c1"}, "CallNotFound"),
    ("rdsai", "ChatMessages", {"Query": "q", "Files": '[{"UploadFileId":"x"}]'}, "InvalidParameter"),
    ("rdsai", "ChatMessages", {"Query": "q", "Files": "x"}, "InvalidParameter"),
    ("rdsai", "ChatMessages", {"Query": "q", "ConversationId": "not a uuid"}, "ConversationNotFound"),
    ("rdsai", "ChatMessages", {"Query": "q", "ConversationId": "x" * 2000}, "InvalidParameter"),
    ("rdsai", "ChatMessages", {"Query": "q", "ParentMessageId": "nothing"}, "MessageNotFound"),
    ("rdsai", "ChatMessagesTaskStop", {}, "MissingParameter"),
    ("rdsai", "ChatMessagesTaskStop", {"TaskId": "x"}, "TaskNotFound"),
    ("rdsai", "GetConversations", {"Limit": "0"}, "InvalidParameter"),
    ("rdsai", "GetConversations", {"Limit": "101"}, "InvalidParameter"),
    ("rdsai", "GetConversations", {"Limit": "many"}, "InvalidParameter"),
    ("rdsai", "GetConversations", {"SortBy": "Name"}, "InvalidParameter"),
    ("rdsai", "GetConversations", {"Pinned": "yes"}, "InvalidParameter"),
    ("rdsai", "GetConversations", {"LastId": "x"}, "ConversationNotFound"),
    ("rdsai", "GetMessages", {}, "MissingParameter"),
    ("rdsai", "GetMessages", {"ConversationId": "x"}, "ConversationNotFound"),
    ("rdsai", "GetMessages", {"ConversationId": "x", "Limit": "1.5"}, "InvalidParameter"),
    ("rdsai", "ModifyMessagesFeedbacks", {"Rating": "like"}, "MissingParameter"),
    ("rdsai", "ModifyMessagesFeedbacks", {"MessageId": "x", "Rating": "love"}, "InvalidParameter"),
    ("rdsai", "ModifyMessagesFeedbacks", {"MessageId": "x", "Rating": "like"}, "MessageNotFound"),
    ("rdsai", "ModifyMessagesFeedbacks", {"MessageId": "x", "Content": "x" * 2001}, "InvalidParameter"),
    ("rdsai", "CreateCustomAgent", {}, "MissingParameter"),
    ("rdsai", "CreateCustomAgent", {"SystemPrompt": "p", "Tools": '["rm"]'}, "InvalidParameter"),
    ("rdsai", "CreateCustomAgent", {"SystemPrompt": "p", "Tools": "measure"}, "InvalidParameter"),
    ("rdsai", "CreateCustomAgent", {"SystemPrompt": "p", "SkillIds.1": "x"}, "InvalidParameter"),
    ("rdsai", "CreateCustomAgent", {"SystemPrompt": "p", "EnableTools": "maybe"}, "InvalidParameter"),
    ("rdsai", "CreateCustomAgent", {"SystemPrompt": "p", "Name": "x" * 129}, "InvalidParameter"),
    ("rdsai", "UpdateCustomAgent", {}, "MissingParameter"),
    ("rdsai", "UpdateCustomAgent", {"CustomAgentId": "x"}, "CustomAgentNotFound"),
    ("rdsai", "DeleteCustomAgent", {}, "MissingParameter"),
    ("rdsai", "DeleteCustomAgent", {"CustomAgentId": "x"}, "CustomAgentNotFound"),
    ("rdsai", "GetCustomAgent", {}, "MissingParameter"),
    ("rdsai", "ListCustomAgent", {"PageSize": "101"}, "InvalidParameter"),
    ("rdsai", "ListCustomAgent", {"PageNumber": "0"}, "InvalidParameter"),
    ("rdsai", "GetAvailableLLMModels", {"InstanceName": "x"}, "MissingParameter"),
    ("rdsai", "GetAvailableLLMModels", {"InstanceName": "x", "RegionId": "y", "ClientToken": "é"}, "InvalidParameter"),
    ("rdsai", "CreateSkill", {"Description": "d", "Dbtypes": '["MySQL"]'}, "MissingParameter"),
    ("rdsai", "CreateSkill", {"Name": "n", "Description": "d"}, "MissingParameter"),
    ("rdsai", "CreateSkill", {"Name": "N!", "Description": "d", "Dbtypes": '["MySQL"]'}, "InvalidParameter"),
    ("rdsai", "CreateSkill", {"Name": "n", "Description": "d", "Dbtypes": '["Oracle"]'}, "InvalidParameter"),
    ("rdsai", "CreateSkill", {"Name": "n", "Description": "d", "Dbtypes.1": "MySQL", "Content": '{"MySQL":1}'},
     "InvalidParameter"),
    ("rdsai", "CreateSkill", {"Name": "n", "Description": "d", "Dbtypes.1": "MySQL", "Content.MariaDB": "x"},
     "InvalidParameter"),
    ("rdsai", "UpdateSkill", {"Name": "n"}, "MissingParameter"),
    ("rdsai", "UpdateSkill", {"SkillId": "x"}, "SkillNotFound"),
    ("rdsai", "GetSkill", {"SkillId": "x"}, "SkillNotFound"),
    ("rdsai", "GetSkill", {"SkillId": "x", "Language": "fr-FR"}, "InvalidParameter"),
    ("rdsai", "DeleteSkill", {}, "MissingParameter"),
    ("rdsai", "ListSkill", {"Scope": "mine"}, "InvalidParameter"),
    ("polardb", "GetPolarAgent", {}, "MissingParameter"),
    ("polardb", "GetPolarAgent", {"Query": "q", "SessionId": "a b"}, "InvalidParameter"),
    ("polardb", "GetPolarAgent", {"Query": "q", "SessionId": "x" * 129}, "InvalidParameter"),
    ("polardb", "GetPolarAgent", {"Query": "q", "Source": "x" * 65}, "InvalidParameter"),
    ("polardb", "GetPolarAgent", {"Query": "q", "ExtraInfo": "no"}, "InvalidParameter"),
    ("polardb", "GetPolarAgent", {"Query": "q", "ExtraInfo": "[1]"}, "InvalidParameter"),
    ("polardb", "DescribePolarAgentChatRecords", {}, "MissingParameter"),
    ("polardb", "DescribePolarAgentSessionStatus", {}, "MissingParameter"),
    ("polardb", "DescribePolarAgentSessionStatus", {"SessionId": "a b"}, "InvalidParameter"),
    ("polardb", "DescribePolarAgentUserSessions", {"Source": "x" * 65}, "InvalidParameter"),
    ("das", "GetYaoChiAgent", {}, "MissingParameter"),
    ("das", "GetYaoChiAgent", {"Query": "q", "SessionId": "é"}, "InvalidParameter"),
    ("das", "GetYaoChiAgent", {"Query": "q", "ImageKeys": "k"}, "InvalidParameter"),
    ("das", "GetYaoChiAgent", {"Query": "q", "ExtraInfo": "x"}, "InvalidParameter"),
    ("das", "Chat", {}, "MissingParameter"),
    ("das", "Chat", {"Message": "hello"}, "InvalidParameter"),
    ("das", "Chat", {"Message": "[]"}, "InvalidParameter"),
    ("das", "Chat", {"Message": '{"role":"assistant","content":"x"}'}, "InvalidParameter"),
    ("das", "Chat", {"Message": '{"role":"user"}'}, "InvalidParameter"),
    ("das", "Chat", {"Message": '{"role":"user","content":[]}'}, "InvalidParameter"),
    ("das", "Chat", {"Message": '{"role":"user","content":[{"type":"text","text":7}]}'}, "InvalidParameter"),
    ("das", "Chat", {"Message": '{"role":"user","content":[{"type":"image"}]}'}, "InvalidParameter"),
    ("das", "Chat", {"Message": '{"role":"user","content":"x","id":7}'}, "InvalidParameter"),
    ("das", "Chat", {"Message": json.dumps({"role": "user", "content": "x" * 32_001})}, "InvalidParameter"),
    ("das", "Chat", {"Message": '{"role":"user","content":"x"}', "AgentId": "nobody"}, "AgentNotFound"),
    ("das", "Chat", {"Message": '{"role":"user","content":"x"}', "Summary": "perhaps"}, "InvalidParameter"),
    ("das", "Chat", {"Message": '{"role":"user","content":"x"}', "ForwardedProps": "x"}, "InvalidParameter"),
    ("das", "Chat", {"Message": '{"role":"user","content":"x"}', "Resume": "x"}, "InvalidParameter"),
    ("das", "Chat", {"Message": '{"role":"user","content":"x"}', "Resume": '{"InterruptId":"i"}'}, "InvalidParameter"),
    ("das", "Chat", {"Message": '{"role":"user","content":""}',
                     "Resume": '{"InterruptId":"i","Decision":"approve"}'}, "InterruptNotFound"),
    ("das", "GetDasAgentSSE", {}, "MissingParameter"),
    ("das", "GetDasAgentSSE", {"Query": "q", "InstanceId": "rm-nobody"}, "InvalidParameter"),
    ("das", "GetDasAgentSSE", {"Query": "q", "AgentId": "nobody"}, "AgentNotFound"),
]  # fmt: skip
STATUSES = {"MissingParameter": 400, "InvalidParameter": 400}


async def test_wrong_parameters() -> None:
    """One server for all; each is told what is wrong and with what."""
    async with cloud() as here:
        for product, action, query, code in WRONG:
            heard = await signed(here, action, product, query=query).send()
            case = (product, action, {name: text[:60] for name, text in query.items()})
            assert (heard.status, heard.code) == (STATUSES.get(code, 404), code), case
            assert heard.body["Message"], case
        assert here.assistant.turns.running == 0
        assert (await here.assistant.conversations.list(await _caller(here))).rows == []


async def _caller(here: Cloud) -> Any:
    found = await here.assistant.access_keys.find(here.key.access_key_id)
    assert found is not None
    return found.caller


@pytest.mark.parametrize(
    ("query", "body", "kind", "code"),
    [
        ("Query=q&Query=r", b"", "", "InvalidParameter"),
        ("Query=q&%51uery=r", b"", "", "InvalidParameter"),
        ("Query=%ff", b"", "", "InvalidParameter"),
        ("Query=q", b"{", "application/json", "InvalidParameter"),
        ("Query=q", b"[]", "application/json", "InvalidParameter"),
        ("Query=q", b"[" * 100_000, "application/json", "InvalidParameter"),
        ("Query=q", b'{"Query":5}', "application/json", "InvalidParameter"),
        ("Query=q", b'{"Query":null}', "application/json", "MissingParameter"),
        ("Query=q", b"x", "text/plain", "InvalidParameter"),
        ("Query=q", b"A=1&A=2", "application/x-www-form-urlencoded", "InvalidParameter"),
        ("&".join(f"A{n}=1" for n in range(1001)), b"", "", "RequestEntityTooLarge"),
    ],
)
async def test_wrong_spellings(query: str, body: bytes, kind: str, code: str) -> None:
    """Signed over the canonical form of exactly these bytes."""
    async with cloud() as here:
        right = signed(here, "ChatMessages", body=body, kind=kind)
        head = {name.lower(): value for name, value in right.headers.items() if name != "Authorization"}
        names = sorted(head)
        raw = [(name.encode(), value.encode()) for name, value in head.items()]
        if code != "RequestEntityTooLarge":
            assert pairs(query.encode())
            text = next(acs3_texts(Request("POST", b"/", query.encode(), raw, body), names))
            given = signature("acs3", here.key.access_key_secret, text).decode()
        else:
            given = "0" * 64
        head["Authorization"] = (
            f"ACS3-HMAC-SHA256 Credential={here.key.access_key_id},SignedHeaders={';'.join(names)},Signature={given}"
        )
        heard = await sent(f"{here.url}/?{query}", head, body)
        assert (heard.status, heard.code) == (413 if code == "RequestEntityTooLarge" else 400, code)


async def test_a_body_over_the_limit() -> None:
    async with cloud() as here:
        heard = await signed(here, "ChatMessages", body=b"x" * (4 * 1024 * 1024 + 1)).send()
        assert (heard.status, heard.code) == (413, "RequestEntityTooLarge")


# -- what a key may do ------------------------------------------------------------------------------------------


async def denied_to(here: Cloud, key: Created) -> Any:
    return await refused(here.rdsai(key).create_custom_agent_async(rds.CreateCustomAgentRequest(system_prompt="p")))


async def test_denials_say_what_of_whom() -> None:
    async with cloud() as here:
        key = await here.another(user="bob", policy="ReadOnlyAccess")
        error = await denied_to(here, key)
        assert (error.code, error.status_code) == ("NoPermission", 403)
        detail = error.access_denied_detail
        assert (detail["AuthAction"], detail["NoPermissionType"], detail["AuthPrincipalOwnerId"]) == (
            "rdsai:CreateCustomAgent", "ImplicitDeny", "default",
        )  # fmt: skip
        assert detail["PolicyType"] == "AccountLevelIdentityBasedPolicy"
        document = {"Version": "1", "Statement": {"Effect": "Deny", "Action": "rdsai:Create*", "Resource": "*"}}
        await here.assistant.policies.put("NoAgents", json.dumps(document))
        await here.assistant.policies.attach("NoAgents", "bob")
        assert (await denied_to(here, key)).access_denied_detail["NoPermissionType"] == "ExplicitDeny"
        listed = await here.rdsai(key).list_custom_agent_async(rds.ListCustomAgentRequest())
        assert listed.body.total_count == 0


async def test_das_actions_have_two_names() -> None:
    async with cloud() as here:
        for number, action in enumerate(("hdm:Chat", "das:Chat")):
            document = {"Version": "1", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}}
            await here.assistant.policies.put(f"Chat{number}", json.dumps(document))
            key = await here.another(user=f"user{number}", policy=f"Chat{number}")
            query = {"Message": '{"role":"user","content":"hi"}'}
            assert (await signed(here, "Chat", "das", query=query, key=key).send()).status == 200
            heard = await signed(here, "GetYaoChiAgent", "das", query={"Query": "q"}, key=key).send()
            assert heard.body["AccessDeniedDetail"]["AuthAction"] == "hdm:GetYaoChiAgent"


async def test_conditions_of_the_request() -> None:
    async with cloud() as here:
        for network, works in (("127.0.0.0/8", True), ("10.0.0.0/8", False)):
            condition = {"IpAddress": {"acs:SourceIp": network}, "Bool": {"acs:SecureTransport": "false"}}
            statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
            name = f"From{network[:2]}"
            await here.assistant.policies.put(name, json.dumps({"Version": "1", "Statement": [statement]}))
            key = await here.another(user=name, policy=name)
            assert ((await signed(here, "GetChatModel", key=key).send()).status == 200) == works


async def test_a_key_without_the_right_to_ask() -> None:
    async with cloud() as here:
        key = await here.another(user="bob", rights=("approve",))
        heard = await signed(here, "ChatMessages", query={"Query": "q"}, key=key).send()
        assert (heard.status, heard.code) == (400, "PermissionDenied")


async def test_a_user_that_was_deleted() -> None:
    async with cloud() as here:
        key = await here.another(user="bob")
        place = here.parts.store._store.place  # type: ignore[attr-defined]
        other = apsw.Connection(place, flags=apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READWRITE)
        other.execute("pragma foreign_keys = off; delete from users where name = 'bob'")
        other.close()
        heard = await signed(here, "GetChatModel", key=key).send()
        assert (heard.status, heard.code) == (404, "UserNotFound")


async def test_the_sdk_sees_codes_also_in_streams() -> None:
    async with cloud() as here:
        error = await refused(stream(here.rdsai(here.key._replace(access_key_secret="wrong"))))
        assert (error.code, error.data["Code"]) == ("SignatureDoesNotMatch", "SignatureDoesNotMatch")
