"""The index of everything: a SQLite database beside the conversations, made from them and made again when it is gone.

It serves the list at the start and holds every word for the search (index_search). One thread writes it; nothing in it
is the only copy of anything. A message's row is numbered by its time: newest first is the order of the numbers, and
days are ranges of them.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from coderapp.core.conversation import Conversation
from coderapp.core.message import Message
from coderapp.storage.heads import ConversationHead, HeadState
from coderapp.storage.index_database import opened
from coderapp.storage.index_places import OF_A_MOMENT, number_at, places_for
from coderapp.storage.index_rows import LanguageOf, Row, row_of, storable, stored_id
from coderapp.storage.index_words import fold, tokens

SLICE = 4_000
"""Messages that are written at a stretch: the fewer stretches, the fewer pieces of the index have to be joined."""

MOST_PIECES = 4

JOINED_PAGES = 400
"""Pages of 4 KiB that are written in one step: some 30 ms."""


@dataclass(frozen=True, slots=True)
class Source:
    """A conversation as it is in its files. `stamp` says which files those were (see index_files)."""

    head: ConversationHead
    conversation: Conversation | None
    stamp: str


class Index:
    """Raises sqlite3.Error, and nothing is changed then; `index_database.is_damage` tells whether only making it
    again helps.

    `complete`: everything was put in once, so that it may serve the list.
    """

    def __init__(self, path: Path, language_of: LanguageOf = str.lower) -> None:
        self._path = path
        self._language_of = language_of
        self._labels: dict[tuple[str, str], int] = {}
        self._known: set[str] = set()  # terms that are in the table for sure
        self._db = opened(path)
        status = os.stat(path)
        self._file = (status.st_dev, status.st_ino)
        facts = {name for (name,) in self._db.execute("SELECT name FROM facts")}
        self.complete = "complete" in facts
        self.in_line = "in line" in facts

    def close(self) -> None:
        self._db.close()

    def is_there(self) -> bool:
        """Whether the file is still the one that was opened."""
        with suppress(OSError):
            status = os.stat(self._path)
            return (status.st_dev, status.st_ino) == self._file
        return False

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Around changes that belong together."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            self._labels.clear()
            self._known.clear()
            raise

    def set_complete(self) -> None:
        if not self.complete:
            self._db.execute("INSERT OR REPLACE INTO facts VALUES ('complete', 1)")
            self.complete = True

    def set_in_line(self, in_line: bool) -> None:
        """Whether it says what the files say, as it does after an orderly end: who was killed could not tell it all."""
        if in_line:
            self._db.execute("INSERT OR REPLACE INTO facts VALUES ('in line', 1)")
        else:
            self._db.execute("DELETE FROM facts WHERE name = 'in line'")
        self.in_line = in_line

    # the list

    def heads(self) -> Sequence[ConversationHead]:
        """Newest first by `updated`."""
        rows = self._db.execute(
            "SELECT id, title, created, updated, count, state, reason, folder, tags, pinned, archived"
            " FROM conversations ORDER BY updated DESC, id DESC"
        ).fetchall()
        ready = HeadState.READY
        return [
            ConversationHead(
                name, title, created, updated, count, ready if state == "ready" else HeadState(state), reason, folder,
                () if tags == "[]" else tuple(json.loads(tags)), bool(pinned), bool(archived),
            )
            for name, title, created, updated, count, state, reason, folder, tags, pinned, archived in rows
        ]  # fmt: skip

    def rows(self) -> Iterator[tuple[str, str, float, str, str, tuple[str, ...], bool, bool, bool]]:
        """The same without the detour of a head: id, title, updated, reason, folder, tags, whether it is pinned,
        archived, of a later version. In no order; for the start, where each millisecond counts.
        """
        # All of them as one value: SQLite lets go of the interpreter at every row, and waits for it again. A number is
        # written with as many digits as bring back the same one; its own JSON has two less.
        found = self._db.execute(
            "SELECT json_group_array(json_array("
            "id, title, format('%!.17g', updated), reason, folder, tags, pinned, archived, state))"
            " FROM conversations"
        ).fetchone()[0]
        for name, title, updated, reason, folder, tags, pinned, archived, state in json.loads(found):
            held = () if tags == "[]" else tuple(json.loads(tags))
            if not all(type(value) is str for value in (name, title, reason, folder, state, *held)):
                raise ValueError("a row of no conversation")
            yield name, title, float(updated), reason, folder, held, pinned == 1, archived == 1, state == "newer"

    def stamps(self) -> Mapping[str, str]:
        """Conversation id → the stamp of the files that it was indexed from."""
        return dict(self._db.execute("SELECT id, stamp FROM conversations"))

    def count(self) -> int:
        """The messages in it."""
        return int(self._db.execute("SELECT coalesce(sum(count), 0) FROM conversations").fetchone()[0])

    # changes

    def put_head(self, head: ConversationHead, stamp: str | None = None) -> int:
        """The conversation's own row, by its number; the stamp stays where none is given."""
        old = self._db.execute("SELECT number, indexed FROM conversations WHERE id = ?", (head.id,)).fetchone()
        title = " ".join(tokens(fold(head.title)))
        values = (
            storable(head.title), head.created, head.updated, head.message_count, storable(head.folder),
            json.dumps([storable(tag) for tag in head.tags]), head.pinned, head.archived, head.state.value,
            storable(head.reason), title,
        )  # fmt: skip
        with self.changing():
            if old is None:
                number = int(
                    self._db.execute(
                        "INSERT INTO conversations (title, created, updated, count, folder, tags, pinned, archived,"
                        " state, reason, indexed, id, stamp) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                        (*values, head.id, stamp or ""),
                    ).lastrowid
                    or 0
                )
            else:
                number = old[0]
                self._db.execute(
                    "UPDATE conversations SET title=?, created=?, updated=?, count=?, folder=?, tags=?, pinned=?,"
                    " archived=?, state=?, reason=?, indexed=?, stamp=coalesce(?, stamp) WHERE number=?",
                    (*values, stamp, number),
                )
            if old is None or old[1] != title:
                if old is not None:
                    self._db.execute(
                        "INSERT INTO titles (titles, rowid, text) VALUES ('delete', ?, ?)", (number, old[1])
                    )
                self._db.execute("INSERT INTO titles (rowid, text) VALUES (?, ?)", (number, title))
                self._put_terms(set(title.split()))
        return number

    def set_stamp(self, conversation_id: str, stamp: str) -> None:
        with self.changing():
            self._db.execute("UPDATE conversations SET stamp = ? WHERE id = ?", (stamp, conversation_id))

    def put(self, sources: Sequence[Source]) -> Iterator[int]:
        """Conversations as they are in their files. Yields after each slice how many messages were looked at; nothing
        of a slice is seen before its end, and a stamp only with the last of it."""
        added: list[tuple[Row, int]] = []
        looked_at = 0
        with self.changing():
            for source in sources:
                if source.conversation is None:
                    self.put_head(source.head, source.stamp)
                    continue
                number = self.put_head(source.head, "")
                rows = _rows(source.conversation, self._language_of)
                there = self._there(number)
                if there:
                    rows = self._without_unchanged(number, rows, there)
                added += ((row, number) for row in rows)
                looked_at += len(source.conversation)
        added.sort(key=lambda pair: pair[0].created)
        for start in range(0, len(added), SLICE):
            piece = added[start : start + SLICE]
            with self.changing():
                self._add(piece)
            yield len(piece)
        with self.changing():
            for source in sources:
                if source.conversation is not None:
                    self.set_stamp(source.head.id, source.stamp)
        yield looked_at - len(added)

    def put_message(self, conversation_id: str, message: Message, *, starred: bool = False) -> None:
        """One message, new or changed. Its conversation is there; otherwise nothing happens."""
        row = row_of(message, starred=starred, language_of=self._language_of)
        with self.changing():
            if (number := self._number(conversation_id)) is None:
                return
            where = (number, row.id)
            old = self._db.execute("SELECT number FROM messages WHERE conversation=? AND id=?", where).fetchall()
            self._remove(place for (place,) in old)
            self._add([(row, number)], keep=next((place for (place,) in old), None))

    def set_star(self, conversation_id: str, message_id: str, starred: bool) -> None:
        where = (stored_id(message_id), conversation_id)
        with self.changing():
            row = self._db.execute(
                "SELECT number, text, about FROM messages WHERE id = ?"
                " AND conversation = (SELECT number FROM conversations WHERE id = ?)", where,
            ).fetchone()  # fmt: skip
            if row is None:
                return
            number, text, about = row
            marks = [mark for mark in about.split() if mark != "isstarred"]
            changed = " ".join(["isstarred", *marks] if starred else marks)
            words = " ".join(tokens(fold(text)))
            self._db.execute(
                "INSERT INTO words (words, rowid, text, about) VALUES ('delete', ?, ?, ?)", (number, words, about)
            )
            self._db.execute("INSERT INTO words (rowid, text, about) VALUES (?, ?, ?)", (number, words, changed))
            self._db.execute("UPDATE messages SET about = ? WHERE number = ?", (changed, number))

    def remove(self, conversation_id: str) -> None:
        with self.changing():
            if (number := self._number(conversation_id)) is None:
                return
            self._remove(self._there(number).values())
            title = self._db.execute("SELECT indexed FROM conversations WHERE number=?", (number,)).fetchone()[0]
            self._db.execute("INSERT INTO titles (titles, rowid, text) VALUES ('delete', ?, ?)", (number, title))
            self._db.execute("DELETE FROM conversations WHERE number = ?", (number,))

    def join(self) -> Iterator[None]:
        """Joins the pieces that the index of words consists of, where they have become many: each word is looked up in
        each of them. A little at a time.
        """
        if self._db.execute("SELECT count(DISTINCT segid) FROM words_idx").fetchone()[0] <= MOST_PIECES:
            return
        pages = -JOINED_PAGES  # the first time all pieces are chosen, then those go on
        while True:
            before = self._db.total_changes
            with self.changing():
                self._db.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (pages,))
            if self._db.total_changes - before < 2:  # as SQLite says that there is nothing left to do
                return
            pages = JOINED_PAGES
            yield

    # inside

    def _number(self, conversation_id: str) -> int | None:
        row = self._db.execute("SELECT number FROM conversations WHERE id = ?", (conversation_id,)).fetchone()
        return None if row is None else int(row[0])

    def _there(self, number: int) -> dict[str, int]:
        return dict(self._db.execute("SELECT id, number FROM messages WHERE conversation = ?", (number,)))

    def _without_unchanged(self, number: int, rows: list[Row], there: dict[str, int]) -> list[Row]:
        """Takes out what is gone or has changed; the rows that are to be added."""
        added: list[Row] = []
        moments: set[int] = set()  # of what is added: what is of one moment keeps its order
        gone = dict(there)
        for row in rows:
            moment = number_at(row.created)
            if (place := gone.pop(row.id, None)) is not None:
                old = self._db.execute("SELECT text, about FROM messages WHERE number = ?", (place,)).fetchone()
                if old == (row.text, self._about(row, number)) and moment not in moments:
                    continue
                gone[row.id] = place
            added.append(row)
            moments.add(moment)
        self._remove(gone.values())
        return added

    def _remove(self, places: Iterable[int]) -> None:
        for place in sorted(places):
            text, about = self._db.execute("SELECT text, about FROM messages WHERE number=?", (place,)).fetchone()
            self._db.execute(
                "INSERT INTO words (words, rowid, text, about) VALUES ('delete', ?, ?, ?)",
                (place, " ".join(tokens(fold(text))), about),
            )
            self._db.execute("DELETE FROM messages WHERE number = ?", (place,))

    def _add(self, pairs: Sequence[tuple[Row, int]], *, keep: int | None = None) -> None:
        """Sorted by time: the index of words is written out wherever a number is lower than the one before. `keep` is
        the number that the only one had so far.
        """
        terms: set[str] = set()
        messages: list[tuple[int, int, str, float, str, str, str]] = []
        words: list[tuple[int, str, str]] = []
        places = places_for(self._db, [row.created for row, _ in pairs])
        if keep is not None and number_at(pairs[0][0].created) <= keep < number_at(pairs[0][0].created) + OF_A_MOMENT:
            places = [keep]
        for place, (row, conversation) in zip(places, pairs, strict=True):
            about = self._about(row, conversation)
            found = tokens(fold(row.text))
            terms.update(found)
            messages.append((place, conversation, row.role, row.created, row.id, about, row.text))
            words.append((place, " ".join(found), about))
        words.sort()
        self._db.executemany(
            "INSERT INTO messages (number, conversation, role, created, id, about, text) VALUES (?, ?, ?, ?, ?, ?, ?)",
            messages,
        )
        self._db.executemany("INSERT INTO words (rowid, text, about) VALUES (?, ?, ?)", words)
        self._put_terms(terms)

    def _about(self, row: Row, conversation: int) -> str:
        return " ".join([row.marks, f"in{conversation}", *(f"label{self._label(label)}" for label in row.labels)])

    def _label(self, label: tuple[str, str]) -> int:
        if (number := self._labels.get(label)) is None:
            self._db.execute("INSERT OR IGNORE INTO labels (kind, name) VALUES (?, ?)", label)
            row = self._db.execute("SELECT number FROM labels WHERE kind = ? AND name = ?", label).fetchone()
            number = self._labels[label] = int(row[0])
        return number

    def _put_terms(self, terms: set[str]) -> None:
        new = terms - self._known
        self._db.executemany("INSERT OR IGNORE INTO terms (term) VALUES (?)", ((term,) for term in new))
        if len(self._known) > 50_000:
            self._known.clear()
        self._known |= new


def _rows(conversation: Conversation, language_of: LanguageOf) -> list[Row]:
    starred = conversation.starred
    return [
        row_of(message, starred=message.id in starred, language_of=language_of)
        for message in conversation.messages.values()
    ]
