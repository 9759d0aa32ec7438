"""The SQLite file: how it is opened, what its tables are, and how they came to be so."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final

from triglot.state.keys import make_directory
from triglot.state.store import StoreError

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION_ID: Final = 0x7472_6967  # "trig" in the header of the file: says whose it is
BUSY_S: Final = 10.0  # how long to wait for another process that writes
_WAL_BYTES: Final = 64 * 1024 * 1024  # what the write-ahead log may keep of the disk after it was emptied

# A migration is added at the end and never changed. `user_version` of a file is the number of those it has been through.
#
# Bodies have tables of their own, so that using or renewing something rewrites a short row. A lease exists as long as its response runs.
# Deleting a response or conversation takes everything with it. Items are looked up by id in the order of their keys: the newest is last.
MIGRATIONS: Final = (
    """
    CREATE TABLE responses (
        key INTEGER PRIMARY KEY,
        owner TEXT NOT NULL,
        id TEXT NOT NULL,
        status TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        background INTEGER NOT NULL,
        previous_id TEXT,
        conversation_id TEXT,
        used_at REAL NOT NULL,
        UNIQUE (owner, id)
    );
    CREATE INDEX responses_by_use ON responses (used_at);
    CREATE TABLE bodies (
        response INTEGER PRIMARY KEY REFERENCES responses ON DELETE CASCADE,
        body BLOB NOT NULL
    );
    CREATE TABLE leases (
        response INTEGER PRIMARY KEY REFERENCES responses ON DELETE CASCADE,
        ends_at REAL NOT NULL,
        cancelled INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE events (
        response INTEGER NOT NULL REFERENCES responses ON DELETE CASCADE,
        number INTEGER NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (response, number)
    ) WITHOUT ROWID;
    CREATE TABLE conversations (
        key INTEGER PRIMARY KEY,
        owner TEXT NOT NULL,
        id TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        metadata BLOB NOT NULL,
        used_at REAL NOT NULL,
        UNIQUE (owner, id)
    );
    CREATE INDEX conversations_by_use ON conversations (used_at);
    CREATE TABLE items (
        key INTEGER PRIMARY KEY,
        owner TEXT NOT NULL,
        id TEXT NOT NULL,
        response INTEGER REFERENCES responses ON DELETE CASCADE,
        conversation INTEGER REFERENCES conversations ON DELETE CASCADE,
        made INTEGER NOT NULL,
        position INTEGER NOT NULL,
        body BLOB NOT NULL,
        CHECK ((response IS NULL) <> (conversation IS NULL))
    );
    CREATE INDEX items_by_id ON items (owner, id);
    CREATE UNIQUE INDEX items_of_response ON items (response, made, position) WHERE response IS NOT NULL;
    CREATE UNIQUE INDEX items_of_conversation ON items (conversation, position) WHERE conversation IS NOT NULL;
    """,
)


def connect(file: Path | None) -> sqlite3.Connection:
    """A connection, for the thread that asks for it, to a file that `prepare` has seen; without a file, to a new store in memory.

    Transactions are begun and ended by hand.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    connection = sqlite3.connect(":memory:" if file is None else file, timeout=BUSY_S, isolation_level=None)
    try:
        # NORMAL writes each commit to the system: it survives the death of the process, whatever kills it. A failure of the power may
        # take the last moments with it, and never the rest. FULL would cost a write to the disk itself for each response.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        # What was deleted is written over: prompts do not stay in the file's free pages.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        if file is None:
            _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def prepare(file: Path) -> None:
    """Make the file ready to be used: made if there is none, private, in WAL mode, with the newest schema.

    Raises:
        StoreError: it cannot be, and why. What is in the file stays as it is.
    """
    try:
        make_directory(file.parent)
        _create_private(file)
        with closing(connect(file)) as connection:
            _enter_wal_mode(connection)
            _migrate(connection)
    except OSError as error:
        raise StoreError(f"cannot keep state in {file}: {error.strerror or error}; name another file with --state, or memory") from None
    except sqlite3.Error as error:
        raise StoreError(explain(file, error)) from None
    except StoreError as error:
        raise StoreError(f"{file} {error}") from None


def explain(file: Path | None, error: sqlite3.Error) -> str:
    """What went wrong, in which file, and what can be done."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return f"{file} is damaged or no state of triglot's ({error}): put a copy back, or move it away to begin with an empty one"
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return f"{file} is in use by another program, which does not let go of it ({error})"
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}:
        return f"cannot write {file}: {error}; give triglot the right to write there, or name another file with --state, or memory"
    return f"cannot keep state in {file or 'memory'}: {error}"


def _create_private(file: Path) -> None:
    """Make the file, which SQLite would make readable for others.

    A file that exists is not opened: to close it would take away the locks that SQLite holds on it elsewhere in this process.
    """
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with suppress(PermissionError):  # somebody else's: then it is theirs to say who may read it
        if file.stat().st_mode & 0o077:
            file.chmod(0o600)


def _enter_wal_mode(connection: sqlite3.Connection) -> None:
    """Readers and a writer then do not wait for each other. SQLite does not wait its turn here by itself."""
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            [mode] = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
            continue
        if mode != "wal":
            raise StoreError("is on a file system without shared memory, as network disks are; name a file on another with --state")
        return


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables up to date, in one transaction: all processes that start at once find either nothing or everything done."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for script in MIGRATIONS[_read_version(connection) :]:
            for statement in script.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _read_version(connection: sqlite3.Connection) -> int:
    """How many migrations the file has been through; none if it is empty."""
    version, application, tables = (
        connection.execute(query).fetchone()[0]
        for query in ("PRAGMA user_version", "PRAGMA application_id", "SELECT count(*) FROM sqlite_master")
    )
    if application != APPLICATION_ID and (application or tables):
        raise StoreError("is a database of another program; name another file with --state")
    if version > len(MIGRATIONS):
        raise StoreError(f"was written by a newer triglot (its schema is {version}, this one knows up to {len(MIGRATIONS)})")
    return int(version)
