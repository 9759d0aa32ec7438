"""The engine that triglot runs itself, over HTTP: load, validate, unload, status and progress."""

from __future__ import annotations

import asyncio
from pathlib import PurePath
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from triglot.backend.orders import Order
from triglot.dialects.translator import encode_events
from triglot.errors import ApiError, ErrorKind
from triglot.generated.control.order import TABLE
from triglot.loopback import is_loopback
from triglot.order import Cursor

if TYPE_CHECKING:
    from triglot.backend.checks import Report
    from triglot.backend.discovery import Discovery
    from triglot.backend.engine_link import EngineLink
    from triglot.backend.engine_state import EngineState, Load, ModelFacts
    from triglot.backend.orders import Reply
    from triglot.backend.profiles import Facts
    from triglot.generated.control.events import CancelledLoad, EngineCheck, EngineLoad, EngineStatus, ModelFile, ProgressEvent
    from triglot.generated.control.models import CancelLoad, EngineOptions, GetEngineProgressQuery, LoadEngine
    from triglot.service.model_files import ModelFiles
    from triglot.web import ByteStream, RequestContext

LOOK_INTERVAL_S: Final = 0.1
SIGN_OF_LIFE_S: Final = 1.0
_CONFLICT: Final = 409
_RETRY_S: Final = 5
_ERROR_MARK: Final = " E "  # how llama.cpp marks a line of its log


class EngineHandlers:
    """The operations of `ControlService` that are about the engine.

    Args:
        discovery: what the backend says of itself.
        files: the models that may be loaded.
        guarded: whether clients have to show a key.
        local: whether only this machine can reach triglot.
    """

    def __init__(self, discovery: Discovery, files: ModelFiles, *, guarded: bool, local: bool) -> None:
        self._discovery = discovery
        self._engine = discovery.engine
        self._files = files
        self._guarded = guarded
        self._local = local

    async def load_engine(self, request: LoadEngine, context: RequestContext) -> EngineLoad:
        """Begin to load a model, and wait for the end if that is wanted."""
        engine = self._enter(context)
        options = self._files.read_options(request)
        reply = _check_reply(await engine.order(Order(do="load", options=options, swap=request.swap)))
        if reply.report is not None and reply.report.problems:
            problem = reply.report.problems[0]
            raise ApiError(ErrorKind.INVALID_REQUEST, problem.message, param=problem.field, details={"code": "model_not_loadable"})
        load = reply.load
        if load is None:
            raise ApiError(ErrorKind.INTERNAL, "The owner of the engine did not say what it does.")
        if request.wait:
            load = await _wait_for_end(engine, load)
            if load.state == "failed":
                raise ApiError(
                    ErrorKind.BACKEND_FAILED, f"The model was not loaded: {_shorten(load.error or '')}", details={"code": "load_failed"}
                )
            if load.state == "cancelled":
                raise ApiError(ErrorKind.CANCELLED, "The load was cancelled.", status=_CONFLICT, details={"code": "load_cancelled"})
        return _convert_load(load)

    async def validate_engine(self, request: EngineOptions, context: RequestContext) -> EngineCheck:
        """Look whether a model could be loaded."""
        engine = self._enter(context)
        reply = _check_reply(await engine.order(Order(do="validate", options=self._files.read_options(request))))
        if reply.report is None:
            raise ApiError(ErrorKind.INTERNAL, "The owner of the engine did not check the model.")
        return _convert_report(reply.report)

    async def unload_engine(self, context: RequestContext) -> EngineStatus:
        """Begin to unload the model."""
        engine = self._enter(context)
        _check_reply(await engine.order(Order(do="unload")))
        return await self.get_engine_status(context)

    async def cancel_load(self, request: CancelLoad, context: RequestContext) -> CancelledLoad:
        """End a load."""
        reply = _check_reply(await self._enter(context).order(Order(do="cancel", load_id=request.id)))
        return {"cancelled": reply.cancelled}

    async def get_engine_status(self, context: RequestContext) -> EngineStatus:  # noqa: ARG002
        """What is served, and what it can do."""
        if self._engine is None:
            return await self._describe_backend()
        state = self._engine.look()
        status = _describe_engine(state)
        if state.url is None:
            return status
        try:
            _add_facts(status, await self._discovery.facts())
            status["adapters"] = [
                {"id": adapter.id, "name": adapter.name, "scale": adapter.scale} for adapter in await self._discovery.adapters()
            ]
        except ApiError:
            pass  # it has just gone, or is too busy to say: what is known of it stands
        return status

    async def get_engine_progress(self, query: GetEngineProgressQuery, context: RequestContext) -> EngineLoad:  # noqa: ARG002
        """How far the load is."""
        return _convert_load(_last_load(self._own()))

    async def follow_engine_progress(self, query: GetEngineProgressQuery, context: RequestContext) -> ByteStream:  # noqa: ARG002
        """How far the load is, until it has ended."""
        engine = self._own()
        return ProgressStream(engine, _last_load(engine))

    def _own(self) -> EngineLink:
        if self._engine is None:
            message = "The backend is not an engine of triglot's: start triglot without --backend to load models."
            raise ApiError(ErrorKind.INVALID_REQUEST, message, status=_CONFLICT, details={"code": "engine_not_ours"})
        return self._engine

    def _enter(self, context: RequestContext) -> EngineLink:
        """The engine, for a request that may change what it does.

        Without keys, whoever reaches triglot could load models: so it must not be reached from elsewhere, nor by web pages, which a browser
        lets send requests to any server.
        """
        engine = self._own()
        if self._guarded:
            return engine
        if not self._local:
            message = "Without API keys the engine is controlled from this machine only: set TRIGLOT_API_KEYS, or listen on 127.0.0.1."
            raise ApiError(ErrorKind.PERMISSION, message)
        for header in ("origin", "host"):
            value = context.headers.get(header)
            if value is not None and not is_loopback(urlsplit(value if "//" in value else f"//{value}").hostname or ""):
                message = f"Without API keys the engine is controlled by programs of this machine only, not by way of {value}."
                raise ApiError(ErrorKind.PERMISSION, message)
        return engine

    async def _describe_backend(self) -> EngineStatus:
        status = _describe_engine(None)
        try:
            models = await self._discovery.models()
            _add_facts(status, await self._discovery.facts())
            status["model"] = models[0]["id"] if models else None
            status["template"] = None if status["tools"] is None else "backend"
            status["adapters"] = [
                {"id": adapter.id, "name": adapter.name, "scale": adapter.scale} for adapter in await self._discovery.adapters()
            ]
        except ApiError as error:
            status["state"] = "loading" if error.kind is ErrorKind.BACKEND_LOADING else "unreachable"
        return status


class ProgressStream:
    """The events of one load.

    Args:
        engine: where to look.
        load: as it was last.
    """

    def __init__(self, engine: EngineLink, load: Load) -> None:
        self._engine = engine
        self._load = load
        self._told = False
        self._cursor = Cursor(TABLE)

    def __aiter__(self) -> ProgressStream:
        return self

    async def __anext__(self) -> bytes:
        if self._cursor.finished:
            raise StopAsyncIteration
        waited_s = 0.0
        while self._told and self._load.state == "loading" and waited_s < SIGN_OF_LIFE_S:
            await asyncio.sleep(LOOK_INTERVAL_S)
            waited_s += LOOK_INTERVAL_S
            before, self._load = self._load, _look_again(self._engine, self._load)
            if (before.phase, before.bytes_loaded) != (self._load.phase, self._load.bytes_loaded):
                break
        self._told = True
        ended = self._load.state != "loading"
        event: ProgressEvent
        if ended:
            event = {"type": "load.ended", "load": _convert_load(self._load)}
        else:
            event = {"type": "load.progress", "load": _convert_load(self._load)}
        self._cursor.advance(event)
        return encode_events([event])

    async def close(self) -> None:
        """Nothing is held."""


def _check_reply(reply: Reply) -> Reply:
    if reply.busy is not None:
        message = f"Nothing was done: {reply.busy}."
        raise ApiError(ErrorKind.INVALID_REQUEST, message, status=_CONFLICT, details={"code": "engine_busy"}, retry_after_s=_RETRY_S)
    if reply.error is not None:
        raise ApiError(ErrorKind.BACKEND_FAILED, f"Nothing was done: {reply.error}.")
    return reply


def _last_load(engine: EngineLink) -> Load:
    load = engine.look().load
    if load is None:
        raise ApiError(ErrorKind.NOT_FOUND, "Nothing has been loaded yet.")
    return load


def _look_again(engine: EngineLink, load: Load) -> Load:
    """The load as it is now; one whose place another has taken has ended, and how is not known any more."""
    now = engine.look().load
    if now is None or now.id != load.id:
        return msgspec.structs.replace(load, state="cancelled", error="another load has begun since, or triglot is stopping")
    return now


async def _wait_for_end(engine: EngineLink, load: Load) -> Load:
    while load.state == "loading":
        await asyncio.sleep(LOOK_INTERVAL_S)
        load = _look_again(engine, load)
    return load


def _shorten(error: str) -> str:
    """What happened, and the first line that the engine itself calls an error; `progress` and the log of triglot have the rest."""
    lines = error.splitlines()
    told = next((line.partition(_ERROR_MARK)[2].strip() for line in lines[1:] if _ERROR_MARK in line), None)
    return ". ".join([*lines[:1], *([told] if told else lines[-1:] if len(lines) > 1 else [])])


def _convert_load(load: Load) -> EngineLoad:
    known = load.bytes_loaded is not None and load.bytes_total > 0
    return {
        "id": load.id,
        "model": load.alias,
        "state": load.state,
        "phase": load.phase,
        "bytes_loaded": load.bytes_loaded,
        "bytes_total": load.bytes_total,
        "fraction": round((load.bytes_loaded or 0) / load.bytes_total, 4) if known else None,
        "elapsed_s": load.elapsed_s,
        "error": load.error,
    }


def _convert_report(report: Report) -> EngineCheck:
    return {
        "valid": not report.problems,
        "problems": [{"field": problem.field, "message": problem.message} for problem in report.problems],
        "warnings": [{"field": warning.field, "message": warning.message} for warning in report.warnings],
        "model": _convert_model(report.model),
        "memory_bytes": report.memory_bytes,
        "available_bytes": report.available_bytes,
    }


def _convert_model(model: ModelFacts | None) -> ModelFile | None:
    if model is None:
        return None
    return {
        "file": model.file,
        "title": model.name,
        "architecture": model.architecture,
        "parameters": model.parameters,
        "size_bytes": model.size_bytes,
        "context_trained": model.context_trained,
    }


def _describe_engine(state: EngineState | None) -> EngineStatus:
    """What is known without asking the engine; None for a backend that is not ours."""
    engine = None if state is None else state.engine
    options = None if engine is None else engine.options
    return {
        "managed": state is not None,
        "state": "ready" if state is None else state.state,
        "program": None if engine is None else engine.program,
        "model": None if options is None else options.alias,
        "model_file": None if engine is None else _convert_model(engine.model),
        "context_tokens": None,
        "slots": None,
        "vision": None,
        "audio": None,
        "tools": None,
        "reasoning": None,
        "template": None if options is None else "model" if options.chat_template is None else "override",
        "adapters": [],
        "mmproj": None if options is None or options.mmproj is None else PurePath(options.mmproj).name,
        "draft_model": None if options is None or options.draft_model is None else PurePath(options.draft_model).name,
        "restarts": 0 if state is None else state.restarts,
        "load": None if state is None or state.load is None else _convert_load(state.load),
    }


def _add_facts(status: EngineStatus, facts: Facts) -> None:
    status["context_tokens"] = facts.context_tokens
    status["slots"] = facts.slots
    status["vision"] = facts.vision
    status["audio"] = facts.audio
    status["tools"] = facts.tools
    status["reasoning"] = facts.reasoning
