"""What a server answers, held against its own published description: replies by operation, events by their schema."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import requests

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Described:
    """The description of one server."""

    def __init__(self, text: str) -> None:
        self._document = json.loads(text)
        self._events = self._validator("StreamEvent")
        self._one = {
            event: self._validator(ref.rpartition("/")[2])
            for event, ref in self._document["components"]["schemas"]["StreamEvent"]["discriminator"]["mapping"].items()
        }
        self._patterns = [
            (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), path, of)
            for path, of in self._document["paths"].items()
        ]

    def operation(self, method: str, path: str) -> dict[str, Any]:
        """What is promised for a request."""
        for pattern, _, of in self._patterns:
            if pattern.fullmatch(path) and method.lower() in of:
                found: dict[str, Any] = of[method.lower()]
                return found
        raise AssertionError(f"{method} {path} is not described")

    def check(self, method: str, url: str, status: int, kind: str, body: Any) -> None:
        """Fails when this is no answer that the description allows; `body` is JSON, None for none."""
        path = urlsplit(url).path
        promised = self.operation(method, path)["responses"]
        assert str(status) in promised, f"{method} {path} answered {status}"
        answer = promised[str(status)]
        if "$ref" in answer:
            answer = self._document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        kinds = answer.get("content", {})
        if status == 204 or not kinds:
            return
        kind = kind.partition(";")[0].strip()
        assert kind in kinds, f"{method} {path} answered {status} with {kind}"
        if kind == "application/json":
            self._held(self._schema(kinds[kind]["schema"]), body, f"{method} {path} {status}")

    def event(self, event: dict[str, Any]) -> None:
        """Fails when this is no event that the description allows."""
        name = event.get("event", "")
        assert name in self._one, f"no event is called {name!r}"
        self._held(self._one[name], event, name)

    def _held(self, validator: Any, value: Any, what: str) -> None:
        problems = [f"{list(one.instance_path)}: {one.message[:300]}" for one in validator.iter_errors(value)]
        assert not problems, f"{what}: {problems}"

    @cache  # noqa: B019 - one per server of a test
    def _validator(self, name: str) -> Any:
        return self._schema({"$ref": f"#/components/schemas/{name}"})

    def _schema(self, schema: dict[str, Any]) -> Any:
        whole = {"$schema": DIALECT, "components": self._document["components"], **schema}
        return jsonschema_rs.validator_for(whole, validate_formats=True)


@cache
def _described(text: str) -> Described:
    return Described(text)


def described(url: str) -> Described:
    """The description that the server of a base URL publishes."""
    return _described(requests.get(f"{url}/openapi.json", timeout=10).text)


def watched(client: Any, url: str) -> Any:
    """The published Python client, whose every answer is held against the description of the server at `url`.

    Only what carries requests is wrapped: the client's methods are its own.
    """
    promised = described(url)

    def watch(send: Any) -> Any:
        def sent(method: str, *words: Any, **more: Any) -> requests.Response:
            answer: requests.Response = send(method, *words, **more)
            kind = answer.headers.get("Content-Type", "")
            json_body = kind.startswith("application/json") and answer.status_code != 204
            promised.check(method, answer.url, answer.status_code, kind, answer.json() if json_body else None)
            return answer

        return sent

    client._send_request = watch(client._send_request)
    client._send_request_with_files = watch(client._send_request_with_files)
    return client
