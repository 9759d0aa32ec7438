"""What can be known of a server before any case runs: whether it is there, its models, its dialects, and what it says of itself."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from triglot_conformance.case import HEADERS, PATHS
from triglot_conformance.contract.strict_json import decode_json
from triglot_conformance.live.patience import ask
from triglot_conformance.live.target import is_text
from triglot_conformance.wire.http1 import Request

if TYPE_CHECKING:
    from collections.abc import Collection

    from triglot_conformance.live.client import Answer
    from triglot_conformance.live.target import Target

_ABSENT: Final = {404, 405, 501}
_WANTS_KEY: Final = {401, 403}
_OK: Final = 200
_NOBODY_BEHIND: Final = {502, 503, 504}
_REDIRECTS: Final = range(300, 400)
_LONGEST_S: Final = 20.0


class UnreachableError(Exception):
    """There is no server that could be judged."""


@dataclass(frozen=True)
class Probe:
    """What is known of a server.

    Attributes:
        target: with its model.
        software: what it says of itself; empty for nothing.
        dialects: those that it has.
        has_slots: it tells how busy it is, as llama-server does.
        notes: what concerns all that follows.
    """

    target: Target
    software: str
    dialects: frozenset[str]
    has_slots: bool
    notes: list[str] = field(default_factory=list)


async def probe(target: Target, dialects: Collection[str], slots: Target) -> Probe:
    """Look at a server.

    Args:
        target: the server.
        dialects: those to look for.
        slots: where `/slots` is asked for: the target, or the model server behind it.

    Raises:
        UnreachableError: it does not answer at all, wants another key, or has none of the dialects; or what `slots` names does not tell.
    """
    hurried = _hurry(target)
    listed = await _get(hurried, "/v1/models")
    if listed.unreachable:
        raise UnreachableError(f"{target.url} cannot be reached: {listed.error}")
    if not listed.status:
        hint = "; is it https:// and not http://?" if target.scheme == "http" else ""
        raise UnreachableError(f"{target.url} does not speak HTTP/1.1: {listed.error}{hint}")
    notes = await _find_catch_all(hurried)
    model = target.model or _first_model(listed)
    if not model:
        notes.append("The server lists no model at /v1/models: each case's own name is sent. --model chooses one.")
    present = await _find_dialects(hurried, dialects)
    notes += [f"There is no {PATHS[name]}: cases of {name} are unsupported." for name in dialects if name not in present]
    tells = await busy_slots(_hurry(slots)) is not None
    if slots is not target and not tells:
        raise UnreachableError(f"{slots.url} does not answer /slots as a llama-server with the option --slots does")
    return Probe(replace(target, model=model), await _software(hurried, listed), present, tells, notes)


async def busy_slots(target: Target) -> int | None:
    """How many slots of a llama-server are at work; None if it does not tell."""
    answer = await _get(target, "/slots")
    slots = _decode(answer)
    if answer.status != _OK or not isinstance(slots, list) or not all(isinstance(slot, dict) for slot in slots):
        return None
    return sum(1 for slot in slots if slot.get("is_processing"))


async def _find_catch_all(target: Target) -> list[str]:
    path = f"/v1/no-such-route-{secrets.token_hex(4)}"
    answers = await asyncio.gather(_get(target, path), _post(target, path))
    if all(answer.status == _OK for answer in answers):
        return ["The server answers 200 to routes that cannot exist: what it answers with 200 proves little."]
    return []


async def _find_dialects(target: Target, dialects: Collection[str]) -> frozenset[str]:
    """Those whose route is there: an empty request gets an error of its own then, not the one for an unknown route."""
    answers = dict(zip(dialects, await asyncio.gather(*(_post(target, PATHS[name], name) for name in dialects)), strict=True))
    if all(answer.unreachable for answer in answers.values()):
        raise UnreachableError(f"{target.url} cannot be judged: {next(iter(answers.values())).error}")
    present = {name: answer for name, answer in answers.items() if answer.status not in _ABSENT}
    if not present:
        raise UnreachableError(f"{target.url} has none of {', '.join(PATHS[name] for name in dialects)}: is that its base URL?")
    statuses = {answer.status for answer in present.values()}
    if statuses <= _WANTS_KEY:
        raise refused(target, statuses)
    if statuses <= set(_REDIRECTS):
        places = {value for answer in present.values() for name, value in answer.headers if name.lower() == "location"}
        raise UnreachableError(f"{target.url} sends on to {min(places, default='nowhere')}; give the URL of the server itself")
    if statuses == {_OK} and all(answer.media_type == "text/html" for answer in present.values()):
        raise UnreachableError(f"{target.url} answers with web pages: is that the base URL of its API?")
    if statuses <= _NOBODY_BEHIND:
        raise UnreachableError(f"{target.url} answers {_list(statuses)} to everything: nobody is behind it")
    return frozenset(present)


def refused(target: Target, statuses: Collection[int]) -> UnreachableError:
    """What is wrong where plain requests get 401 or 403."""
    words = "a key: --api-key or --api-key-env gives it" if target.key is None else "another key"
    return UnreachableError(f"{target.url} answers {_list(statuses)}: it wants {words}")


def _list(statuses: Collection[int]) -> str:
    return " and ".join(map(str, sorted(statuses)))


async def _software(target: Target, listed: Answer) -> str:
    facts = _decode(await _get(target, "/props"))
    if isinstance(facts, dict) and isinstance(facts.get("build_info"), str):
        return f"llama-server {facts['build_info']}"
    return next((value for name, value in listed.headers if name.lower() == "server"), "")


def _first_model(listed: Answer) -> str:
    match _decode(listed):
        case {"data": [{"id": str(model)}, *_]} if listed.status == _OK and is_text(model):
            return model
        case _:
            return ""


def _hurry(target: Target) -> Target:
    """The same server, asked for what no model has to work for: nobody wants to wait a minute for each of these."""
    return replace(target, timeout_s=min(target.timeout_s, _LONGEST_S))


async def _get(target: Target, path: str) -> Answer:
    return await ask(target, Request("GET", target.root + path, target.headers("chat", {})))


async def _post(target: Target, path: str, dialect: str = "chat") -> Answer:
    return await ask(target, Request("POST", target.root + path, target.headers(dialect, HEADERS[dialect]), b"{}"))


def _decode(answer: Answer) -> Any:
    try:
        return decode_json(answer.body)
    except ValueError:
        return None
