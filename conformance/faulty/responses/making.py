"""The operations that ask the model: a response, the length of its prompt, a shortened conversation."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from faulty.exchange import Refusal, Reply, Request, Stream
from faulty.model import Plan, Usage, pieces
from faulty.responses.checks import COMPACT, COUNT, CREATE
from faulty.responses.events import tell_response
from faulty.responses.output import begin_response, count, end_response, make_output
from faulty.responses.prompt import make_prompt, seal_summary, summarise
from faulty.responses.reading import read_items
from faulty.responses.seals import Seals
from faulty.store import StoredResponse

if TYPE_CHECKING:
    from faulty.host import Host
    from faulty.responses.reading import Given
    from faulty.store import Store

Document = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """A response that was made.

    Attributes:
        kept: it, as it is stored.
        begun: it, before the model said anything.
        given: what it was given.
        plan: what the model said.
        stored: whether it shall be stored.
    """

    kept: StoredResponse
    begun: Document
    given: Given
    plan: Plan
    stored: bool


class Making:
    """Makes responses.

    Args:
        host: the model and all that is around it.
        store: where responses are kept.
    """

    def __init__(self, host: Host, store: Store) -> None:
        self._host = host
        self._store = store
        self._seals = Seals(secrets.token_bytes(32))

    async def create(self, request: Request) -> Reply | Stream:
        """Answer a list of items."""
        body = _body(request)
        made = self.make(body, self._store, request)
        if body.get("background"):
            return self._work_on(made, request)
        if made.stored or self._host.has("responses/store-false-is-stored"):
            self.keep(made)
        final = made.kept.response
        if body.get("stream"):
            return Stream(tell_response(final), reads=made.plan.usage.uncached)
        return Reply(final, tokens=made.plan.usage.completion)

    def make(self, body: Document, store: Store, request: Request, *, answers: bool = True) -> Made:
        """Make a response, and keep it nowhere.

        Args:
            body: the request.
            store: where what it refers to is found.
            request: the request that it came with.
            answers: whether the model is asked; without it the response is empty and complete.

        Raises:
            Refusal: the request cannot be served.
        """
        CREATE(body, "")
        model = self._model(body)
        if body.get("prompt") is not None:
            raise Refusal(400, "There are no stored prompts here.", param="prompt", code="unsupported_parameter")
        stored = body.get("store") is not False
        if body.get("background") and not stored:
            raise Refusal(400, "A response in the background has to be stored.", param="background")
        given = read_items(body, store, self._host)
        begun = begin_response(body, response_id=self._host.new_id("resp_"), created_at=self._host.now(), model=model)
        if answers:
            final, plan = self._answer(body, given, begun, request)
        else:
            plan = Plan()
            final = end_response(begun, [], plan, now=self._host.now())
        return Made(StoredResponse(final, given.own, body.get("previous_response_id")), begun, given, plan, stored)

    def keep(self, made: Made) -> None:
        """Store a response, and add it to its conversation."""
        self._store.responses[made.kept.response["id"]] = made.kept
        if not self._host.has("responses/conversation-forgets-answers"):
            _join(made.kept, made.given)

    async def count(self, request: Request) -> Reply:
        """Say how long the prompt of a response would be."""
        body = _body(request)
        COUNT(body, "")
        self._model(body)
        given = read_items(body, self._store, self._host)
        prompt, _ = make_prompt(body, given.read, self._seals, context=self._host.context)
        return Reply({"object": "response.input_tokens", "input_tokens": len(prompt.tokens())})

    async def compact(self, request: Request) -> Reply:
        """Shorten a conversation to the user's words and a sealed summary."""
        body = _body(request)
        COMPACT(body, "")
        self._model(body)
        given = read_items(body, self._store, self._host)
        item, plan = self._summary(body, given)
        spoken = [one for one in given.read if one["type"] == "message" and one["role"] == "user"]
        answer = {
            "id": self._host.new_id("resp_"),
            "object": "response.compaction",
            "created_at": self._host.now(),
            "output": [*spoken, item],
            "usage": count(plan.usage),
        }
        return Reply(answer, tokens=plan.usage.completion)

    def _model(self, body: Document) -> str:
        model = body.get("model") or self._host.models[0]
        if model not in self._host.models:
            raise Refusal(404, f"The model '{model}' does not exist.", param="model", code="model_not_found")
        return str(model)

    def _answer(self, body: Document, given: Given, begun: Document, request: Request) -> tuple[Document, Plan]:
        if given.compacts:
            item, plan = self._summary(body, given)
            return end_response(begun, [item], plan, now=self._host.now()), plan
        prompt, offered = make_prompt(body, given.read, self._seals, context=self._host.context)
        plan = self._host.plan(prompt, request)
        output = make_output(body, plan, offered, self._seals, self._host.new_id)
        return end_response(begun, output, plan, now=self._host.now()), plan

    def _summary(self, body: Document, given: Given) -> tuple[Document, Plan]:
        prompt, _ = make_prompt({**body, "tools": None, "tool_choice": None}, given.read, self._seals, context=self._host.context)
        text = summarise(given.read, self._seals)
        plan = Plan(text=text, usage=Usage(prompt=len(prompt.tokens()), completion=len(pieces(text))))
        return {"type": "compaction", "id": self._host.new_id("cmp_"), "encrypted_content": seal_summary(text, self._seals)}, plan

    def _work_on(self, made: Made, request: Request) -> Reply | Stream:
        """Make a response in the background."""
        kept = made.kept
        events = tell_response(kept.response, queued=True)
        kept.response = made.begun
        self._store.responses[made.begun["id"]] = kept
        if self._host.has("responses/background-at-once"):
            kept.tell(*events)
        else:
            kept.tell(*events[:2])
            kept.work = self._host.spawn(self._tell(kept, events[2:], made.given))
        return Stream(kept.follow()) if _body(request).get("stream") else Reply(kept.response)

    async def _tell(self, kept: StoredResponse, events: list[Document], given: Given) -> None:
        async with self._host.slot():
            for event in events:
                await self._host.pause()
                kept.tell(event)
        _join(kept, given)


def _join(kept: StoredResponse, given: Given) -> None:
    """Add what a response was given and made to its conversation."""
    if given.conversation is not None:
        given.conversation.items += [*kept.given, *kept.response["output"]]


def _body(request: Request) -> Document:
    body: Document = {} if request.json is None else request.json
    return body
