"""Turns a recorded session into cases that run against any server. The format is that of docs/authoring-cases.md."""

from __future__ import annotations

import copy
import itertools
import json
import re
import shutil
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import yaml

from triglot_conformance.case import PATHS
from triglot_conformance.record.links import Link, exercised_by, find_id, find_links
from triglot_conformance.record.needs import needs_of
from triglot_conformance.record.redact import Redaction
from triglot_conformance.record.session import ContentError, header

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from triglot_conformance.record.session import Exchange

Json: TypeAlias = Any

# Headers that a server may read; the others are about a connection, a machine, or the client's own business.
_HEADERS: Final = re.compile(
    r"accept|anthropic-(?:version|beta|dangerous-direct-browser-access)|openai-beta|x-app|x-codex-beta-features|x-stainless-(?:lang|helper[\w-]*)"
)
_USUAL_HEADERS: Final = {"anthropic-version": "2023-06-01", "accept": "*/*"}
_PLAIN_VALUE: Final = re.compile(r"[\w ,;=./*+()-]{0,500}", re.ASCII)
_ENCODINGS: Final = ("gzip", "zstd")
_ID_AT: Final = 3  # in a path such as /v1/responses/ID
_SPECS: Final = {
    "chat": "chat/openapi.yaml#/paths/~1v1~1chat~1completions",
    "responses": "responses/openapi.yaml#/paths/~1v1~1responses",
    "messages": "messages/openapi.yaml#/paths/~1v1~1messages",
}
_ENDS: Final = {"response.completed", "response.incomplete", "response.failed"}


class RecordError(Exception):
    """The session cannot be written as cases; the message says why."""


@dataclass(frozen=True)
class Redacting:
    """What stays of a session; see `redact.Redaction`."""

    facts: tuple[str, ...] = ()
    longest: int | None = None
    keeps_prose: bool = False


@dataclass(frozen=True)
class Client:
    """Who sent a request, as its `user-agent` says."""

    name: str
    version: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


@dataclass(frozen=True)
class Asked:
    """A request of the session that a case can be made of.

    Attributes:
        route: path and query, below the server's root.
        document: its body; None for none.
        answer: the body of the answer, or what its stream folds to; None where that is not known.
        encoding: how the body was compressed, where a case can say so.
        socket: it was a message on a WebSocket.
    """

    dialect: str
    client: Client
    method: str
    route: str
    headers: dict[str, str]
    document: Json
    answer: Json
    encoding: str | None = None
    socket: bool = False


@dataclass(frozen=True)
class Draft:
    """A case in the making.

    Attributes:
        id: the folder's path below `cases/`.
        source: what `case.yaml` says.
        bodies: of the steps, None for none; a case of one step has it in its own folder.
    """

    id: str
    source: dict[str, Json]
    bodies: list[Json] = field(default_factory=list)


def draft_cases(
    exchanges: Sequence[Exchange], redacting: Redacting = Redacting(), taken: Collection[str] = ()
) -> tuple[list[Draft], list[str]]:
    """Make cases of a session: one for each request, or for several where a later one sends back what an answer gave.

    Args:
        exchanges: the session.
        redacting: what stays of it.
        taken: ids that no case may get.

    Returns:
        The cases, and words about what was left out.
    """
    asked, notes = read_session(exchanges)
    links = [_links_of(asked[:index], one) for index, one in enumerate(asked)]
    drafts: list[Draft] = []
    used = set(taken)
    for group in _groups(links):
        first = asked[group[0]]
        base = f"{first.dialect}/clients/{first.client.name}"
        case_id = next(name for number in itertools.count(1) if (name := f"{base}/{number:02}") not in used)
        used.add(case_id)
        try:
            draft, more = draft_case(case_id, [asked[index] for index in group], redacting)
        except RecursionError:
            notes.append(f"{case_id}: left out, its body is nested too deeply")
            continue
        drafts.append(draft)
        notes += more
    return drafts, notes


def read_session(exchanges: Sequence[Exchange]) -> tuple[list[Asked], list[str]]:
    """The requests of a session that were answered with success, and words about the others."""
    asked: list[Asked] = []
    notes: list[str] = []
    for number, exchange in enumerate(exchanges, 1):
        name = f"request {number}, {exchange.method} {exchange.path}"
        if exchange.dialect is None:
            notes.append(f"{name}: left out, the path belongs to no dialect")
        elif exchange.status == 101:  # noqa: PLR2004
            asked += _read_messages(exchange)
        elif not 200 <= exchange.status < 300:  # noqa: PLR2004
            notes.append(f"{name}: left out, the answer was {exchange.status or 'none'}")
        else:
            try:
                document = exchange.document
            except ContentError as error:
                notes.append(f"{name}: left out, {error}")
                continue
            coding = (header(exchange.headers, "content-encoding") or "").lower()
            encoding = coding if coding in _ENCODINGS else None
            if coding and not encoding:
                notes.append(f"{name}: its body was in the coding {coding}; the case sends it plain")
            asked.append(_asked(exchange, document, exchange.answer_document, encoding=encoding))
    return asked, notes


def draft_case(case_id: str, asked: Sequence[Asked], redacting: Redacting = Redacting()) -> tuple[Draft, list[str]]:
    """Make one case of some requests; see `draft_cases`."""
    links = [_links_of(asked[:index], one) for index, one in enumerate(asked)]
    names = _names(links)
    placeholders = [_placeholder(name, value) for name in names.values() for value in ("", None)]
    redaction = Redaction(redacting.facts, placeholders, redacting.longest, keeps_prose=redacting.keeps_prose)
    steps: list[dict[str, Json]] = []
    bodies: list[Json] = []
    for index, one in enumerate(asked):
        document, route = copy.deepcopy(one.document), redaction.route(one.route)
        for link in links[index]:
            name = names[link.giver, link.source]
            if link.place:
                _put(document, link.place, _placeholder(name, link.value))
            else:
                route = redaction.route(one.route, {link.value: _placeholder(name, link.value)})
        bodies.append(redaction.body(document))
        bind = {name: source for (giver, source), name in names.items() if giver == index}
        exercised = exercised_by(one.answer, bind.values())
        steps.append(_step_source(one, route) | ({"exercised": exercised} if exercised else {}) | ({"bind": bind} if bind else {}))
    source = _case_source(asked, steps, redacting if redaction.was_cut else replace(redacting, longest=None))
    blank = ", ".join(sorted(redaction.blank_media))
    return Draft(case_id, source, bodies), [f"{case_id}: the data of {blank} are zeros; put a file of your own there"] if blank else []


def write_case(draft: Draft, folder: Path, *, force: bool = False) -> Path:
    """Write a case below a folder of cases; return its own folder.

    Raises:
        RecordError: it is there already, and not to be replaced.
        OSError: it cannot be written.
    """
    place = folder / draft.id
    if place.exists() and not force:
        raise RecordError(f"{place} is there already; --force replaces it")
    shutil.rmtree(place, ignore_errors=True)  # an older case may have had more steps
    place.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(draft.source, sort_keys=False, allow_unicode=True, width=140)
    (place / "case.yaml").write_text(text, encoding="utf-8")
    for number, body in enumerate(draft.bodies, 1):
        if body is not None:
            path = place / "live.json" if len(draft.bodies) == 1 else place / str(number) / "live.json"
            path.parent.mkdir(exist_ok=True)
            path.write_text(_encode(body), encoding="utf-8")
    return place


def client_of(agent: str | None) -> Client:
    """Name and version of a client: `OpenAI/Python 3.51.0` is `openai-python` in version `3.51.0`."""
    first, _, rest = (agent or "").partition(" ")
    parts = [part for part in first.split("/") if part]
    version = parts.pop() if len(parts) > 1 and parts[-1][:1].isdigit() else ""
    if not version and rest[:1].isdigit():
        version = rest.partition(" ")[0]
    name = re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")
    return Client(name[:40] or "client", version if re.fullmatch(r"[\w.+-]{1,30}", version) else "")


def _asked(exchange: Exchange, document: Json, answer: Json, *, encoding: str | None = None, socket: bool = False) -> Asked:
    headers = {name.lower(): value for name, value in exchange.headers if _is_kept(name.lower(), value)}
    client = client_of(header(exchange.headers, "user-agent"))
    assert exchange.dialect is not None  # noqa: S101
    return Asked(exchange.dialect, client, exchange.method, exchange.route, headers, document, answer, encoding, socket)


def _read_messages(exchange: Exchange) -> list[Asked]:
    """The messages of a WebSocket; the answers come in their order."""
    heard = [json.loads(message) for message in exchange.heard]
    answers = [event.get("response") for event in heard if event.get("type") in _ENDS]
    said = [json.loads(message) for message in exchange.said]
    return [
        _asked(exchange, document, answers[index] if index < len(answers) else None, socket=True) for index, document in enumerate(said)
    ]


def _is_kept(name: str, value: str) -> bool:
    usual = _USUAL_HEADERS.get(name) == value
    return bool(_HEADERS.fullmatch(name)) and bool(_PLAIN_VALUE.fullmatch(value)) and not usual


def _links_of(before: Sequence[Asked], one: Asked) -> list[Link]:
    answers = [other.answer for other in before]
    links = find_links(answers, one.document)
    parts = one.route.partition("?")[0].split("/")
    if len(parts) > _ID_AT and (found := find_id(answers, parts[_ID_AT])):
        links.append(Link(*found, (), parts[_ID_AT]))
    return links


def _groups(links: Sequence[Sequence[Link]]) -> list[list[int]]:
    """Indices of the requests that hang together, by their first."""
    owner = list(range(len(links)))
    for index, own in enumerate(links):
        for link in own:
            old, new = sorted((owner[index], owner[link.giver]), reverse=True)
            owner = [new if one == old else one for one in owner]
    return [[index for index, one in enumerate(owner) if one == first] for first in sorted(set(owner))]


def _names(links: Sequence[Sequence[Link]]) -> dict[tuple[int, str], str]:
    """A name for each value that is sent back, after its last key."""
    names: dict[tuple[int, str], str] = {}
    for link in (link for own in links for link in own):
        if (link.giver, link.source) not in names:
            base = re.findall(r"\w+", link.source)[-1]
            taken = sum(name.rpartition("_")[0] == base or name == base for name in names.values())
            names[link.giver, link.source] = f"{base}_{taken + 1}" if taken else base
    return names


def _placeholder(name: str, value: Json) -> str:
    return f"{{{{{name}}}}}" if isinstance(value, str) else f"{{{{json:{name}}}}}"


def _put(document: Json, place: tuple[str | int, ...], value: str) -> None:
    for key in place[:-1]:
        document = document[key]
    document[place[-1]] = value


def _step_source(one: Asked, route: str) -> dict[str, Json]:
    """What a step says beside its body, which is what the client did; a client that streams does not do the same without."""
    source: dict[str, Json] = {}
    if one.socket:
        source["socket"] = "one"
    if one.method != "POST" and not one.socket:
        source["method"] = one.method
    if route != PATHS[one.dialect]:
        source["path"] = route
    if one.headers:
        source["headers"] = one.headers
    if one.encoding:
        source["encoding"] = one.encoding
    return source


def _case_source(asked: Sequence[Asked], steps: list[dict[str, Json]], redacting: Redacting) -> dict[str, Json]:
    first = asked[0]
    needs = sorted({need for one in asked for need in needs_of(one.dialect, one.route, one.document)})
    if any(one.socket for one in asked):
        needs.append("websocket")
    counts = first.route.partition("?")[0].endswith("count_tokens")
    replaced = "secrets and facts about a machine" if redacting.keeps_prose else "prose, secrets and facts about a machine"
    origin = f"recorded from {first.client}; {replaced} are filler"
    if redacting.longest is not None:
        origin += f", and texts are cut to {redacting.longest} characters"
    return {
        "requirement": f"What {first.client.name} sends is answered; nothing in it is refused.",
        "level": "MUST",
        "spec": [_SPECS[first.dialect] + ("~1count_tokens" if counts else "")],
        **({"needs": needs} if needs else {}),
        "origin": {"live": origin},
        "live": steps[0] if len(steps) == 1 else {"steps": steps},
    }


def _encode(body: Json) -> str:
    text = json.dumps(body, indent=1, ensure_ascii=False) + "\n"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(body, indent=1) + "\n"
    return text
