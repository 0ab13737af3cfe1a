"""The files in deploy/ agree with the program and with each other: settings, ports, paths, users, times to end."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from dbmedic.api.ops import PATHS
from dbmedic.api.serve import CLOSING_S
from dbmedic.cli.main import dbmedic
from dbmedic.config import Config, settings

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
USER = 10001
SPANS_S = 10
"""How long the last spans may take: the exporter's own limit."""
KNOWN = {setting.variable for setting in settings()}
TEXTS = sorted(path for path in DEPLOY.rglob("*") if path.is_file() and path.suffix != ".json")


@cache
def text(path: str) -> str:
    return (DEPLOY / path).read_text(encoding="utf-8")


def document(path: str) -> Any:
    return yaml.safe_load(text(path))


def instructions(word: str) -> list[str]:
    """Arguments of a Dockerfile's instructions, of the last stage only."""
    last = text("Dockerfile").replace("\\\n", " ").rpartition("\nFROM ")[2]
    return re.findall(rf"^{word}\s+(.*)$", last, re.MULTILINE)


def environment() -> dict[str, str]:
    (words,) = instructions("ENV")
    return dict(word.split("=", 1) for word in words.split())


def pod() -> Any:
    return document("kubernetes/base/deployment.yaml")["spec"]["template"]["spec"]


def container() -> Any:
    (found,) = pod()["containers"]
    return found


def unit() -> configparser.SectionProxy:
    class Many(dict[str, Any]):
        """systemd repeats keys: all values of one, a line each."""

        def __setitem__(self, key: str, value: Any) -> None:
            super().__setitem__(key, self[key] + value if key in self and isinstance(value, list) else value)

    parsed = configparser.ConfigParser(dict_type=Many, strict=False, interpolation=None)  # type: ignore[arg-type]
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(text("dbmedic.service"))
    return parsed["Service"]


def unit_environment() -> dict[str, str]:
    return dict(line.split("=", 1) for line in unit()["Environment"].splitlines())


def seconds(text: str) -> float:
    assert text.endswith("s")
    return float(text[:-1])


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(DEPLOY).as_posix())
def test_a_setting_that_is_named_exists(path: Path) -> None:
    assert set(re.findall(r"\bDBMEDIC_[A-Z0-9_]*[A-Z0-9]\b", path.read_text(encoding="utf-8"))) <= KNOWN


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*.yaml")), ids=lambda path: path.relative_to(DEPLOY).as_posix())
def test_a_yaml_file_is_one_document_with_what_kubernetes_wants_to_know(path: Path) -> None:
    parsed = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(parsed, dict)
    if path.is_relative_to(KUBERNETES):
        assert {"apiVersion", "kind"} <= parsed.keys()


def test_the_image_runs_as_nobody_special_and_keeps_data_in_its_volume() -> None:
    assert instructions("USER") == [f"{USER}:{USER}"]
    assert instructions("VOLUME") == [environment()["DBMEDIC_DATA"]] == instructions("WORKDIR")
    assert instructions("EXPOSE") == [environment()["DBMEDIC_PORT"]]
    assert environment()["DBMEDIC_HOST"] == "0.0.0.0"
    assert instructions("STOPSIGNAL") == ["SIGTERM"]


def test_the_image_is_built_from_what_is_there() -> None:
    whole = text("Dockerfile")
    ignored = text("Dockerfile.dockerignore").splitlines()
    for words in re.findall(r"^COPY (?!--from)(.*) \S+$", whole, re.MULTILINE):
        for source in words.split():
            assert (DEPLOY.parent / source).exists(), source
            assert f"!{source}" in ignored, f"{source} is not sent to the builder"


def commands() -> Iterator[list[str]]:
    """Every command of dbmedic that a file starts."""
    for word in ("ENTRYPOINT", "CMD"):
        assert instructions(word), word
    yield yaml.safe_load(instructions("ENTRYPOINT")[0]) + yaml.safe_load(instructions("CMD")[0])
    yield yaml.safe_load(instructions("HEALTHCHECK")[0].partition("CMD ")[2])
    yield document("compose.yaml")["services"]["dbmedic"]["healthcheck"]["test"][1:]
    yield ["dbmedic", *container()["args"]]
    yield unit()["ExecStart"].removeprefix("/opt/dbmedic/bin/").split()


def test_a_command_that_is_started_exists_with_its_flags() -> None:
    for program, verb, *flags in commands():
        assert program == "dbmedic"
        found = dbmedic.get_command(None, verb)  # type: ignore[arg-type]
        assert found is not None, verb
        known = {name for parameter in found.params for name in parameter.opts}
        assert set(flags) <= known, verb


def test_a_probe_asks_a_path_that_is_answered() -> None:
    asked = {name: container()[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {name: get["path"] for name, get in asked.items()} == {
        "startup": "/health",
        "liveness": "/health",
        "readiness": "/ready",
    }
    assert {get["path"] for get in asked.values()} <= set(PATHS)
    (port,) = container()["ports"]
    assert {get["port"] for get in asked.values()} == {port["name"]}


def test_ports_and_paths_agree() -> None:
    variables = {one["name"]: one["value"] for one in container()["env"]}
    port, data = environment()["DBMEDIC_PORT"], environment()["DBMEDIC_DATA"]
    assert variables["DBMEDIC_PORT"] == port == str(container()["ports"][0]["containerPort"])
    annotations = document("kubernetes/base/deployment.yaml")["spec"]["template"]["metadata"]["annotations"]
    assert (annotations["prometheus.io/port"], annotations["prometheus.io/path"]) == (port, "/metrics")
    assert document("kubernetes/base/service.yaml")["spec"]["ports"][0]["targetPort"] == container()["ports"][0]["name"]
    mounts = {one["name"]: one["mountPath"] for one in container()["volumeMounts"]}
    assert mounts == {"data": data, "tmp": "/tmp"}
    assert variables["DBMEDIC_DATA"] == data
    assert {one["name"] for one in pod()["volumes"]} == set(mounts)
    service = document("compose.yaml")["services"]["dbmedic"]
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert service["volumes"] == [f"data:{data}"]
    assert unit_environment()["DBMEDIC_PORT"] == port == str(Config().port)
    assert unit_environment()["DBMEDIC_DATA"] == f"/var/lib/{unit()['StateDirectory']}"


def test_nothing_runs_as_root_or_writes_to_its_own_files() -> None:
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["securityContext"]["runAsUser"] == pod()["securityContext"]["fsGroup"] == USER
    inner = container()["securityContext"]
    assert inner["readOnlyRootFilesystem"] is True
    assert inner["allowPrivilegeEscalation"] is False
    assert inner["capabilities"] == {"drop": ["ALL"]}
    service = document("compose.yaml")["services"]["dbmedic"]
    assert (service["read_only"], service["cap_drop"], service["user"]) == (True, ["ALL"], f"{USER}:{USER}")
    assert unit()["User"] not in ("", "root")
    assert (unit()["ProtectSystem"], unit()["NoNewPrivileges"]) == ("strict", "true")
    assert unit()["CapabilityBoundingSet"] == ""


def test_there_is_time_for_running_turns_to_end() -> None:
    variables = {one["name"]: one["value"] for one in container()["env"]}
    after_s = CLOSING_S + SPANS_S
    before_s = float(container()["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod()["terminationGracePeriodSeconds"] > before_s + float(variables["DBMEDIC_SHUTDOWN_S"]) + after_s
    service = document("compose.yaml")["services"]["dbmedic"]
    assert seconds(service["stop_grace_period"]) > float(service["environment"]["DBMEDIC_SHUTDOWN_S"]) + after_s
    assert float(unit()["TimeoutStopSec"]) > float(unit_environment()["DBMEDIC_SHUTDOWN_S"]) + after_s


def test_compose_starts_the_store_and_the_bus_first() -> None:
    services = document("compose.yaml")["services"]
    for name in services["dbmedic"]["depends_on"]:
        assert "healthcheck" in services[name]
    given = services["dbmedic"]["environment"]
    assert re.fullmatch(
        r"postgresql://dbmedic:\$\{POSTGRES_PASSWORD:.*\}@postgres:5432/dbmedic", given["DBMEDIC_STORE"]
    )
    assert re.fullmatch(r"redis://:\$\{VALKEY_PASSWORD:.*\}@valkey:6379/0", given["DBMEDIC_BUS"])
    asked = set(re.findall(r"\$\{(\w+)", text("compose.yaml")))
    assert asked == set(re.findall(r"^(\w+)=", text("example.env"), re.MULTILINE))
    volumes = {one.split(":")[0] for service in services.values() for one in service.get("volumes", ())}
    assert volumes == document("compose.yaml")["volumes"].keys()


@pytest.mark.parametrize("variant", ["single", "replicas"])
def test_a_variant_names_files_that_are_there(variant: str) -> None:
    made = document(f"kubernetes/{variant}/kustomization.yaml")
    for resource in made["resources"]:
        assert (KUBERNETES / variant / resource).exists()
    for patch in made["patches"]:
        patched = document(f"kubernetes/{variant}/{patch['path']}")
        base = document("kubernetes/base/deployment.yaml")
        assert (patched["kind"], patched["metadata"]) == (base["kind"], base["metadata"])
    (secret,) = made["secretGenerator"]
    assert secret["name"] == container()["envFrom"][0]["secretRef"]["name"]
    assert "secret.env" in text(f"kubernetes/{variant}/example.env")
    assert "DBMEDIC_KEY=" in text(f"kubernetes/{variant}/example.env"), "a pod that is new must read the old secrets"


def test_one_replica_never_meets_another_on_its_volume() -> None:
    patch = document("kubernetes/single/deployment.yaml")["spec"]
    assert (patch["replicas"], patch["strategy"]["type"]) == (1, "Recreate")
    (volume,) = patch["template"]["spec"]["volumes"]
    claim = document("kubernetes/single/volume.yaml")
    assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]


def test_replicas_stay_while_one_is_replaced_or_drained() -> None:
    patch = document("kubernetes/replicas/deployment.yaml")["spec"]
    assert patch["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    budget = document("kubernetes/replicas/disruption.yaml")["spec"]
    assert budget["minAvailable"] < patch["replicas"]
    (labels,) = document("kubernetes/base/kustomization.yaml")["labels"]
    assert budget["selector"]["matchLabels"] == labels["pairs"]
    assert labels["includeSelectors"] is True
    shared = text("kubernetes/replicas/example.env")
    assert all(f"{name}=" in shared for name in ("DBMEDIC_STORE", "DBMEDIC_BUS", "DBMEDIC_BUCKET"))
