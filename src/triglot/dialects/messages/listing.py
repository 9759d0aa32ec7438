"""The list of models as Messages gives it. Source: specs/messages/schemas/models.yaml."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from triglot.errors import ApiError, ErrorKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from triglot.backend.profiles import Facts
    from triglot.generated.messages.events import ModelInfo, ModelList
    from triglot.generated.messages.models import ListModelsQuery


def convert_model(entry: Mapping[str, Any], facts: Facts) -> ModelInfo:
    """One entry of the backend's list. What the backend says of the context of one request counts more than the model's own."""
    created = entry.get("created")
    created_at = datetime.fromtimestamp(created if isinstance(created, int) else 0, UTC)
    meta = entry.get("meta")
    context = meta.get("n_ctx") if isinstance(meta, dict) else None
    tokens = facts.context_tokens or (context if isinstance(context, int) else None)
    return {
        "type": "model",
        "id": entry["id"],
        "display_name": entry["id"],
        "created_at": created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lifecycle": "active",
        "max_input_tokens": tokens,
        "max_tokens": tokens,
    }


def rename_model(model: ModelInfo, alias: str) -> ModelInfo:
    """The same model under another name; its own is shown."""
    return {**model, "id": alias}


def page_models(models: Sequence[ModelInfo], query: ListModelsQuery) -> ModelList:
    """The page that `query` asks for.

    Raises:
        ApiError: `after_id` or `before_id` names no model.
    """
    first, last = 0, len(models)
    if query.after_id is not None:
        first = _position(models, query.after_id) + 1
    if query.before_id is not None:
        last = _position(models, query.before_id)
    limit = query.limit or len(models)
    # going backwards, a page ends where `before_id` stands
    page = models[max(first, last - limit) : last] if query.before_id is not None else models[first:last][:limit]
    more = len(models[first:last]) > len(page)
    return {"data": list(page), "has_more": more, "first_id": page[0]["id"] if page else None, "last_id": page[-1]["id"] if page else None}


def _position(models: Sequence[ModelInfo], model_id: str) -> int:
    for position, model in enumerate(models):
        if model["id"] == model_id:
            return position
    raise ApiError(ErrorKind.INVALID_REQUEST, f"There is no model {model_id!r} to start a page at.")
