"""What every store does, whatever keeps it."""

from __future__ import annotations

import asyncio
import functools

import pytest

from triglot.state.store import Item, Page, StoreError

from .stores import KINDS, LEASE_S, OTHER, OWNER, TTL_S, Clock, conversation, item, items, open_store, response, tell


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=KINDS)
def open_(request, tmp_path, clock):
    """Opens the store, of each kind."""
    return functools.partial(open_store, request.param, tmp_path, clock)


def ids(page: Page | list[Item] | None) -> list[str]:
    found = page.items if isinstance(page, Page) else page
    return [item.id for item in found]


def test_a_response_comes_back_as_it_was_saved(open_):
    async def story(store):
        saved = response("resp_1", "incomplete", background=True, previous_id="resp_0", conversation_id="conv_0")
        body = b'{"text": "\xf0\x9f\x90\xa6 \\u2028",   "n": 1e400}'  # kept byte for byte
        await store.save_response(OWNER, response("resp_1", "queued", background=True), [], [])
        await store.save_response(OWNER, saved, items("msg_1"), [Item("msg_2", body)])
        assert await store.load_response(OWNER, "resp_1") == saved
        assert await store.load_response(OWNER, "resp_2") is None
        assert await store.find_items(OWNER, ["msg_2"]) == {"msg_2": body}

    tell(open_(), story)


def test_nobody_sees_what_is_of_another_owner(open_):
    async def story(store):
        await store.save_response(OWNER, response("resp_1", "in_progress", background=True), items("msg_1"), [])
        await store.append_events(OWNER, "resp_1", [(0, b"event")])
        await store.create_conversation(OWNER, conversation("conv_1"), items("msg_2"))
        page = {"after": None, "limit": 9, "newest_first": False}
        for stranger in (OTHER, "", OWNER.upper(), OWNER + " "):
            assert await store.load_response(stranger, "resp_1") is None
            assert await store.load_chain(stranger, "resp_1") is None
            assert await store.list_given(stranger, "resp_1", **page) is None
            assert await store.find_items(stranger, ["msg_1", "msg_2"]) == {}
            assert await store.load_events(stranger, "resp_1", after=-1, limit=9) == []
            assert not await store.append_events(stranger, "resp_1", [(0, b"forged"), (1, b"forged")])
            assert not await store.cancel_response(stranger, "resp_1")
            assert not await store.delete_response(stranger, "resp_1")
            assert await store.load_conversation(stranger, "conv_1") is None
            assert await store.update_conversation(stranger, "conv_1", b"forged") is None
            assert await store.load_conversation_items(stranger, "conv_1") is None
            assert await store.list_items(stranger, "conv_1", **page) is None
            assert await store.load_item(stranger, "conv_1", "msg_2") is None
            assert not await store.append_items(stranger, "conv_1", items("msg_3"))
            assert not await store.delete_item(stranger, "conv_1", "msg_2")
            assert not await store.delete_conversation(stranger, "conv_1")
            # what is named the same is another's own
            await store.save_response(stranger, response("resp_1", previous_id="resp_0"), items("msg_1"), [])
            await store.create_conversation(stranger, conversation("conv_1"), [])
            await store.save_response(stranger, response("resp_9", conversation_id="conv_1"), items("msg_9"), [])
            await store.save_response(stranger, response("resp_2", previous_id="only_mine"), items("msg_9"), [])
        await store.save_response(OWNER, response("only_mine"), items("msg_8"), [])
        for stranger in (OTHER, ""):
            assert await store.load_chain(stranger, "resp_2") is None
        assert await store.load_response(OWNER, "resp_1") == response("resp_1", "in_progress", background=True)
        assert await store.load_events(OWNER, "resp_1", after=-1, limit=9) == [(0, b"event")]
        assert await store.append_events(OWNER, "resp_1", [])
        assert await store.load_conversation(OWNER, "conv_1") == conversation("conv_1")
        assert ids(await store.load_conversation_items(OWNER, "conv_1")) == ["msg_2"]

    tell(open_(), story)


def test_a_chain_is_all_items_from_its_first_response_on(open_):
    async def story(store):
        previous = None
        for turn in range(20):
            name = f"resp_{turn}"
            await store.save_response(
                OWNER, response(name, previous_id=previous), items(f"u{turn}", f"v{turn}"), items(f"m{turn}", f"n{turn}")
            )
            previous = name
        await store.save_response(OWNER, response("branch", previous_id="resp_1"), items("u9"), [])
        whole = [name for turn in range(20) for name in (f"u{turn}", f"v{turn}", f"m{turn}", f"n{turn}")]
        assert ids(await store.load_chain(OWNER, "resp_19")) == whole
        assert ids(await store.load_chain(OWNER, "resp_0")) == whole[:4]
        assert ids(await store.load_chain(OWNER, "branch")) == [*whole[:8], "u9"]
        await store.delete_response(OWNER, "resp_1")
        assert await store.load_chain(OWNER, "resp_19") is None
        assert await store.load_chain(OWNER, "branch") is None
        assert ids(await store.load_chain(OWNER, "resp_0")) == whole[:4]

    tell(open_(), story)


def test_a_chain_that_bites_its_tail_ends(open_):
    async def story(store):
        await store.save_response(OWNER, response("resp_1", previous_id="resp_2"), items("a"), [])
        await store.save_response(OWNER, response("resp_2", previous_id="resp_1"), items("b"), [])
        assert await store.load_chain(OWNER, "resp_1") is None

    tell(open_(), story)


def test_a_response_that_is_saved_again_replaces_itself_and_keeps_its_events(open_):
    async def story(store):
        await store.save_response(OWNER, response("resp_1", "queued", background=True), items("a", "b"), [])
        await store.append_events(OWNER, "resp_1", [(0, b"zero"), (1, b"one")])
        done = response("resp_1", background=True)
        await store.save_response(OWNER, done, items("a"), items("c"))
        assert await store.load_response(OWNER, "resp_1") == done
        assert ids(await store.load_chain(OWNER, "resp_1")) == ["a", "c"]
        assert await store.find_items(OWNER, ["a", "b", "c"]) == {one.id: one.body for one in items("a", "c")}
        assert await store.load_events(OWNER, "resp_1", after=-1, limit=9) == [(0, b"zero"), (1, b"one")]

    tell(open_(), story)


def test_deleting_takes_items_and_events_along(open_):
    async def story(store):
        await store.create_conversation(OWNER, conversation("conv_1"), [])
        await store.save_response(OWNER, response("resp_1", "queued", background=True), items("a"), [])
        await store.append_events(OWNER, "resp_1", [(0, b"zero")])
        await store.save_response(OWNER, response("resp_2", conversation_id="conv_1"), items("b"), items("c"))
        assert await store.delete_response(OWNER, "resp_1")
        assert await store.delete_response(OWNER, "resp_2")
        assert not await store.delete_response(OWNER, "resp_1")
        assert await store.load_response(OWNER, "resp_1") is None
        assert await store.load_events(OWNER, "resp_1", after=-1, limit=9) == []
        assert ids(await store.load_conversation_items(OWNER, "conv_1")) == ["b", "c"]
        assert set(await store.find_items(OWNER, ["a", "b", "c"])) == {"b", "c"}
        assert await store.delete_conversation(OWNER, "conv_1")
        assert await store.find_items(OWNER, ["a", "b", "c"]) == {}
        # nothing of the first one comes back with the next of its name
        await store.save_response(OWNER, response("resp_1", "queued", background=True), [], [])
        assert await store.load_events(OWNER, "resp_1", after=-1, limit=9) == []

    tell(open_(), story)


def test_who_works_on_a_deleted_or_cancelled_response_learns_it(open_):
    async def story(store):
        for name in ("resp_1", "resp_2"):
            await store.save_response(OWNER, response(name, "queued", background=True), [], [])
            assert await store.append_events(OWNER, name, [(0, b"zero")])
        assert await store.cancel_response(OWNER, "resp_1")
        assert await store.cancel_response(OWNER, "resp_1")  # to ask again changes nothing
        await store.delete_response(OWNER, "resp_2")
        for name in ("resp_1", "resp_2", "resp_3"):
            assert not await store.append_events(OWNER, name, [(1, b"one")])
        assert not await store.cancel_response(OWNER, "resp_2")
        await store.save_response(OWNER, response("resp_1", "cancelled", background=True), [], [])
        assert not await store.cancel_response(OWNER, "resp_1")
        assert await store.load_events(OWNER, "resp_1", after=-1, limit=9) == [(0, b"zero"), (1, b"one")]

    tell(open_(), story)


def test_a_deleted_response_is_not_brought_back_by_its_end(open_):
    async def story(store):
        await store.create_conversation(OWNER, conversation("conv_1"), [])
        await store.save_response(OWNER, response("resp_1", "queued", background=True, conversation_id="conv_1"), items("a"), [])
        await store.delete_response(OWNER, "resp_1")
        await store.save_response(OWNER, response("resp_1", background=True, conversation_id="conv_1"), items("a"), items("b"))
        assert await store.load_response(OWNER, "resp_1") is None
        assert await store.load_conversation_items(OWNER, "conv_1") == []

    tell(open_(), story)


def test_events_are_read_from_where_one_has_stopped(open_):
    async def story(store):
        await store.save_response(OWNER, response("resp_1", "in_progress", background=True), [], [])
        for start in range(0, 10, 5):
            assert await store.append_events(OWNER, "resp_1", [(number, f"e{number}".encode()) for number in range(start, start + 5)])
        assert await store.append_events(OWNER, "resp_1", [])
        read = functools.partial(store.load_events, OWNER, "resp_1")
        assert await read(after=-1, limit=2) == [(0, b"e0"), (1, b"e1")]
        assert await read(after=7, limit=9) == [(8, b"e8"), (9, b"e9")]
        assert await read(after=9, limit=9) == []
        assert await read(after=10**30, limit=9) == []
        assert len(await read(after=-(10**30), limit=10**30)) == 10

    tell(open_(), story)


def test_a_running_response_is_lost_when_its_lease_is_over(open_, clock):
    async def lost(store):
        return (await store.load_response(OWNER, "resp_1")).lost

    async def story(store):
        await store.save_response(OWNER, response("resp_1", "queued", background=True), [], [])
        clock.now += LEASE_S - 1
        assert not await lost(store)
        assert await store.append_events(OWNER, "resp_1", [])
        clock.now += LEASE_S - 1
        assert not await lost(store)
        await store.save_response(OWNER, response("resp_1", "in_progress", background=True), [], [])
        clock.now += LEASE_S - 1
        assert not await lost(store)
        clock.now += 1
        assert await lost(store)
        assert not await store.cancel_response(OWNER, "resp_1")
        assert await store.append_events(OWNER, "resp_1", [])  # it was only slow
        assert not await lost(store)
        await store.save_response(OWNER, response("resp_1", background=True), [], [])
        clock.now += 2 * LEASE_S
        assert not await lost(store)

    tell(open_(), story)


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 100])
def test_lists_come_in_pages(open_, limit, newest_first):
    names = [f"item_{number}" for number in range(7)]

    async def read(list_):
        found, after = [], None
        while True:
            page = await list_(after=after, limit=limit, newest_first=newest_first)
            assert len(page.items) <= limit
            found += ids(page)
            if not page.has_more:
                return found
            after = found[-1]

    async def story(store):
        await store.save_response(OWNER, response("resp_1"), items(*names), items("made"))
        await store.create_conversation(OWNER, conversation("conv_1"), items(*names[:2]))
        await store.append_items(OWNER, "conv_1", items(*names[2:]))
        expected = names[::-1] if newest_first else names
        for list_ in (functools.partial(store.list_given, OWNER, "resp_1"), functools.partial(store.list_items, OWNER, "conv_1")):
            assert await read(list_) == expected
            assert await list_(after="unknown", limit=limit, newest_first=newest_first) == Page((), has_more=False)
        assert await store.list_given(OWNER, "unknown", after=None, limit=limit, newest_first=newest_first) is None
        assert await store.list_items(OWNER, "unknown", after=None, limit=limit, newest_first=newest_first) is None
        # what was made is not listed as given, nor found there
        assert await store.list_given(OWNER, "resp_1", after="made", limit=limit, newest_first=newest_first) == Page((), has_more=False)

    tell(open_(), story)


@pytest.mark.parametrize("newest_first", [False, True])
def test_pages_of_items_that_share_an_id_come_to_an_end(open_, newest_first):
    async def story(store):
        await store.save_response(OWNER, response("resp_1"), items("a", "b", "a", "c", "b", "a"), [])
        after, seen = None, []
        for _ in range(7):
            page = await store.list_given(OWNER, "resp_1", after=after, limit=1, newest_first=newest_first)
            seen += ids(page)
            if not page.has_more:
                break
            after = seen[-1]
        else:
            pytest.fail(f"pages without end: {seen}")
        assert ids(await store.load_chain(OWNER, "resp_1")) == ["a", "b", "a", "c", "b", "a"]

    tell(open_(), story)


def test_the_newest_of_several_items_with_one_id_is_found(open_):
    async def story(store):
        await store.save_response(OWNER, response("resp_1"), [item("a", "first"), item("a", "second")], [])
        assert await store.find_items(OWNER, ["a", "a", "b"]) == {"a": item("a", "second").body}
        await store.create_conversation(OWNER, conversation("conv_1"), [item("a", "third")])
        assert await store.find_items(OWNER, ["a"]) == {"a": item("a", "third").body}
        await store.save_response(OWNER, response("resp_2"), [], [item("a", "fourth")])
        assert await store.find_items(OWNER, ["a"]) == {"a": item("a", "fourth").body}
        await store.delete_response(OWNER, "resp_2")
        assert await store.find_items(OWNER, ["a"]) == {"a": item("a", "third").body}
        assert await store.load_item(OWNER, "conv_1", "a") == item("a", "third").body

    tell(open_(), story)


def test_a_conversation_grows_by_its_responses_once_they_have_ended(open_):
    async def story(store):
        await store.create_conversation(OWNER, conversation("conv_1"), items("a"))
        in_it = functools.partial(response, "resp_1", background=True, conversation_id="conv_1")
        await store.save_response(OWNER, in_it("queued"), items("b"), [])
        await store.save_response(OWNER, in_it("in_progress"), items("b"), items("c"))
        assert ids(await store.load_conversation_items(OWNER, "conv_1")) == ["a"]
        await store.save_response(OWNER, in_it("completed"), items("b"), items("c", "d"))
        await store.save_response(OWNER, in_it("completed"), items("b"), items("c", "d"))  # it has ended only once
        assert ids(await store.load_conversation_items(OWNER, "conv_1")) == ["a", "b", "c", "d"]
        await store.save_response(OWNER, response("resp_2", "cancelled", conversation_id="conv_1"), items("e"), [])
        assert ids(await store.load_conversation_items(OWNER, "conv_1")) == ["a", "b", "c", "d", "e"]
        await store.save_response(OWNER, response("resp_4", "failed", conversation_id="conv_1"), items("lost"), items("half"))
        assert ids(await store.load_conversation_items(OWNER, "conv_1")) == ["a", "b", "c", "d", "e"]
        await store.delete_conversation(OWNER, "conv_1")
        await store.save_response(OWNER, response("resp_3", conversation_id="conv_1"), items("f"), [])
        assert await store.load_conversation_items(OWNER, "conv_1") is None
        assert ids(await store.load_chain(OWNER, "resp_3")) == ["f"]

    tell(open_(), story)


def test_a_conversation_is_made_changed_and_deleted(open_):
    async def story(store):
        made = conversation("conv_1")
        await store.create_conversation(OWNER, made, items("a", "b", "c", "b"))
        assert await store.load_conversation(OWNER, "conv_1") == made
        changed = await store.update_conversation(OWNER, "conv_1", b'{"topic":"x"}')
        assert (changed.id, changed.created_at, changed.metadata) == ("conv_1", made.created_at, b'{"topic":"x"}')
        assert await store.load_conversation(OWNER, "conv_1") == changed
        assert await store.load_item(OWNER, "conv_1", "a") == item("a").body
        assert await store.load_item(OWNER, "conv_1", "x") is None
        assert await store.load_item(OWNER, "conv_2", "a") is None
        assert await store.delete_item(OWNER, "conv_1", "b")
        assert not await store.delete_item(OWNER, "conv_1", "b")
        assert not await store.delete_item(OWNER, "conv_2", "a")
        await store.append_items(OWNER, "conv_1", items("d"))
        assert ids(await store.load_conversation_items(OWNER, "conv_1")) == ["a", "c", "d"]
        assert await store.delete_conversation(OWNER, "conv_1")
        assert not await store.delete_conversation(OWNER, "conv_1")
        assert await store.load_conversation(OWNER, "conv_1") is None
        assert await store.update_conversation(OWNER, "conv_1", b"{}") is None
        assert not await store.append_items(OWNER, "conv_1", items("e"))

    tell(open_(), story)


def test_an_item_of_a_response_cannot_be_reached_by_a_conversation(open_):
    async def story(store):
        await store.create_conversation(OWNER, conversation("conv_1"), [])
        await store.save_response(OWNER, response("resp_1"), items("a"), [])
        assert await store.load_item(OWNER, "conv_1", "a") is None
        assert not await store.delete_item(OWNER, "conv_1", "a")
        assert ids(await store.load_chain(OWNER, "resp_1")) == ["a"]

    tell(open_(), story)


def test_what_nobody_uses_is_gone_after_its_time(open_, clock):
    async def story(store):
        await store.save_response(OWNER, response("resp_1"), items("a"), [])
        await store.create_conversation(OWNER, conversation("conv_1"), items("b"))
        clock.now += TTL_S - 1
        assert await store.load_response(OWNER, "resp_1") is not None
        assert await store.load_conversation(OWNER, "conv_1") is not None
        clock.now += 1
        assert await store.load_response(OWNER, "resp_1") is None
        assert await store.load_chain(OWNER, "resp_1") is None
        assert await store.list_given(OWNER, "resp_1", after=None, limit=1, newest_first=True) is None
        assert await store.find_items(OWNER, ["a", "b"]) == {}
        assert await store.load_conversation(OWNER, "conv_1") is None
        assert await store.load_conversation_items(OWNER, "conv_1") is None
        assert await store.load_item(OWNER, "conv_1", "b") is None
        assert not await store.append_items(OWNER, "conv_1", items("c"))
        assert not await store.delete_response(OWNER, "resp_1")
        assert not await store.delete_conversation(OWNER, "conv_1")

    tell(open_(), story)


def test_to_continue_a_chain_keeps_all_of_it(open_, clock):
    async def story(store):
        await store.save_response(OWNER, response("resp_1"), items("a"), [])
        await store.save_response(OWNER, response("resp_2", previous_id="resp_1"), items("b"), [])
        await store.create_conversation(OWNER, conversation("conv_1"), items("c"))
        await store.save_response(OWNER, response("aside", previous_id="resp_1"), items("x"), [])
        for _ in range(5):
            clock.now += TTL_S / 2
            assert ids(await store.load_chain(OWNER, "resp_2")) == ["a", "b"]
            assert ids(await store.load_conversation_items(OWNER, "conv_1")) == ["c"]
        assert await store.load_response(OWNER, "aside") is None
        clock.now += TTL_S / 2
        await store.append_items(OWNER, "conv_1", items("d"))
        clock.now += TTL_S / 2
        assert await store.load_chain(OWNER, "resp_2") is None
        assert ids(await store.load_conversation_items(OWNER, "conv_1")) == ["c", "d"]

    tell(open_(), story)


def test_what_runs_outlives_its_time(open_, clock):
    async def story(store):
        await store.save_response(OWNER, response("resp_1", "queued", background=True), items("a"), [])
        while clock.now < 1_800_000_000 + 2 * TTL_S:
            clock.now += LEASE_S - 1
            assert await store.append_events(OWNER, "resp_1", [])
        assert (await store.load_response(OWNER, "resp_1")).status == "queued"
        await store.save_response(OWNER, response("resp_1", background=True), items("a"), [])
        clock.now += TTL_S - 1
        assert (await store.load_response(OWNER, "resp_1")).status == "completed"

    tell(open_(), story)


def test_the_oldest_go_first_when_there_is_too_much_and_nothing_that_runs(open_, clock):
    large = b"x" * 100_000

    async def story(store):
        await store.save_response(OWNER, response("runs", "queued", background=True), [Item("r", large)], [])
        await store.create_conversation(OWNER, conversation("conv_1"), [Item("c", large)])
        for number in range(30):
            clock.now += 1
            await store.append_events(OWNER, "runs", [])
            await store.save_response(OWNER, response(f"resp_{number}"), [Item(f"i{number}", large)], [])
        await store.aclose()

    async def look(store):
        kept = [await store.load_response(OWNER, f"resp_{number}") is not None for number in range(30)]
        assert kept == sorted(kept)
        assert 7 <= sum(kept) <= 10
        assert await store.load_response(OWNER, "runs") is not None
        assert await store.load_conversation(OWNER, "conv_1") is None
        found = await store.find_items(OWNER, [f"i{number}" for number in range(30)])
        assert [f"i{number}" in found for number in range(30)] == kept

    async def both(store):
        await story(store)
        await look(open_(max_bytes=1_200_000))

    async def at_once(store):
        store.aclose, close = (lambda: asyncio.sleep(0)), store.aclose
        await story(store)
        store.aclose = close
        # each of these is a write after which a little is deleted
        for _ in range(100):
            await store.append_events(OWNER, "runs", [])
        await look(store)

    tell(open_(max_bytes=1_200_000), at_once)


def test_jobs_that_wait_together_all_come_to_their_end(open_):
    async def story(store):
        names = [f"resp_{number}" for number in range(300)]
        await asyncio.gather(*(store.save_response(OWNER, response(name), items(name + "i"), []) for name in names))
        loaded = await asyncio.gather(*(store.load_response(OWNER, name) for name in names))
        assert [one.id for one in loaded] == names

    tell(open_(), story)


def test_who_no_longer_waits_harms_nobody(open_):
    async def story(store):
        tasks = [asyncio.create_task(store.save_response(OWNER, response(f"resp_{number}"), [], [])) for number in range(50)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for number in range(1, 50, 2):
            assert await store.load_response(OWNER, f"resp_{number}") is not None

    tell(open_(), story)


def test_a_closed_store_says_so(open_):
    async def story(store):
        await store.save_response(OWNER, response("resp_1"), [], [])
        await store.aclose()
        await store.aclose()
        with pytest.raises(StoreError, match="closed"):
            await store.load_response(OWNER, "resp_1")
        with pytest.raises(StoreError, match="closed"):
            await store.save_response(OWNER, response("resp_1"), [], [])

    tell(open_(), story)


def test_a_store_serves_several_loops(open_):
    store = open_()
    asyncio.run(store.save_response(OWNER, response("resp_1"), [], []))
    assert asyncio.run(store.load_response(OWNER, "resp_1")) == response("resp_1")
    asyncio.run(store.aclose())


@pytest.mark.parametrize("odd", ["", "\0", "a\0b", "' OR 1=1 --", "\U0001f426", "é" * 5000, "%"])
def test_any_name_is_a_name(open_, odd):
    async def story(store):
        assert await store.load_response(OWNER, odd) is None
        assert await store.load_chain(OWNER, odd) is None
        assert await store.find_items(OWNER, [odd]) == {}
        assert await store.load_item(OWNER, odd, odd) is None
        await store.save_response(OWNER, response("resp_1"), [], [])
        await store.save_response(odd, response(odd), [], [])
        assert await store.load_response(OWNER, odd) is None

    tell(open_(), story)


def test_a_name_that_is_no_text_is_refused(open_):
    async def story(store):
        with pytest.raises(StoreError, match="half a character"):
            await store.load_response(OWNER, "\ud800")
        with pytest.raises(StoreError, match="half a character"):
            await store.save_response(OWNER, response("resp_1"), [Item("\ud800", b"{}")], [])
        assert await store.load_response(OWNER, "resp_1") is None

    tell(open_(), story)
