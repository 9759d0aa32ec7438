"""What is of SQLite alone: the file, several processes, and what goes wrong."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

from triglot.state import schema
from triglot.state.queries import Access
from triglot.state.schema import APPLICATION_ID, MIGRATIONS, connect, prepare
from triglot.state.sqlite import SqliteStore
from triglot.state.store import Item, StoreError
from triglot.state.tidying import tidy, used_bytes

from .stores import OWNER, Clock, conversation, items, open_store, response, tell

TABLES = "responses|bodies|leases|events|conversations|items"
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "state.sqlite3"


@pytest.fixture
def open_(file):
    return lambda **more: SqliteStore(file, **{"ttl_s": 1000.0, "max_bytes": 2**30, "clock": Clock(), **more})


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def query(file, statement):
    with closing(sqlite3.connect(file)) as db:
        return db.execute(statement).fetchall()


async def nothing(_store):
    pass


# --- the file


def test_the_file_and_its_directory_are_private(tmp_path):
    file = tmp_path / "above" / "triglot" / "state.sqlite3"

    async def story(store):
        await store.save_response(OWNER, response("resp_1"), [], [])
        assert {path.name: mode(path) for path in file.parent.iterdir()} == {
            "state.sqlite3": 0o600,
            "state.sqlite3-shm": 0o600,
            "state.sqlite3-wal": 0o600,
        }

    before = os.umask(0)
    try:
        tell(SqliteStore(file, ttl_s=1, max_bytes=2**30), story)
    finally:
        os.umask(before)
    assert mode(file.parent) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["state.sqlite3"]


def test_a_file_that_others_could_read_is_made_private(file, open_):
    tell(open_(), nothing)
    file.chmod(0o644)
    tell(open_(), nothing)
    assert mode(file) == 0o600


def test_what_was_stored_is_there_after_a_restart(open_):
    async def write(store):
        await store.save_response(OWNER, response("resp_1"), items("a"), items("b"))
        await store.create_conversation(OWNER, conversation("conv_1"), items("c"))

    async def read(store):
        assert await store.load_response(OWNER, "resp_1") == response("resp_1")
        assert await store.load_chain(OWNER, "resp_1") == items("a", "b")
        assert await store.load_conversation_items(OWNER, "conv_1") == items("c")

    tell(open_(), write)
    tell(open_(), read)


def test_what_was_deleted_is_not_left_in_the_file(file, open_):
    secret = b"the butler did it, " * 1000

    async def story(store):
        await store.save_response(OWNER, response("resp_1"), [Item("a", secret)], [Item("b", secret[:50])])
        await store.create_conversation(OWNER, conversation("conv_1"), [Item("c", secret)])

    async def delete(store):
        await store.delete_response(OWNER, "resp_1")
        await store.delete_conversation(OWNER, "conv_1")

    tell(open_(), story)
    assert b"butler" in file.read_bytes()
    tell(open_(), delete)
    assert b"butler" not in file.read_bytes()


def test_a_file_of_a_newer_version_is_refused_untouched(file, open_):
    tell(open_(), nothing)
    newer = len(MIGRATIONS) + 1
    query(file, f"PRAGMA user_version = {newer}")
    before = file.read_bytes()
    with pytest.raises(StoreError, match=rf"state\.sqlite3 was written by a newer triglot \(its schema is {newer}, this one knows up to"):
        open_()
    assert file.read_bytes() == before


def test_a_file_of_an_earlier_version_is_brought_up_to_date(file, open_, monkeypatch):
    async def write(store):
        await store.save_response(OWNER, response("resp_1"), items("a"), [])

    async def read(store):
        assert await store.load_chain(OWNER, "resp_1") == items("a")

    tell(open_(), write)
    steps = ("ALTER TABLE responses ADD COLUMN one TEXT DEFAULT 'x'", "CREATE TABLE two (a)")
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, *steps))
    for _ in range(2):
        tell(open_(), read)
        assert query(file, "PRAGMA user_version") == [(len(MIGRATIONS) + 2,)]
        assert query(file, "SELECT one FROM responses") == [("x",)]


def test_a_migration_that_fails_leaves_the_file_as_it_was(file, open_, monkeypatch):
    tell(open_(), nothing)
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE one (a); CREATE TABLE one (a)"))
    with pytest.raises(StoreError, match="table one already exists"):
        open_()
    assert query(file, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert query(file, "SELECT count(*) FROM sqlite_schema WHERE name = 'one'") == [(0,)]


def test_the_database_of_another_program_is_refused_untouched(file, open_):
    query(file, "CREATE TABLE theirs (a)")
    before = file.read_bytes()
    with pytest.raises(StoreError, match=r"state\.sqlite3 is a database of another program; name another file with --state"):
        open_()
    assert b"theirs" in file.read_bytes()
    assert len(file.read_bytes()) == len(before)


@pytest.mark.parametrize("damage", [b"no database at all\n" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_file_is_named_and_left_alone(file, open_, damage):
    file.write_bytes(damage)
    told = f"{file} is damaged or no state of triglot's (.*): put a copy back, or move it away to begin with an empty one"
    with pytest.raises(StoreError, match=told):
        open_()
    assert file.read_bytes() == damage


def test_damage_that_shows_later_is_an_error_of_the_store(file, open_):
    async def write(store):
        for number in range(50):
            await store.save_response(OWNER, response(f"resp_{number}"), [Item("a", b"x" * 3000)], [])

    async def read(store):
        with pytest.raises(StoreError, match=f"{file} is damaged"):
            await asyncio.gather(*(store.load_chain(OWNER, f"resp_{number}") for number in range(50)))

    tell(open_(), write)
    data = bytearray(file.read_bytes())
    for start in range(16 * 4096, len(data), 4096):
        data[start : start + 64] = b"\xff" * 64
    file.write_bytes(data)
    tell(open_(), read)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "state.sqlite3", "/proc/triglot/state.sqlite3"):
        with pytest.raises(StoreError, match=f"cannot keep state in {place}: .*; name another file with --state, or memory"):
            SqliteStore(type(tmp_path)(place), ttl_s=1, max_bytes=2**30)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_may_not_be_written_is_named(tmp_path, open_):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match=r"cannot keep state in .*: Permission denied"):
        open_()
    tmp_path.chmod(0o700)


def test_a_file_that_may_not_be_written_is_named(file, open_, monkeypatch):
    tell(open_(), nothing)

    def connect_to_read(file):
        return sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None)

    monkeypatch.setattr(schema, "connect", connect_to_read)
    with pytest.raises(StoreError, match=f"cannot write {file}: attempt to write a readonly database; give triglot the right"):
        open_()


# --- what goes wrong while it runs


def test_a_full_disk_fails_what_does_not_fit_and_nothing_else(file, open_, monkeypatch):
    def limited(file):
        connection = connect(file)
        connection.execute("PRAGMA max_page_count = 60")
        return connection

    monkeypatch.setattr("triglot.state.sqlite.connect", limited)

    async def story(store):
        save = [store.save_response(OWNER, response(f"resp_{n}"), [Item("a", b"x" * (10**6 if n % 3 == 0 else 10))], []) for n in range(9)]
        outcomes = await asyncio.gather(*save, return_exceptions=True)
        for number, outcome in enumerate(outcomes):
            if number % 3:
                assert outcome is None
            else:
                assert isinstance(outcome, StoreError)
                assert str(outcome) == f"cannot keep state in {file}: database or disk is full"
            kept = await store.load_response(OWNER, f"resp_{number}")
            assert (kept is not None) == (outcome is None)
        await store.save_response(OWNER, response("resp_9"), [], [])

    tell(open_(), story)
    assert query(file, "PRAGMA integrity_check") == [("ok",)]


def test_a_disk_that_takes_no_more_is_an_error_and_harms_nothing(file, open_):
    code = """
import asyncio, resource, signal, sys
from pathlib import Path
from tests.state.stores import OWNER, response
from triglot.state.sqlite import SqliteStore
from triglot.state.store import Item, StoreError

async def main(file):
    store = SqliteStore(file, ttl_s=1000, max_bytes=2**30)
    await store.save_response(OWNER, response("resp_1"), [], [])
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    try:
        await store.save_response(OWNER, response("resp_2"), [Item("a", b"x" * 10**6)], [])
    except StoreError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await store.save_response(OWNER, response("resp_3"), [Item("a", b"x" * 10**6)], [])
    print([await store.load_response(OWNER, f"resp_{n}") is not None for n in (1, 2, 3)])
    await store.aclose()

asyncio.run(main(Path(sys.argv[1])))
"""
    ended = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True, env=importing())
    told, kept = ended.stdout.splitlines()
    assert told.startswith(f"cannot keep state in {file}: ")
    assert kept == "[True, False, True]"
    assert query(file, "PRAGMA integrity_check") == [("ok",)]


def importing() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def test_a_lock_that_is_never_let_go_is_an_error(file, open_, monkeypatch):
    monkeypatch.setattr(schema, "BUSY_S", 0.05)

    async def story(store):
        await store.save_response(OWNER, response("resp_1"), [], [])
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            saves = [store.save_response(OWNER, response(f"resp_{n}"), [], []) for n in range(20)]
            for outcome in await asyncio.gather(*saves, return_exceptions=True):
                assert isinstance(outcome, StoreError)
                assert "is in use by another program" in str(outcome)
            assert await store.load_response(OWNER, "resp_1") is not None  # who reads does not wait
            other.execute("ROLLBACK")
        await store.save_response(OWNER, response("resp_2"), [], [])

    tell(open_(), story)


def test_a_file_that_is_taken_away_is_an_error_until_it_is_back(tmp_path):
    file = tmp_path / "triglot" / "state.sqlite3"
    store = SqliteStore(file, ttl_s=1000.0, max_bytes=2**30)

    async def story(store):
        file.parent.rename(tmp_path / "elsewhere")
        saves = [store.save_response(OWNER, response(f"resp_{n}"), [], []) for n in range(3)]
        for outcome in await asyncio.gather(*saves, store.load_response(OWNER, "resp_0"), return_exceptions=True):
            assert isinstance(outcome, StoreError)
            assert str(outcome).startswith(f"cannot write {file}: unable to open database file; give triglot the right")
        (tmp_path / "elsewhere").rename(file.parent)
        await store.save_response(OWNER, response("resp_1"), [], [])

    tell(store, story)


def test_an_error_in_one_job_is_of_that_job_alone(open_):
    async def story(store):
        def fail(_db):
            raise ZeroDivisionError

        jobs = [store._writer.run(fail), store.save_response(OWNER, response("resp_1"), [], []), store._writer.run(fail)]
        first, second, third = await asyncio.gather(*jobs, return_exceptions=True)
        assert (type(first), second, type(third)) == (ZeroDivisionError, None, ZeroDivisionError)
        assert await store.load_response(OWNER, "resp_1") is not None

    tell(open_(), story)


def test_reading_does_not_wait_for_writing(open_):
    writing, go_on = threading.Event(), threading.Event()

    async def story(store):
        await store.save_response(OWNER, response("resp_1"), [], [])

        def slow(db):
            db.execute("UPDATE responses SET status = 'failed'")
            writing.set()
            assert go_on.wait(60)

        slowly = asyncio.create_task(store._writer.run(slow))
        await asyncio.to_thread(writing.wait, 60)
        assert (await store.load_response(OWNER, "resp_1")).status == "completed"
        go_on.set()
        await slowly
        assert (await store.load_response(OWNER, "resp_1")).status == "failed"

    tell(open_(), story)


def test_writes_that_wait_together_share_a_transaction(open_, monkeypatch):
    commits = []

    def traced(file):
        connection = connect(file)
        connection.set_trace_callback(lambda statement: commits.append(statement) if statement == "COMMIT" else None)
        return connection

    monkeypatch.setattr("triglot.state.sqlite.connect", traced)

    async def story(store):
        blocked, go_on = threading.Event(), threading.Event()

        def block(_db):
            blocked.set()
            assert go_on.wait(60)

        first = asyncio.create_task(store._writer.run(block))
        await asyncio.to_thread(blocked.wait, 60)
        commits.clear()
        saves = [asyncio.create_task(store.save_response(OWNER, response(f"resp_{n}"), [], [])) for n in range(100)]
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(first, *saves)
        assert len(commits) == 2

    tell(open_(), story)


# --- tidying


def test_a_large_deletion_is_made_of_small_steps(file, open_):
    clock = Clock()

    async def fill(store):
        saves = [store.save_response(OWNER, response(f"resp_{n}"), items("a", "b"), items("c")) for n in range(2000)]
        await asyncio.gather(*saves)

    tell(open_(clock=clock), fill)
    with closing(connect(file)) as db:
        kept = 2000
        before = used_bytes(db)
        at = Access(db, "", clock.now + 1, clock.now, clock.now)
        steps = 1
        while tidy(at, 2**30):
            steps += 1
            [left] = db.execute("SELECT count(*) FROM responses").fetchone()
            assert left < kept
            kept = left
        assert steps > 2
        assert used_bytes(db) < before / 10
        assert db.execute("SELECT count(*) FROM items").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM bodies").fetchone() == (0,)
        assert not tidy(at, 2**30)


def test_what_was_to_be_deleted_while_nothing_ran_is_deleted_at_the_start(file, open_):
    clock = Clock()

    async def fill(store):
        await store.save_response(OWNER, response("resp_1"), items("a"), [])

    tell(open_(clock=clock), fill)
    clock.now += 2000
    open_(clock=clock)
    assert query(file, "SELECT (SELECT count(*) FROM responses), (SELECT count(*) FROM items)") == [(0, 0)]


def test_what_lives_no_longer_is_in_nobodys_way(open_, monkeypatch):
    monkeypatch.setattr("triglot.state.sqlite.tidy", lambda _at, _max_bytes: False)
    clock = Clock()

    async def story(store):
        await store.create_conversation(OWNER, conversation("conv_1"), items("a"))
        await store.save_response(OWNER, response("resp_1", "queued", background=True), items("b"), [])
        await store.append_events(OWNER, "resp_1", [(0, b"x")])
        clock.now += 2000
        await store.create_conversation(OWNER, conversation("conv_1"), [])
        await store.save_response(OWNER, response("resp_1"), [], [])
        assert await store.load_conversation_items(OWNER, "conv_1") == []
        assert await store.load_events(OWNER, "resp_1", after=-1, limit=9) == []
        assert await store.find_items(OWNER, ["a", "b"]) == {}

    tell(open_(clock=clock), story)


def test_tidying_that_fails_is_logged_and_stops_nothing(open_, monkeypatch, caplog):
    def fail(at, _max_bytes):
        at.db.execute("BEGIN")
        at.db.execute("SELECT * FROM nowhere")

    async def story(store):
        monkeypatch.setattr("triglot.state.sqlite.tidy", fail)
        for n in range(3):
            await store.save_response(OWNER, response(f"resp_{n}"), [], [])

    tell(open_(), story)
    assert "no such table: nowhere" in caplog.text


# --- speed


def test_every_statement_finds_its_rows_by_an_index(file, open_, monkeypatch):
    seen: set[str] = set()

    def traced(file):
        connection = connect(file)
        connection.set_trace_callback(seen.add)
        return connection

    monkeypatch.setattr("triglot.state.sqlite.connect", traced)
    clock = Clock()

    async def story(store):
        page = {"after": "a", "limit": 1}
        await store.create_conversation(OWNER, conversation("conv_1"), items("a", "b"))
        await store.save_response(OWNER, response("resp_1", "queued", background=True, conversation_id="conv_1"), items("a", "b"), [])
        await store.append_events(OWNER, "resp_1", [(0, b"x")])
        await store.load_events(OWNER, "resp_1", after=-1, limit=1)
        await store.cancel_response(OWNER, "resp_1")
        await store.save_response(OWNER, response("resp_1", background=True, conversation_id="conv_1"), items("a", "b"), items("c"))
        await store.save_response(OWNER, response("resp_2", previous_id="resp_1"), [], [])
        clock.now += 500
        await store.load_chain(OWNER, "resp_2")
        await store.load_response(OWNER, "resp_2")
        await store.find_items(OWNER, ["a"])
        for newest_first in (True, False):
            await store.list_given(OWNER, "resp_1", **page, newest_first=newest_first)
            await store.list_items(OWNER, "conv_1", **page, newest_first=newest_first)
        await store.load_conversation(OWNER, "conv_1")
        await store.update_conversation(OWNER, "conv_1", b"{}")
        await store.load_conversation_items(OWNER, "conv_1")
        await store.append_items(OWNER, "conv_1", items("d"))
        await store.load_item(OWNER, "conv_1", "a")
        await store.delete_item(OWNER, "conv_1", "a")
        await store.delete_response(OWNER, "resp_2")
        await store.delete_conversation(OWNER, "conv_1")
        clock.now += 2000
        await store.append_events(OWNER, "resp_1", [])
        await store.append_events(OWNER, "resp_1", [])

    tell(open_(clock=clock), story)
    statements = [text for text in seen if text.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "WITH"))]
    assert len(statements) > 30
    with closing(connect(file)) as db:
        for statement in statements:
            for *_, plan in db.execute(f"EXPLAIN QUERY PLAN {statement}"):
                assert not re.match(rf"SCAN ({TABLES}|r|c)\b(?!.* INDEX )", plan), (plan, statement)
                assert "AUTOMATIC" not in plan, (plan, statement)


def test_a_chain_of_a_thousand_links_is_found_by_one_query(open_, monkeypatch):
    seen: list[str] = []

    async def story(store):
        names = [f"resp_{n}" for n in range(1000)]
        await asyncio.gather(
            *(
                store.save_response(OWNER, response(name, previous_id=before), items(f"{name}a"), items(f"{name}b"))
                for name, before in zip(names, [None, *names], strict=False)
            )
        )
        await store._reader.run(lambda db: db.set_trace_callback(seen.append))
        chain = await store.load_chain(OWNER, names[-1])
        assert [one.id for one in chain] == [name + side for name in names for side in "ab"]
        assert sum("RECURSIVE" in text for text in seen) == 1
        assert len([text for text in seen if "SELECT" in text]) == 1001

    tell(open_(), story)


def test_to_read_what_was_used_just_now_writes_nothing(open_):
    clock = Clock()

    async def story(store):
        await store.save_response(OWNER, response("resp_1"), items("a"), [])
        await store.create_conversation(OWNER, conversation("conv_1"), items("b"))
        changes = await store._writer.run(lambda db: db.total_changes)
        for seconds, written in ((100, 0), (1, 2)):
            clock.now += seconds
            await store.load_chain(OWNER, "resp_1")
            await store.load_conversation_items(OWNER, "conv_1")
            assert await store._writer.run(lambda db: db.total_changes) == changes + written

    tell(open_(clock=clock), story)


def test_what_can_be_read_is_given_even_if_its_use_cannot_be_written(open_, monkeypatch, caplog):
    clock = Clock()

    async def story(store):
        await store.save_response(OWNER, response("resp_1"), items("a"), [])
        await store.create_conversation(OWNER, conversation("conv_1"), items("b"))
        clock.now += 200

        def full(*_):
            raise sqlite3.OperationalError("database or disk is full")

        monkeypatch.setattr("triglot.state.queries.touch", full)
        assert [item.id for item in await store.load_chain(OWNER, "resp_1")] == ["a"]
        assert [item.id for item in await store.load_conversation_items(OWNER, "conv_1")] == ["b"]

    tell(open_(clock=clock), story)
    assert caplog.text.count("not marked as used") == 2


# --- several processes


def write_in_a_process(file, number, start):
    async def main():
        start.wait(60)
        store = SqliteStore(file, ttl_s=1000, max_bytes=2**30)
        for turn in range(40):
            await store.save_response(OWNER, response(f"resp_{number}_{turn}"), items(f"i{number}_{turn}"), [])
            await store.append_items(OWNER, "conv_1", items(f"c{number}_{turn}"))
        await store.aclose()

    asyncio.run(main())


def test_processes_that_start_and_write_at_once_share_one_file(file):
    start = SPAWN.Barrier(5)
    processes = [SPAWN.Process(target=write_in_a_process, args=(file, number, start)) for number in range(4)]
    for process in processes:
        process.start()

    async def create(store):
        await store.create_conversation(OWNER, conversation("conv_1"), [])
        await asyncio.to_thread(start.wait, 60)

    async def check(store):
        names = [f"{number}_{turn}" for number in range(4) for turn in range(40)]
        for name in names:
            assert await store.load_chain(OWNER, f"resp_{name}") == items(f"i{name}")
        kept = [one.id for one in await store.load_conversation_items(OWNER, "conv_1")]
        assert sorted(kept) == sorted(f"c{name}" for name in names)
        for number in range(4):  # each in its own order
            assert [one for one in kept if one.startswith(f"c{number}_")] == [f"c{number}_{turn}" for turn in range(40)]

    tell(open_store("sqlite-file", file.parent, time.time), create)
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    tell(open_store("sqlite-file", file.parent, time.time), check)


def start_on_a_new_file(file, start, outcomes):
    start.wait(60)
    try:
        prepare(file)
        outcomes.put("")
    except StoreError as error:
        outcomes.put(str(error))


def test_processes_that_start_at_once_make_the_file_once(tmp_path):
    start, outcomes = SPAWN.Barrier(4), SPAWN.SimpleQueue()
    file = tmp_path / "new" / "state.sqlite3"
    processes = [SPAWN.Process(target=start_on_a_new_file, args=(file, start, outcomes)) for _ in range(4)]
    for process in processes:
        process.start()
    assert {outcomes.get() for _ in processes} == {""}
    for process in processes:
        process.join(60)
    assert query(file, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert query(file, "PRAGMA application_id") == [(APPLICATION_ID,)]


def work_until_cancelled(file):
    async def main():
        store = SqliteStore(file, ttl_s=1000, max_bytes=2**30)
        await store.save_response(OWNER, response("resp_1", "in_progress", background=True), [], [])
        number = 0
        while await store.append_events(OWNER, "resp_1", [(number, f"e{number}".encode())]):
            number += 1
        await store.save_response(OWNER, response("resp_1", "cancelled", background=True), [], [])
        await store.aclose()

    asyncio.run(main())


def test_one_process_reads_and_cancels_what_another_works_on(file):
    process = SPAWN.Process(target=work_until_cancelled, args=(file,))
    process.start()

    async def story(store):
        read: list[tuple[int, bytes]] = []
        while len(read) < 20:
            read += await store.load_events(OWNER, "resp_1", after=len(read) - 1, limit=5)
        assert read == [(number, f"e{number}".encode()) for number in range(len(read))]
        assert not (await store.load_response(OWNER, "resp_1")).lost
        assert await store.cancel_response(OWNER, "resp_1")
        await asyncio.to_thread(process.join, 60)
        assert (await store.load_response(OWNER, "resp_1")).status == "cancelled"

    tell(SqliteStore(file, ttl_s=1000, max_bytes=2**30), story)
    assert process.exitcode == 0


CRASHING = """
import asyncio, sys
from pathlib import Path
from tests.state.stores import OWNER, response
from triglot.state.sqlite import SqliteStore
from triglot.state.store import Item

def items(name, count):
    return [Item(f"{name}-{n}", f"{name} {n} ".encode() * (n * 37 % 900 + 1)) for n in range(count)]

async def main(file, start):
    store = SqliteStore(file, ttl_s=10**6, max_bytes=2**30)
    async def write(worker):
        for turn in range(10**6):
            name = f"resp_{start}_{worker}_{turn}"
            await store.save_response(OWNER, response(name), items(name, turn % 5), items(name + "m", turn % 3))
            sys.stdout.write(name + "\\n")
            sys.stdout.flush()
    await asyncio.gather(*(write(worker) for worker in range(4)))

asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
"""


def test_kill_9_loses_nothing_that_was_acknowledged(file, open_):
    acknowledged: list[str] = []
    rounds = 0
    while len(acknowledged) < 1200 or rounds < 12:
        command = [sys.executable, "-c", CRASHING, str(file), str(rounds)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=importing()) as process:
            # killed in the midst of its work, each time at another place
            acknowledged += [process.stdout.readline().strip() for _ in range(37 + rounds * 29 % 100)]
            process.send_signal(signal.SIGKILL)
            acknowledged += [line.strip() for line in process.stdout if line.endswith("\n")]
        assert process.returncode == -signal.SIGKILL
        rounds += 1

    async def check(store):
        for name in acknowledged:
            assert await store.load_response(OWNER, name) == response(name)
            turn = int(name.rpartition("_")[2])
            chain = await store.load_chain(OWNER, name)
            assert [one.id for one in chain] == [f"{name}-{n}" for n in range(turn % 5)] + [f"{name}m-{n}" for n in range(turn % 3)]
            for one in chain:
                of, n = one.id.rsplit("-", 1)
                assert one.body == f"{of} {n} ".encode() * (int(n) * 37 % 900 + 1)

    tell(open_(clock=time.time), check)
    assert len(set(acknowledged)) == len(acknowledged) >= 1200
    assert query(file, "PRAGMA integrity_check") == [("ok",)]
    assert query(file, "PRAGMA foreign_key_check") == []
    # nothing is there by half
    assert query(file, "SELECT count(*) FROM responses LEFT JOIN bodies ON response = key WHERE body IS NULL") == [(0,)]
