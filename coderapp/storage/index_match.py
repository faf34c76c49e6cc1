"""A Query becomes what SQLite is asked: an expression for FTS5, conditions on conversations, a range of times."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from coderapp.storage.index_query import Filter, Query, Word
from coderapp.storage.index_rows import LanguageOf
from coderapp.storage.index_snippets import word_pattern
from coderapp.storage.index_terms import MOST_BEGINNINGS, MOST_PARTS, Terms
from coderapp.storage.index_words import tokens

FEW = 100
"""Conversations that are asked for by a token in each of their messages; more are looked up for each row."""

FEW_LASTS = 12
"""Longer words at the end of several that follow one another; more are left to SQLite."""

MANY = 96
"""Words that a part may stand for and be asked for outright: 1 ms. For more of them see index_rank."""

MANY_PHRASES = 48

PIECE = 800
"""Of more of them so many are asked for at once: some 7 ms."""

MANY_IN_TITLES = 800

_WITH = {"typescript": ("tsx",), "javascript": ("jsx",)}
"""Languages that are written within another one."""

# Not the apostrophe, which may be a printed one.
_SIGNS = re.compile(r"[!-&(-/:-@\[-`{-~]+")
_WIDE = {n: n + 0xFEE0 for n in range(0x21, 0x7F)}

_CONVERSATION = {
    "folder": "instr(fold(folder), ?)",
    "tag": "tags <> '[]' AND EXISTS (SELECT 1 FROM json_each(tags) WHERE instr(fold(value), ?) = 1)",
    "pinned": "pinned",
    "archived": "archived",
}


@dataclass(frozen=True, slots=True)
class Check:
    """What the text of a message itself must hold, or must not. Signs that it can't do without are looked for before
    the text is folded, which takes ten times as long; `signs` are the ways to write them.
    """

    pattern: re.Pattern[str]
    negated: bool
    signs: tuple[str, ...] = ()

    def may_fit(self, text: str) -> bool:
        return not self.signs or self.negated or any(one in text for one in self.signs)

    def fits(self, folded: str) -> bool:
        return (self.pattern.search(folded) is None) == self.negated


@dataclass(frozen=True, slots=True)
class Match:
    """`words` and `exact` are FTS5 expressions, "" where no message is looked for; in `exact` no word is a part of a
    longer one. `titles` and `conversations` are conditions on conversations with their values; "" where no title is
    looked for, or for no condition. `by_row` says that the rows have to be held against the latter.

    `checks` and `exact_checks` are what a text has to be held against, for the expressions can't say it: signs, and
    parts of very many words. `pieces` are together what `words` says with one of those very many in each; none where
    they are too many even so.
    """

    words: str = ""
    exact: str = ""
    titles: str = ""
    title_values: tuple[str, ...] = ()
    conversations: str = ""
    values: tuple[str | int, ...] = ()
    by_row: bool = False
    checks: tuple[Check, ...] = ()
    exact_checks: tuple[Check, ...] = ()
    is_wide: bool = False
    pieces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """`parts` fit the word, any of them; `rough` fits wherever it does, "" for everywhere: then it is `part`, within
    words."""

    part: str
    parts: list[str]
    rough: str
    check: Check
    is_literal: bool
    most: int

    @property
    def is_wide(self) -> bool:
        return len(self.parts) > self.most

    @property
    def expression(self) -> str:
        return self.rough if self.is_wide else _any(self.parts)


def match_of(query: Query, db: sqlite3.Connection, terms: Terms, language_of: LanguageOf) -> Match:
    condition, values = _conditions(query, db, terms)
    needed, barred = _labels(query, db, language_of)
    words = [_asked(word, terms, typing=query.typing and word is query.words[-1]) for word in query.words]
    titles, title_values = _titles(query, words, terms)
    checks = tuple(one.check for one in words if one.is_literal or one.is_wide)
    if needed is None or (
        any(one.name == "title" and not one.negated for one in query.filters) and _only_titles(query)
    ):
        if needed is None:
            return Match()
        return Match("", "", titles, title_values, condition, values, checks=checks)
    by_row = bool(condition)
    if condition:
        numbers = [
            row[0] for row in db.execute(f"SELECT number FROM conversations WHERE {condition} LIMIT {FEW + 1}", values)
        ]
        if not numbers:
            return Match()
        if len(numbers) <= FEW:
            by_row = False
            needed.append(_any([f'"in{number}"' for number in numbers]))
    asked = [one for one in words if not one.check.negated]
    # What only the text can say is not left out by words.
    without = [one.expression for one in words if one.check.negated and not (one.is_literal or one.is_wide)]
    left_out = [f"text : ({one})" for one in without] + [f"about : ({one})" for one in barred]

    def expression(parts: list[str]) -> str:
        positive = [f"text : ({one})" for one in parts if one] + [f"about : ({one})" for one in needed]
        joined = " AND ".join(positive) if positive else 'about : ("all")'
        return f"({joined}) NOT ({' OR '.join(left_out)})" if left_out else joined

    wide = next((one for one in asked if one.is_wide), None)
    pieces: list[str] = []
    if wide is not None and len(wide.parts) < MOST_PARTS:
        others = [one.expression for one in asked if one is not wide]
        pieces = [
            expression([*others, _any(wide.parts[start : start + PIECE])]) for start in range(0, len(wide.parts), PIECE)
        ]
    return Match(
        expression([one.expression for one in asked]),
        expression([_phrase(word) for word in query.words if not word.negated]),
        titles,
        title_values,
        condition,
        values,
        by_row,
        checks,
        tuple(one.check for one in words if one.is_literal or (one.is_wide and one.check.negated)),
        wide is not None,
        tuple(pieces),
    )


def _only_titles(query: Query) -> bool:
    return not query.words and not any(_is_about_messages(one) for one in query.filters)


def _is_about_messages(one: Filter) -> bool:
    return one.name in ("model", "lang", "has", "role") or (one.name == "is" and one.value == "starred")


def _conditions(query: Query, db: sqlite3.Connection, terms: Terms) -> tuple[str, tuple[str | int, ...]]:
    parts: list[str] = []
    values: list[str | int] = []
    for one in query.filters:
        if one.name == "title":
            expression = _phrase_of(one.value, terms)
            part = "number IN (SELECT rowid FROM titles WHERE titles MATCH ?)" if expression else "1"
            values += [expression] if expression else []
        else:
            key = one.value if one.name == "is" else one.name
            if key not in _CONVERSATION:
                continue
            part = _CONVERSATION[key]
            values += [one.value] if "?" in part else []
        parts.append(f"NOT ({part})" if one.negated else f"({part})")
    return " AND ".join(parts), tuple(values)


def _labels(query: Query, db: sqlite3.Connection, language_of: LanguageOf) -> tuple[list[str] | None, list[str]]:
    """What must and what must not stand about a message; None where nothing can have what must."""
    needed: list[str] = []
    barred: list[str] = []
    for one in query.filters:
        if not _is_about_messages(one):
            continue
        if one.name in ("model", "lang"):
            labels = _labels_named(db, one, language_of)
            if not labels and not one.negated:
                return None, barred
            expression = _any([f'"label{number}"' for number in labels])
        else:
            expression = f'"{one.name}{one.value}"'
        if expression:
            (barred if one.negated else needed).append(expression)
    return needed, barred


def _labels_named(db: sqlite3.Connection, one: Filter, language_of: LanguageOf) -> list[int]:
    """Models by any part of their names; languages by the whole or another name of theirs: `c` is not `css`."""
    rows = db.execute("SELECT number, fold(name) FROM labels WHERE kind = ?", (one.name,)).fetchall()
    if one.name == "model":
        return [number for number, name in rows if one.value in name]
    wanted = {one.value, language_of(one.value)}
    wanted |= {other for name in wanted for other in _WITH.get(name, ())}
    return [number for number, name in rows if name in wanted]


def _titles(query: Query, words: Sequence[_Asked], terms: Terms) -> tuple[str, tuple[str, ...]]:
    """Conversations are found by their titles where nothing is asked about messages: a condition and its values."""
    if any(_is_about_messages(one) and not one.negated for one in query.filters):
        return "", ()
    asked = [one for one in words if not one.check.negated]
    named = [one for one in query.filters if one.name == "title" and not one.negated]
    if not asked and not named:
        return "", ()
    parts = [f"({one.expression})" for one in asked if one.expression]
    parts += [f"({expression})" for one in named if (expression := _phrase_of(one.value, terms))]
    without = [one.expression for one in words if one.check.negated and not (one.is_literal or one.is_wide)]
    fitting = "number {} (SELECT rowid FROM titles WHERE titles MATCH ?)"
    conditions: list[str] = []
    values: list[str] = []
    for comparison, expression in (("IN", " AND ".join(parts)), ("NOT IN", _any(without))):
        if expression:
            conditions.append(fitting.format(comparison))
            values.append(expression)
    for one in asked:
        if not one.expression:
            conditions.append("instr(indexed, ?)")
            values.append(one.part)
    # A title: of signs alone asks for nothing.
    return (" AND ".join(conditions), tuple(values)) if parts or len(conditions) > len(without) else ("", ())


def _phrase_of(text: str, terms: Terms) -> str:
    found = tuple(tokens(text))
    return _any(_asked(Word(found, text), terms, typing=True).parts[:MANY_IN_TITLES]) if found else ""


def _asked(word: Word, terms: Terms, *, typing: bool) -> _Asked:
    """The words one after the other; at an open end also those with a longer word there."""
    first, last = word.tokens[0], word.tokens[-1]
    phrase = _phrase(word)
    runs = _SIGNS.findall(word.literal)
    signs = max(runs, key=len) if runs else ""
    ways = (signs, signs.translate(_WIDE)) if signs else ()
    check = Check(re.compile(word_pattern(word, typing=typing)), word.negated, ways)
    is_literal = bool(word.literal)
    if len(word.tokens) == 1:
        if len(first) <= 2:
            return _Asked(
                first, [f"{phrase} *" if typing and word.open_right else phrase], phrase, check, is_literal, MANY
            )
        longer = _beginning(first, terms, MOST_BEGINNINGS) if word.open_right else []
        parts = [f"{phrase} *"] if longer is None else [phrase, *(f'"{term}"' for term in longer)]
        parts += [f'"{term}"' for term in (terms.holding(first) if word.open_left else ())]
        return _Asked(first, parts, "", check, is_literal, MANY)
    firsts = [first, *(terms.ending(first) if word.open_left and len(first) > 2 else ())]
    lasts = _beginning(last, terms, FEW_LASTS) if word.open_right else []
    if lasts and len(firsts) * (len(lasts) + 1) > MANY_PHRASES:
        lasts = None
    star = " *" if lasts is None else ""
    rest = " ".join(word.tokens[1:])
    ends = [" ".join([*word.tokens[1:-1], other]) for other in (last, *(lasts or ()))]
    parts = [f'"{one} {end}"{star}' for one in firsts for end in ends]
    rough = f'"{rest}" *' if word.open_right else f'"{rest}"'
    return _Asked(first, parts, rough, check, is_literal, MANY_PHRASES)


def _beginning(part: str, terms: Terms, most: int) -> list[str] | None:
    """Words that begin so are asked for one by one: SQLite would join all their places before it gives the first, but
    for beginnings of up to three letters, which it keeps. None where it has to.
    """
    return terms.beginning(part, most) if len(part) > 3 else None


def _phrase(word: Word) -> str:
    return f'"{" ".join(word.tokens)}"'


def _any(parts: list[str]) -> str:
    return " OR ".join(parts)
