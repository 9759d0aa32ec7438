"""How many tokens a prompt has, by the backend's own template and tokenizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from triglot.dialects.chat_request import image_urls
from triglot.errors import ApiError, ErrorKind
from triglot.media.size import estimate_tokens
from triglot.service.answers import open_answer, read_body

if TYPE_CHECKING:
    from triglot.backend.client import Backend
    from triglot.backend.discovery import Discovery
    from triglot.web import RequestContext

_PATH: Final = "/v1/chat/completions/input_tokens"


class PromptCounter:
    """Asks the backend.

    Args:
        backend, discovery: whom, and what is known of it.
    """

    def __init__(self, backend: Backend, discovery: Discovery) -> None:
        self._backend = backend
        self._discovery = discovery

    async def can_count(self) -> bool:
        """Whether the backend has the operation."""
        return (await self._discovery.profile()).extensions

    async def count(self, body: dict[str, Any], context: RequestContext) -> int:
        """The tokens of the prompt of a chat request, images by an estimate. Cancel it when nobody wants them any more.

        Raises:
            ApiError: UNSUPPORTED: the backend cannot count; else what the backend says of the request.
        """
        if not await self.can_count():
            raise ApiError(ErrorKind.UNSUPPORTED, "This backend cannot count tokens: only llama-server can.")
        count = await self.count_within(body, context, None)
        assert count is not None  # noqa: S101 - for the type checker: it was waited for
        return count

    async def count_within(self, body: dict[str, Any], context: RequestContext, within_s: float | None) -> int | None:
        """The same of a backend that can count; `None` if it has not begun to answer `within_s`."""
        headers = {"content-type": "application/json", "x-request-id": context.request_id}
        call = self._backend.call("POST", _PATH, body=msgspec.json.encode(body), headers=headers)
        await open_answer(call, context, stream=False, within_s=within_s)
        if call.status == 0:
            await call.aclose()
            return None
        answer = msgspec.json.decode(await read_body(call))
        count = answer.get("input_tokens") if isinstance(answer, dict) else None
        if not isinstance(count, int):
            raise ApiError(ErrorKind.BACKEND_FAILED, "The backend's count of tokens is not a number.")
        # llama-server counts the text of the prompt; what its projector makes of an image it tells only afterwards
        return count + sum(estimate_tokens(url) for url in image_urls(body["messages"]))
