"""Any sequence of operations, on a store and on a model of it that is simple enough to be believed."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from triglot.state.store import RUNNING, Item, StoredConversation, StoredResponse

from .stores import KINDS, LEASE_S, PRECISION_S, TTL_S, Clock, open_store

FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a start and an end wait for the disk
OWNERS = st.sampled_from(["", "a"])
RESPONSES = st.sampled_from([f"resp_{n}" for n in range(4)])
CONVERSATIONS = st.sampled_from(["conv_0", "conv_1"])
BODIES = st.binary(max_size=3)
ITEMS = st.lists(st.builds(Item, id=st.sampled_from([f"item_{n}" for n in range(5)]), body=BODIES), max_size=4)
STATUS = st.sampled_from(["queued", "in_progress", "completed", "failed", "cancelled"])
SOME_ITEM = st.sampled_from([f"item_{n}" for n in range(6)])


@dataclass
class Response:
    stored: StoredResponse
    given: list[tuple[int, Item]]
    made: list[tuple[int, Item]]
    used_at: float
    lease: float = 0.0
    cancelled: bool = False
    events: dict[int, bytes] = field(default_factory=dict)


@dataclass
class Conversation:
    stored: StoredConversation
    items: list[tuple[int, Item]]
    used_at: float


class Model:
    """What a store has to do, by owner and name; each item with the number of its writing."""

    def __init__(self, clock):
        self.clock = clock
        self.responses: dict[tuple[str, str], Response] = {}
        self.conversations: dict[tuple[str, str], Conversation] = {}
        self.written = 0

    def number(self, items):
        numbered = [(self.written + n, item) for n, item in enumerate(items)]
        self.written += len(items)
        return numbered

    def response(self, owner, name):
        found = self.responses.get((owner, name))
        if found is not None and (found.used_at > self.clock() - TTL_S or found.lease > self.clock()):
            return found
        return None

    def conversation(self, owner, name):
        found = self.conversations.get((owner, name))
        return found if found is not None and found.used_at > self.clock() - TTL_S else None

    def use(self, thing):
        if thing.used_at < self.clock() - PRECISION_S and thing.used_at > self.clock() - TTL_S:
            thing.used_at = self.clock()

    def save_response(self, owner, stored, given, made):
        before = self.response(owner, stored.id)
        if before is None and stored.background and stored.status not in RUNNING:
            return
        saved = Response(stored, self.number(given), self.number(made), self.clock())
        if before is not None:
            saved.events, saved.cancelled = before.events, before.cancelled and before.stored.status in RUNNING
        if stored.status in RUNNING:
            saved.lease = self.clock() + LEASE_S
        elif stored.status != "failed" and stored.conversation_id is not None and (before is None or before.stored.status in RUNNING):
            self.append_items(owner, stored.conversation_id, [*given, *made])
        self.responses[owner, stored.id] = saved

    def load_response(self, owner, name):
        found = self.response(owner, name)
        if found is None:
            return None
        return replace_struct(found.stored, lost=found.stored.status in RUNNING and found.lease <= self.clock())

    def load_chain(self, owner, name):
        links, seen = [], set()
        while name is not None:
            found = self.response(owner, name)
            if found is None or name in seen:
                return None
            seen.add(name)
            links.insert(0, found)
            name = found.stored.previous_id
        for link in links:
            self.use(link)
        return [item for link in links for _, item in [*link.given, *link.made]]

    def append_events(self, owner, name, events):
        found = self.response(owner, name)
        if found is None:
            return False
        found.events.update(events)
        if found.stored.status in RUNNING:
            found.lease = self.clock() + LEASE_S
        return found.stored.status in RUNNING and not found.cancelled

    def load_events(self, owner, name, after, limit):
        found = self.response(owner, name)
        return [] if found is None else [(n, found.events[n]) for n in sorted(found.events) if n > after][:limit]

    def cancel_response(self, owner, name):
        found = self.response(owner, name)
        if found is None or found.stored.status not in RUNNING or found.lease <= self.clock():
            return False
        found.cancelled = True
        return True

    def delete(self, things, find, owner, name):
        lives = find(owner, name) is not None
        things.pop((owner, name), None)
        return lives

    def find_items(self, owner, names):
        lists = [
            side
            for (of, name), found in self.responses.items()
            if of == owner and self.response(of, name)
            for side in (found.given, found.made)
        ]
        lists += [found.items for (of, name), found in self.conversations.items() if of == owner and self.conversation(of, name)]
        numbered = sorted((n, item.id, item.body) for items in lists for n, item in items)
        return {name: body for _, name, body in numbered if name in names}

    def append_items(self, owner, name, items):
        found = self.conversation(owner, name)
        if found is None:
            return False
        found.items += self.number(items)
        found.used_at = self.clock()
        return True

    def page(self, numbered, after, limit, newest_first):
        items = [item for _, item in numbered][:: -1 if newest_first else 1]
        if after is not None:
            places = [place for place, item in enumerate(items) if item.id == after]
            if not places:
                return [], False
            items = items[places[-1] + 1 :]
        return items[:limit], len(items) > limit


def replace_struct(stored, **changes):
    return type(stored)(**{name: getattr(stored, name) for name in stored.__struct_fields__} | changes)


class StoreMachine(RuleBasedStateMachine):
    kind = ""

    def __init__(self):
        super().__init__()
        self.clock = Clock()
        self.model = Model(self.clock)
        self.directory = tempfile.TemporaryDirectory(dir=FAST)
        self.runner = asyncio.Runner()
        self.store = open_store(self.kind, Path(self.directory.name), self.clock)

    def teardown(self):
        self.run(self.store.aclose())
        self.runner.close()
        self.directory.cleanup()

    def run(self, coroutine):
        return self.runner.run(coroutine)

    @rule(seconds=st.sampled_from([1.0, LEASE_S - 1, LEASE_S, PRECISION_S, PRECISION_S + 1, TTL_S / 2, TTL_S]))
    def wait(self, seconds):
        self.clock.now += seconds

    @rule(
        owner=OWNERS, name=RESPONSES, status=STATUS, background=st.booleans(), body=BODIES, given=ITEMS, made=ITEMS,
        previous=st.none() | RESPONSES, conversation=st.none() | CONVERSATIONS,
    )  # fmt: skip
    def save_response(self, owner, name, status, background, body, given, made, previous, conversation):
        stored = StoredResponse(name, status, body, 7, background, previous, conversation)
        self.model.save_response(owner, stored, given, made)
        self.run(self.store.save_response(owner, stored, given, made))

    @rule(owner=OWNERS, name=RESPONSES)
    def load_response(self, owner, name):
        assert self.run(self.store.load_response(owner, name)) == self.model.load_response(owner, name)

    @rule(owner=OWNERS, name=RESPONSES)
    def delete_response(self, owner, name):
        expected = self.model.delete(self.model.responses, self.model.response, owner, name)
        assert self.run(self.store.delete_response(owner, name)) == expected

    @rule(owner=OWNERS, name=RESPONSES)
    def load_chain(self, owner, name):
        assert self.run(self.store.load_chain(owner, name)) == self.model.load_chain(owner, name)

    @rule(owner=OWNERS, name=RESPONSES, after=st.none() | SOME_ITEM, limit=st.integers(1, 5), newest_first=st.booleans())
    def list_given(self, owner, name, after, limit, newest_first):
        page = self.run(self.store.list_given(owner, name, after=after, limit=limit, newest_first=newest_first))
        self.compare(page, self.model.response(owner, name), "given", after, limit, newest_first)

    @rule(owner=OWNERS, name=CONVERSATIONS, after=st.none() | SOME_ITEM, limit=st.integers(1, 5), newest_first=st.booleans())
    def list_items(self, owner, name, after, limit, newest_first):
        page = self.run(self.store.list_items(owner, name, after=after, limit=limit, newest_first=newest_first))
        self.compare(page, self.model.conversation(owner, name), "items", after, limit, newest_first)

    def compare(self, page, found, side, after, limit, newest_first):
        if found is None:
            assert page is None
            return
        items, more = self.model.page(getattr(found, side), after, limit, newest_first)
        assert (list(page.items), page.has_more) == (items, more)

    @rule(owner=OWNERS, names=st.lists(SOME_ITEM, max_size=4))
    def find_items(self, owner, names):
        assert self.run(self.store.find_items(owner, names)) == self.model.find_items(owner, names)

    @rule(owner=OWNERS, name=RESPONSES, events=st.dictionaries(st.integers(0, 9), BODIES, max_size=4))
    def append_events(self, owner, name, events):
        expected = self.model.append_events(owner, name, events)
        assert self.run(self.store.append_events(owner, name, sorted(events.items()))) == expected

    @rule(owner=OWNERS, name=RESPONSES, after=st.integers(-1, 9), limit=st.integers(1, 9))
    def load_events(self, owner, name, after, limit):
        expected = self.model.load_events(owner, name, after, limit)
        assert self.run(self.store.load_events(owner, name, after=after, limit=limit)) == expected

    @rule(owner=OWNERS, name=RESPONSES)
    def cancel_response(self, owner, name):
        assert self.run(self.store.cancel_response(owner, name)) == self.model.cancel_response(owner, name)

    @rule(owner=OWNERS, name=CONVERSATIONS, items=ITEMS)
    def create_conversation(self, owner, name, items):
        stored = StoredConversation(name, 7, b"{}")
        self.model.conversations[owner, name] = Conversation(stored, self.model.number(items), self.clock())
        self.run(self.store.create_conversation(owner, stored, items))

    @rule(owner=OWNERS, name=CONVERSATIONS)
    def load_conversation(self, owner, name):
        found = self.model.conversation(owner, name)
        assert self.run(self.store.load_conversation(owner, name)) == (found and found.stored)

    @rule(owner=OWNERS, name=CONVERSATIONS, metadata=BODIES)
    def update_conversation(self, owner, name, metadata):
        found = self.model.conversation(owner, name)
        if found is not None:
            found.stored, found.used_at = replace_struct(found.stored, metadata=metadata), self.clock()
        assert self.run(self.store.update_conversation(owner, name, metadata)) == (found and found.stored)

    @rule(owner=OWNERS, name=CONVERSATIONS)
    def delete_conversation(self, owner, name):
        expected = self.model.delete(self.model.conversations, self.model.conversation, owner, name)
        assert self.run(self.store.delete_conversation(owner, name)) == expected

    @rule(owner=OWNERS, name=CONVERSATIONS)
    def load_conversation_items(self, owner, name):
        found = self.model.conversation(owner, name)
        loaded = self.run(self.store.load_conversation_items(owner, name))
        assert loaded == (None if found is None else [item for _, item in found.items])
        if found is not None:
            self.model.use(found)

    @rule(owner=OWNERS, name=CONVERSATIONS, items=ITEMS)
    def append_items(self, owner, name, items):
        expected = self.model.append_items(owner, name, items)
        assert self.run(self.store.append_items(owner, name, items)) == expected

    @rule(owner=OWNERS, name=CONVERSATIONS, item=SOME_ITEM)
    def load_item(self, owner, name, item):
        found = self.model.conversation(owner, name)
        bodies = [one.body for _, one in found.items if one.id == item] if found else []
        assert self.run(self.store.load_item(owner, name, item)) == (bodies[-1] if bodies else None)

    @rule(owner=OWNERS, name=CONVERSATIONS, item=SOME_ITEM)
    def delete_item(self, owner, name, item):
        found = self.model.conversation(owner, name)
        kept = [(n, one) for n, one in found.items if one.id != item] if found else []
        expected = found is not None and len(kept) < len(found.items)
        if found is not None:
            found.items = kept
        assert self.run(self.store.delete_item(owner, name, item)) == expected

    @rule()
    def restart(self):
        if self.kind != "sqlite-memory":
            self.run(self.store.aclose())
            self.store = open_store(self.kind, Path(self.directory.name), self.clock)


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_does_what_its_model_does(kind):
    some = settings(max_examples=30, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(type("Machine", (StoreMachine,), {"kind": kind}), settings=some)
