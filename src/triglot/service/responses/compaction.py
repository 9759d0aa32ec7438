"""Making a conversation shorter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from triglot.dialects.responses.answer import convert_usage
from triglot.errors import ApiError, ErrorKind
from triglot.events import Usage
from triglot.generated.responses.models import CompactResponse, CreateResponse
from triglot.generated.responses.support import COMPACT_RESPONSE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triglot.generated.responses.events import CompactedResponse
    from triglot.service.responses.turns import Turns
    from triglot.state.store import Item
    from triglot.web import RequestContext


class Compactor:
    """Lets the model write a summary, as it does for a response whose input ends in a `compaction_trigger`.

    Args:
        turns: makes the response.
    """

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    async def compact(self, _request: CompactResponse, context: RequestContext) -> CompactedResponse:
        """The user's messages as they were, and a summary of everything.

        Raises:
            ApiError: there is no conversation, it cannot be found or converted, or the model failed.
        """
        if not context.document.get("input") and context.document.get("previous_response_id") is None:
            message = "There is nothing to compact: send input, or the previous_response_id of what is to be shortened."
            raise ApiError(ErrorKind.INVALID_REQUEST, message, param="input")
        context.document = _as_response(context.document)
        request = CreateResponse.model_validate(context.document, strict=True)
        turn = await self._turns.prepare(request, context, remembers=True, table=COMPACT_RESPONSE)
        response = await self._turns.answer(turn, context)
        if response["status"] != "completed":  # the item has no mark that would tell half a summary from a whole one
            message = (
                "The model ran out of room before its summary was whole: send a shorter conversation, or serve the model with more context."
            )
            raise ApiError(ErrorKind.BACKEND_FAILED, message)
        made: list[Any] = [*response["output"]]
        return {
            "id": response["id"],
            "object": "response.compaction",
            "created_at": int(response["created_at"]),
            "output": [*_words_of_user([*turn.history.prior, *turn.history.given]), *made],
            "usage": response["usage"] or convert_usage(Usage(0, 0, 0)),
        }


def _as_response(document: dict[str, Any]) -> dict[str, Any]:
    """The request for a response that is the summary: what is no field of a compaction has no meaning for it."""
    given = document.get("input") or []
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    known = {name: document[name] for name in CompactResponse.model_fields if name in document}
    return {**known, "input": [*items, {"type": "compaction_trigger"}], "store": False}


def _words_of_user(items: Sequence[Item]) -> list[Any]:
    kept = []
    for item in items:
        document = msgspec.json.decode(item.body)
        if document["type"] == "message" and document["role"] == "user":
            kept.append(msgspec.Raw(item.body))
    return kept
