"""What the backend says of itself: its kind and its models."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from triglot.backend.adapters import Adapter, read_adapters
from triglot.backend.failures import convert_error_answer
from triglot.backend.joint import Joint
from triglot.backend.profiles import PROFILES, Facts, Profile, recognise
from triglot.errors import ApiError, ErrorKind

if TYPE_CHECKING:
    from triglot.backend.client import Backend
    from triglot.backend.engine_link import EngineLink

_LIMIT = 1 << 24
FACTS_S = 30.0
ANSWER_WITHIN_S = 10.0
"""A server that says nothing of itself by then hangs: a llama-server answers such questions while its model works."""
NEWS_WITHIN_S = 2.0
"""Nor does a request wait for longer when something is known from before."""
_REASONING_MARKS = ("<think", "reasoning_content", "enable_thinking", "<|channel|>", "[THINK]")


class Discovery:
    """Asks a backend for facts about itself and remembers those that do not change while it runs.

    Args:
        backend: whom to ask.
        profile: the name of the profile, or `auto` to find it out.
        engine: an engine of ours: when another one serves, what was known is forgotten.
    """

    def __init__(self, backend: Backend, profile: str = "auto", *, engine: EngineLink | None = None) -> None:
        self.engine = engine
        self._serial = 0
        self._backend = backend
        self._profile = PROFILES.get(profile)
        self._asked: Joint[None] | None = None
        self._facts = Facts()
        self._facts_until = 0.0
        self._adapters: tuple[Adapter, ...] | None = None

    async def profile(self) -> Profile:
        """The kind of backend; asked for once.

        Raises:
            ApiError: the backend cannot be asked now.
        """
        if self._profile is None:
            await self._learn()
        assert self._profile is not None  # noqa: S101 - for the type checker: it has been learnt
        return self._profile

    async def facts(self) -> Facts:
        """What the backend can do, at most `FACTS_S` old: a server may change its model.

        Raises:
            ApiError: the backend cannot be asked now.
        """
        state = None if self.engine is None else self.engine.look()
        if state is not None and state.serial != self._serial:
            self._serial = state.serial
            self._facts_until = 0.0
            self._asked = None  # another engine
        elif state is not None and state.state in ("restarting", "failed"):
            return self._facts  # it comes back as it was; the request waits where its client gets signs of life
        if (await self.profile()).extensions and time.monotonic() >= self._facts_until:
            try:
                await self._learn(NEWS_WITHIN_S if self._facts_until else None)
            except ApiError as error:
                if error.kind is not ErrorKind.BACKEND_TIMEOUT or not self._facts_until:
                    raise
                self._facts_until = time.monotonic() + FACTS_S  # as before; how long requests may hang is for their own limits to say
        return self._facts

    async def adapters(self) -> tuple[Adapter, ...]:
        """The LoRA adapters that requests can choose; remembered like the facts.

        Raises:
            ApiError: the backend cannot be asked now.
        """
        await self.facts()
        if self._adapters is None:
            if not (await self.profile()).extensions:
                return ()
            engine = None if self.engine is None else self.engine.look().engine
            names = {} if engine is None else {adapter.path: adapter.name for adapter in engine.options.adapters}
            self._adapters = read_adapters(await self._find("/lora-adapters"), names)
        return self._adapters

    async def _learn(self, within_s: float | None = None) -> None:
        """Ask what changes seldom, together with whoever else wants to know it now."""
        if self._asked is None or not self._asked.is_open:
            self._asked = Joint(self._ask(within_s, self._serial))
        asked = self._asked
        try:
            await asked.wait()
        finally:
            if self._asked is asked and not asked.is_open:
                self._asked = None

    async def _ask(self, within_s: float | None, serial: int) -> None:
        props = await self._find("/props", within_s)
        if serial == self._serial:
            self._remember(props)
        self._profile = self._profile or recognise(props)

    def _remember(self, props: Any) -> None:
        self._facts = _convert_props(props) if isinstance(props, dict) else Facts()
        self._facts_until = time.monotonic() + FACTS_S
        self._adapters = None

    async def models(self) -> list[dict[str, Any]]:
        """The entries of the backend's model list, as it gives them.

        Raises:
            ApiError: the backend cannot be asked, or answers with something else.
        """
        document = await self._get("/v1/models")
        entries = document.get("data") if isinstance(document, dict) else None
        if not isinstance(entries, list):
            raise ApiError(ErrorKind.BACKEND_FAILED, "The backend's answer to GET /v1/models is not a list of models.")
        return [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]

    async def default_model(self) -> str:
        """The model that answers where a request names none.

        Raises:
            ApiError: the backend cannot be asked, or has no model.
        """
        if (name := (await self.facts()).model) is not None:
            return name
        models = await self.models()
        if not models:
            raise ApiError(ErrorKind.BACKEND_LOADING, "The backend has no model yet. Try again in a moment.", retry_after_s=1)
        return str(models[0]["id"])

    async def _find(self, path: str, within_s: float | None = None) -> Any:
        """The answer, or None from a server that has no such operation."""
        try:
            return await self._get(path, within_s)
        except ApiError as error:
            if error.kind in (ErrorKind.NOT_FOUND, ErrorKind.METHOD_NOT_ALLOWED, ErrorKind.INVALID_REQUEST):
                return None
            raise

    async def _get(self, path: str, within_s: float | None = None) -> Any:
        within_s = within_s or ANSWER_WITHIN_S
        timeouts = msgspec.structs.replace(self._backend.timeouts, first_byte_s=within_s, stall_s=within_s)
        call = self._backend.call("GET", path, timeouts=timeouts)
        try:
            await call.open()
            body = await call.read_all(_LIMIT)
        finally:
            await call.aclose()
        if call.status != 200:  # noqa: PLR2004
            raise convert_error_answer(call.status, call.headers, body)
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None


def _convert_props(props: dict[str, Any]) -> Facts:
    """llama-server's `/props`; its `n_ctx` is that of one slot."""
    settings, modalities, template = (
        _table(props.get(name)) for name in ("default_generation_settings", "modalities", "chat_template_caps")
    )
    context = settings.get("n_ctx")
    alias, slots = props.get("model_alias"), props.get("total_slots")
    return Facts(
        context_tokens=context if isinstance(context, int) and context > 0 else None,
        vision=_flag(modalities.get("vision")),
        audio=_flag(modalities.get("audio")),
        tools=_flag(template.get("supports_tools")),
        model=alias if isinstance(alias, str) and alias else None,
        slots=slots if isinstance(slots, int) and slots > 0 else None,
        reasoning=_finds_reasoning(props.get("chat_template"), template),
    )


def _finds_reasoning(text: Any, capabilities: dict[str, Any]) -> bool | None:
    """Whether a chat template knows of thinking: llama-server tells only parts of it in words."""
    if any(capabilities.get(name) is True for name in ("supports_preserve_reasoning", "supports_reasoning_effort")):
        return True
    return any(mark in text for mark in _REASONING_MARKS) if isinstance(text, str) else None


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
