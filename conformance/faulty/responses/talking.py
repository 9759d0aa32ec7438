"""Responses on a WebSocket: each message asks for one, and is answered with its events. Source: specs/responses/schemas/socket.yaml."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from faulty.exchange import Refusal
from faulty.framing import dump
from faulty.responses.events import tell_response
from faulty.store import Store, StoredResponse

if TYPE_CHECKING:
    from faulty.exchange import Request
    from faulty.host import Host
    from faulty.responses.making import Making
    from faulty.websocket import Socket

Document = dict[str, Any]
Lane = dict[str, StoredResponse]
"""What a connection remembers: the latest response of a lane by its id, with all that it continued among what it was given."""

_OWN = ("type", "generate", "stream_id", "stream", "stream_options", "background")


class Talking:
    """Holds conversations on WebSockets.

    Args:
        host: the model and all that is around it.
        store: what is kept beyond a connection.
        making: makes responses.
    """

    def __init__(self, host: Host, store: Store, making: Making) -> None:
        self._host = host
        self._store = store
        self._making = making
        self._shared: dict[str | None, Lane] = {}

    async def talk(self, request: Request, socket: Socket) -> None:
        """Answer message by message until the client leaves."""
        lanes: dict[str | None, Lane] = self._shared if self._host.has("responses/socket-memory-shared") else {}
        while (text := await socket.receive()) is not None:
            try:
                message = json.loads(text)
            except ValueError as error:
                if self._host.has("responses/socket-ends-at-nonsense"):
                    return
                await _send(socket, [_error(Refusal(400, f"The message is not JSON: {error}"))], None)
                continue
            if not isinstance(message, dict):
                await _send(socket, [_error(Refusal(400, "The message is not a JSON object."))], None)
                continue
            name = None if self._host.has("responses/socket-lanes-share-memory") else message.get("stream_id")
            lane = lanes.setdefault(name if isinstance(name, str) else None, {})
            await self._answer(message, lane, request, socket)

    async def _answer(self, message: Document, lane: Lane, request: Request, socket: Socket) -> None:
        name = message.get("stream_id")
        match message:
            case {"type": "response.processed"}:
                return
            case {"type": "response.steer", "previous_response_id": str(before), "input": given}:
                await _send(socket, [_steer_failed(before, given)], name)
            case {"type": "response.create"}:
                try:
                    events = self._create(message, lane, request)
                except Refusal as refusal:
                    if not self._host.has("responses/socket-remembers-failures"):
                        lane.clear()
                    told = _error(refusal)
                    if self._host.has("responses/socket-errors-without-status"):
                        del told["status"]
                    await _send(socket, [told], name)
                    return
                async with self._host.slot():
                    for event in events:
                        await self._host.pause()
                        await _send(socket, [event], None if self._host.has("responses/socket-without-lanes") else name)
            case _:
                wrong = Refusal(400, f"Invalid value: {message.get('type')!r}.", param="type", code="invalid_value")
                await _send(socket, [_error(wrong)], name)

    def _create(self, message: Document, lane: Lane, request: Request) -> list[Document]:
        body = {key: value for key, value in message.items() if key not in _OWN}
        request = replace(request, operation="create_response", json=self._host.apply("responses.request", body, request))
        known = Store()
        known.responses = self._store.responses | lane
        known.conversations = self._store.conversations
        answers = message.get("generate") is not False or self._host.has("responses/socket-warm-up-answers")
        made = self._making.make(request.json, known, request, answers=answers)
        if made.stored and not self._host.has("responses/socket-stores-nothing"):
            self._making.keep(made)
        final = made.kept.response
        if not self._host.has("responses/socket-remembers-all"):
            lane.clear()
        if not self._host.has("responses/socket-forgets"):
            lane[final["id"]] = StoredResponse(final, made.given.read)
        events: list[Document] = self._host.apply("responses.events", tell_response(final), request)
        return events


async def _send(socket: Socket, events: list[Document], lane: str | None) -> None:
    for event in events:
        await socket.send(dump(event | ({"stream_id": lane} if lane is not None else {})).decode())


def _error(refusal: Refusal) -> Document:
    detail = {"message": refusal.message, "type": "invalid_request_error", "param": refusal.param, "code": refusal.code}
    return {"type": "error", "status": refusal.status, "error": detail}


def _steer_failed(before: str, given: Any) -> Document:
    error = {"type": "invalid_request_error", "code": "steering_not_supported", "message": "A response cannot be steered here."}
    return {
        "type": "response.steer.failed",
        "sequence_number": 0,
        "steer": {"previous_response_id": before, "input": given},
        "error": error,
    }
