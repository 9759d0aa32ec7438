"""What a case leaves on a server, and its removal: a run against somebody's server should not fill its store."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from triglot_conformance.live.client import send
from triglot_conformance.wire.http1 import Request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triglot_conformance.live.judgement import Judgement
    from triglot_conformance.live.target import Target

_STORES: Final = {"/v1/responses", "/v1/conversations"}
_ID: Final = re.compile(r"[\w.-]{1,200}", re.ASCII)
_LONGEST_S: Final = 5.0
_CANNOT: Final = {0, 405, 501}


def find_leftovers(path: str, judgement: Judgement) -> list[str]:
    """Paths of what was made by a POST to a path; also by the twin, and by a stream that the client has left."""
    if path not in _STORES:
        return []
    made = [judgement.body, judgement.sources.get("whole"), *(event.get("response") for event in judgement.events[:1])]
    ids = dict.fromkeys(id_ for id_ in map(_id_of, made) if id_ is not None)
    return [f"{path}/{id_}" for id_ in ids]


def _id_of(body: Any) -> str | None:
    match body:
        case {"store": False}:
            return None
        case {"id": str(id_)} if _ID.fullmatch(id_):
            return id_
        case _:
            return None


async def remove(target: Target, headers: dict[str, str], paths: Iterable[str]) -> None:
    """Delete what cases have made. What is gone already is as good; a server that does not delete at all is not asked again."""
    hurried = replace(target, timeout_s=min(target.timeout_s, _LONGEST_S))
    for path in paths:
        answer = await send(hurried, Request("DELETE", target.root + path, headers))
        if answer.status in _CANNOT:
            return
