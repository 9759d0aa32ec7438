# Generated from toy/parrot (sha256 e658ca97a450). DO NOT EDIT.
# Regenerate: nox -s generate
"""The parrot dialect over HTTP: each method reads, validates, calls the service and answers. Policy lives in `triglot.web` and the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from triglot import web

from .. import Route
from . import models

if TYPE_CHECKING:
    from falcon.asgi import Request, Response, WebSocket

    from .service import ParrotService


class EchoesResource:
    """/v1/echoes."""

    def __init__(self, service: ParrotService) -> None:
        self._service = service

    async def on_post(self, req: Request, resp: Response) -> None:
        """Say the phrases again."""
        context = await web.read_request(req, resp, "parrot", "create_echo")
        request = web.decode_body(models.CreateEcho, context)
        if request.stream:
            web.send_stream(resp, context, await self._service.stream_echo(request, context))
        else:
            web.send_json(resp, context, await self._service.create_echo(request, context))


class BirdsResource:
    """/v1/birds."""

    def __init__(self, service: ParrotService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response) -> None:
        """List the birds."""
        context = await web.read_request(req, resp, "parrot", "list_birds")
        query = web.decode_query(models.ListBirdsQuery, context)
        web.send_json(resp, context, await self._service.list_birds(query, context))

    on_head = on_get  # Falcon leaves the body out


class BirdsByBirdIdResource:
    """/v1/birds/{bird_id}."""

    def __init__(self, service: ParrotService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response, bird_id: str) -> None:
        """Describe one bird."""
        context = await web.read_request(req, resp, "parrot", "get_bird")
        web.send_bytes(resp, context, await self._service.get_bird(bird_id, context))

    on_head = on_get  # Falcon leaves the body out


class BirdsByBirdIdSongResource:
    """/v1/birds/{bird_id}/song."""

    def __init__(self, service: ParrotService) -> None:
        self._service = service

    async def on_get(self, req: Request, resp: Response, bird_id: str) -> None:
        """Hear what a bird is singing, from its beginning."""
        context = await web.read_request(req, resp, "parrot", "get_song")
        query = web.decode_query(models.GetSongQuery, context, lists=("parts",))
        if query.stream and req.method != "HEAD":
            web.send_stream(resp, context, await self._service.follow_song(bird_id, query, context))
        else:
            web.send_json(resp, context, await self._service.get_song(bird_id, query, context))

    on_head = on_get  # Falcon leaves the body out


class TalkResource:
    """/v1/talk."""

    def __init__(self, service: ParrotService) -> None:
        self._service = service

    async def on_post(self, req: Request, resp: Response) -> None:
        """Cover the cage."""
        context = await web.read_request(req, resp, "parrot", "stop_talk", body=False)
        web.send_json(resp, context, await self._service.stop_talk(context))

    async def on_get(self, req: Request, resp: Response) -> None:
        """Ask for a WebSocket instead: GET alone has no meaning here."""
        web.demand_upgrade(req, resp)

    async def on_websocket(self, req: Request, ws: WebSocket) -> None:
        """Talk to the parrot without hanging up."""
        await web.serve_socket(req, ws, "parrot", "converse_words", self._service.converse_words)


ROUTES: Final = (
    Route("/v1/echoes", EchoesResource, {"POST": None}),
    Route("/v1/birds", BirdsResource, {"GET": "parrot-version"}),
    Route("/v1/birds/{bird_id:path}", BirdsByBirdIdResource, {"GET": None}),
    Route("/v1/birds/{bird_id}/song", BirdsByBirdIdSongResource, {"GET": None}),
    Route("/v1/talk", TalkResource, {"POST": None}),
)
