"""Stored responses: read, listed, cancelled, deleted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from triglot.errors import ApiError, ErrorKind
from triglot.service.responses.background import RunStream, read_response
from triglot.state.cancels import Names
from triglot.state.store import RUNNING

if TYPE_CHECKING:
    from triglot.generated.responses.events import Response
    from triglot.service.responses.background import BackgroundRuns, Run
    from triglot.state.cancels import CancelRegistry
    from triglot.state.store import Page, Store, StoredResponse

_TRY_EVERY_S: Final = 0.02
_TRIES: Final = 50


class Retrieval:
    """What can be done with a response by its id.

    Every method but `stop` may raise `ApiError`: there is no such response for this owner.

    Args:
        store: where responses are.
        runs: those that this process is making in the background.
        cancels: all others that run.
    """

    def __init__(self, store: Store, runs: BackgroundRuns, cancels: CancelRegistry) -> None:
        self._store = store
        self._runs = runs
        self._cancels = cancels

    async def get(self, owner: str, response_id: str) -> Response:
        """The response as it stands now."""
        if (run := self._runs.find(owner, response_id)) is not None:
            if run.turn.response["status"] not in RUNNING:
                await run.wait_for_end()  # whoever hears that it is complete may continue it at once: it has to be stored by then
            return run.turn.response
        return read_response(await self._load(owner, response_id))

    async def follow(self, owner: str, response_id: str, after: int) -> RunStream:
        """The events of a background response behind the one with the number `after`; -1 for all.

        Raises:
            ApiError: its events were not kept.
        """
        run = self._runs.find(owner, response_id)
        if run is None:
            stored = await self._load(owner, response_id)
            if not stored.background:
                message = "Only responses that were made in the background can be streamed again; get this one without stream."
                raise ApiError(ErrorKind.INVALID_REQUEST, message, param="stream")
        return RunStream(self._store, owner, response_id, after=after, run=run)

    async def cancel(self, owner: str, response_id: str) -> Response:
        """Stop a response; a background response that has ended stays as it is.

        Raises:
            ApiError: it has ended, and was not made in the background; or it was stopped, and is not stored.
        """
        if (run := self._runs.find(owner, response_id)) is not None:
            return await _stop(run)
        if await self._cancels.cancel(Names(owner, response_id=response_id)):
            return await self._read_stopped(owner, response_id)
        stored = await self._load(owner, response_id)
        if not stored.background:
            message = "This response has ended, and only background responses can be cancelled then."
            raise ApiError(ErrorKind.INVALID_REQUEST, message)
        if not stored.lost and stored.status in RUNNING and await self._store.cancel_response(owner, response_id):
            # another process works on it and stops within a second; the answer tells how it will be
            stored = msgspec.structs.replace(stored, body=msgspec.json.encode({**msgspec.json.decode(stored.body), "status": "cancelled"}))
        return read_response(stored)

    async def stop(self, owner: str, response_id: str) -> bool:
        """Stop a background response, wherever it is made, without waiting for its end. Tells whether it was being made."""
        if (run := self._runs.find(owner, response_id)) is None:
            return await self._store.cancel_response(owner, response_id)
        if run.is_stopping:
            return False
        run.cancel()
        return True

    async def delete(self, owner: str, response_id: str) -> None:
        """Forget a response; one that is being made is stopped first."""
        if (run := self._runs.find(owner, response_id)) is not None:
            await _stop(run)
        if not await self._store.delete_response(owner, response_id):
            raise _not_found(response_id)

    async def list_given(self, owner: str, response_id: str, *, after: str | None, limit: int, newest_first: bool) -> Page:
        """The items that a response was given, a page of them."""
        page = await self._store.list_given(owner, response_id, after=after, limit=limit, newest_first=newest_first)
        if page is None:
            raise _not_found(response_id)
        return page

    async def _read_stopped(self, owner: str, response_id: str) -> Response:
        """A response that somebody is told is stopped: it is stored before they have heard of it."""
        for _ in range(_TRIES):
            if (stored := await self._store.load_response(owner, response_id)) is not None and stored.status not in RUNNING:
                return read_response(stored)
            await asyncio.sleep(_TRY_EVERY_S)
        message = f"The response '{response_id}' is stopped. It is not stored, so it cannot be shown."
        raise ApiError(ErrorKind.NOT_FOUND, message, param="response_id")

    async def _load(self, owner: str, response_id: str) -> StoredResponse:
        if (stored := await self._store.load_response(owner, response_id)) is None:
            raise _not_found(response_id)
        return stored


async def _stop(run: Run) -> Response:
    run.cancel()
    await run.wait_for_end()
    return run.turn.response


def _not_found(response_id: str) -> ApiError:
    return ApiError(ErrorKind.NOT_FOUND, f"Response with id '{response_id}' not found.", param="response_id")
