"""The Grafana dashboard asks only for what a server says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from dbmedic.telemetry.families import FAMILIES

BOARD = json.loads((Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "dbmedic.json").read_text("utf-8"))
BY_NAME = {family.name: family for family in FAMILIES}
OF_THE_PROCESS = {"process_resident_memory_bytes", "process_cpu_seconds_total"}
OF_PROMETHEUS = {"job", "instance", "le"}
"""Labels that a scrape or a histogram adds."""


def queries() -> list[str]:
    return [target["expr"] for panel in BOARD["panels"] for target in panel.get("targets", ())]


def variables() -> list[Any]:
    return [one for one in BOARD["templating"]["list"] if one["type"] == "query"]


def family(sample: str) -> str:
    """The metric that a sample belongs to."""
    base = re.sub(r"_(bucket|sum|count)$", "", sample)
    return base if base in BY_NAME and BY_NAME[base].kind == "histogram" else sample


def test_every_query_names_a_metric_that_exists() -> None:
    for query in queries():
        names = re.findall(r"\b(?:dbmedic|process)_[a-z_]+", query)
        assert names, query
        for name in names:
            assert family(name) in BY_NAME or name in OF_THE_PROCESS, name
            if family(name) in BY_NAME:
                kind = BY_NAME[family(name)].kind
                assert (kind == "histogram") == name.endswith("_bucket"), query
                assert (kind != "gauge") == bool(re.search(r"\b(rate|increase)\(", query)), query


def test_every_label_of_a_query_is_one_of_its_metric() -> None:
    for query in queries():
        (known,) = {
            frozenset(BY_NAME[family(name)].labels if family(name) in BY_NAME else ())
            for name in re.findall(r"\b(?:dbmedic|process)_[a-z_]+", query)
        }
        used = {label.strip() for group in re.findall(r"by \(([^)]*)\)", query) for label in group.split(",")}
        used |= set(re.findall(r'(\w+)=~?"', query))
        assert used <= known | OF_PROMETHEUS, query


def test_a_legend_shows_labels_that_its_query_leaves() -> None:
    for panel in BOARD["panels"]:
        for target in panel.get("targets", ()):
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                assert re.search(rf"by \([^)]*\b{label}\b", target["expr"]) or label == "instance", target


def test_every_metric_of_ours_is_on_the_board() -> None:
    shown = {family(name) for query in queries() for name in re.findall(r"\bdbmedic_[a-z_]+", query)}
    assert set(BY_NAME) == shown


def test_a_variable_lists_values_of_a_label_that_exists() -> None:
    for one in variables():
        metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", one["query"]).groups()  # type: ignore[union-attr]
        assert label in (*BY_NAME[metric].labels, *OF_PROMETHEUS)
        assert any(f'=~"${one["name"]}"' in query for query in queries())


def test_panels_have_places_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(ids) == len(set(ids))
