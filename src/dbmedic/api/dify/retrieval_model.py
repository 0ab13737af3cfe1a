"""`retrieval_model`: how a dataset is searched, as this API writes it.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dbmedic.api.dify.wire import invalid
from dbmedic.assistant.labels import OPERATORS, Condition
from dbmedic.assistant.retrieval import METHODS, MOST, Search

DEFAULT: Final[dict[str, Any]] = {
    "search_method": "hybrid_search",
    "reranking_enable": False,
    "reranking_mode": None,
    "reranking_model": {"reranking_provider_name": "", "reranking_model_name": ""},
    "weights": None,
    "top_k": 4,
    "score_threshold_enabled": False,
    "score_threshold": None,
    "metadata_filtering_conditions": None,
}
CONDITIONS: Final = 50


def retrieval_model(value: Any, name: str = "retrieval_model") -> dict[str, Any] | None:
    """The settings with every field there, None when there are none.  Raises `Fault` 400."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise invalid(f"{name}: Input should be an object")
    kept = {**DEFAULT, **{field: value[field] for field in DEFAULT if field in value}}
    if kept["search_method"] not in METHODS:
        raise invalid(f"{name}.search_method: Input should be one of {', '.join(METHODS)}")
    for field in ("reranking_enable", "score_threshold_enabled"):
        if not isinstance(kept[field], bool):
            raise invalid(f"{name}.{field}: Input should be a boolean")
    if not isinstance(kept["top_k"], int) or isinstance(kept["top_k"], bool) or not 1 <= kept["top_k"] <= MOST:
        raise invalid(f"{name}.top_k: Input should be an integer from 1 to {MOST}")
    least = kept["score_threshold"]
    if least is not None and (not isinstance(least, int | float) or isinstance(least, bool) or not 0 <= least <= 1):
        raise invalid(f"{name}.score_threshold: Input should be a number from 0 to 1")
    if kept["reranking_mode"] not in (None, "reranking_model", "weighted_score"):
        raise invalid(f"{name}.reranking_mode: Input should be reranking_model or weighted_score")
    for field in ("reranking_model", "weights", "metadata_filtering_conditions"):
        if not isinstance(kept[field], dict | None):
            raise invalid(f"{name}.{field}: Input should be an object")
    _conditions(kept["metadata_filtering_conditions"])
    _meaning(kept["weights"])
    return kept


def search_of(model: Mapping[str, Any]) -> Search:
    """The search that settings ask for."""
    conditions, any_ = _conditions(model.get("metadata_filtering_conditions"))
    return Search(
        method=model["search_method"],
        most=model["top_k"],
        least=model["score_threshold"] if model["score_threshold_enabled"] else None,
        conditions=conditions,
        any_condition=any_,
        meaning=_meaning(model.get("weights")),
        rerank=bool(model.get("reranking_enable")) and model.get("reranking_mode") != "weighted_score",
    )


def _meaning(weights: Mapping[str, Any] | None) -> float:
    """What vectors weigh against words."""
    setting = (weights or {}).get("vector_setting")
    share = setting.get("vector_weight") if isinstance(setting, dict) else None
    if share is None:
        return 0.5
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise invalid("weights.vector_setting.vector_weight: Input should be a number from 0 to 1")
    return float(share)


def _conditions(value: Mapping[str, Any] | None) -> tuple[tuple[Condition, ...], bool]:
    if not value:
        return (), False
    operator = value.get("logical_operator") or "and"
    if operator not in ("and", "or"):
        raise invalid("metadata_filtering_conditions.logical_operator: Input should be and, or")
    given = value.get("conditions") or []
    if not isinstance(given, list) or len(given) > CONDITIONS:
        raise invalid(f"metadata_filtering_conditions.conditions: Input should be a list of at most {CONDITIONS}")
    found = []
    for one in given:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise invalid("metadata_filtering_conditions.conditions: each is an object with a name")
        if one.get("comparison_operator") not in OPERATORS:
            raise invalid(f"comparison_operator: Input should be one of {', '.join(OPERATORS)}")
        if not isinstance(one.get("value"), str | int | float | list | None):
            raise invalid("metadata_filtering_conditions.conditions: value is a text, a number or a list of texts")
        found.append(Condition(name=one["name"], operator=one["comparison_operator"], value=one.get("value")))
    return tuple(found), operator == "or"
