"""The file of the index: made, opened, recognised as damaged, removed."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

VERSION = 2
"""Of the tables, and of what counts as a word: an index of another one is made again."""

_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value);
CREATE TABLE conversations (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, title TEXT, created REAL, updated REAL, count INTEGER,
    folder TEXT, tags TEXT, pinned INTEGER, archived INTEGER, state TEXT, reason TEXT, stamp TEXT, indexed TEXT
);
CREATE TABLE messages (
    number INTEGER PRIMARY KEY, conversation INTEGER NOT NULL, role TEXT, created REAL, id TEXT NOT NULL, about TEXT,
    text TEXT
);
CREATE INDEX by_updated ON conversations (updated);
CREATE INDEX by_conversation ON messages (conversation, id);
CREATE TABLE labels (number INTEGER PRIMARY KEY, kind TEXT, name TEXT, UNIQUE (kind, name));
CREATE TABLE terms (number INTEGER PRIMARY KEY, term TEXT UNIQUE);
CREATE VIRTUAL TABLE words USING fts5 (text, about, content='', tokenize='ascii', prefix='1 2 3');
INSERT INTO words (words, rank) VALUES ('hashsize', 16777216);
CREATE VIRTUAL TABLE titles USING fts5 (text, content='', tokenize='ascii', prefix='1 2 3');
"""


def opened(path: Path) -> sqlite3.Connection:
    """For the one thread that writes. What is there and can't be used goes first. Raises sqlite3.Error, OSError."""
    try:
        return _connected(path)
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        remove_files(path)
        return _connected(path)


def _connected(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
    db = sqlite3.connect(path, timeout=0.5, isolation_level=None, check_same_thread=False)
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        empty = not version and not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not empty and version != VERSION:
            raise sqlite3.DatabaseError("an index of another version")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA temp_store = MEMORY")
        db.execute("PRAGMA cache_size = -16000")
        if empty:
            db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        else:
            db.execute("SELECT number FROM conversations LIMIT 1").fetchone()
            db.execute("SELECT rowid FROM words LIMIT 1").fetchone()
    except BaseException:
        db.close()
        raise
    return db


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is to blame, and not a lock, a full disk or a folder that takes no writes."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name == "SQLITE_ERROR":  # a table that is not there, but also whatever SQLite does not understand
        return str(error).startswith(("no such", "vtable constructor failed", "JSON cannot hold", "malformed JSON"))
    if str(error).startswith("Could not decode"):  # Python's words, without a name
        return True
    if isinstance(error, sqlite3.OperationalError):
        return name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_SHORT"))
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.ProgrammingError)


def remove_files(path: Path) -> None:
    """The database and what SQLite keeps beside it. Raises OSError."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            os.unlink(f"{path}{suffix}")
