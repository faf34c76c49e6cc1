"""A Query becomes what SQLite is asked: an expression for FTS5, conditions on conversations, a range of times."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from coderapp.storage.index_query import Filter, Query, Word
from coderapp.storage.index_rows import LanguageOf
from coderapp.storage.index_terms import MOST_PARTS, Terms

FEW = 100
"""Conversations that are asked for by a token in each of their messages; more are looked up for each row."""

FEW_PARTS = 12
"""The same for each end of several words that follow one another."""

_WITH = {"typescript": ("tsx",), "javascript": ("jsx",)}
"""Languages that are written within another one."""

_CONVERSATION = {
    "folder": "instr(fold(folder), ?)",
    "tag": "tags <> '[]' AND EXISTS (SELECT 1 FROM json_each(tags) WHERE instr(fold(value), ?) = 1)",
    "pinned": "pinned",
    "archived": "archived",
}


@dataclass(frozen=True, slots=True)
class Match:
    """`words`, `exact` and `titles` are FTS5 expressions, "" where no message or no title is looked for; in `exact`
    no word is a part of a longer one. `conversations` is a condition on that table with its `values`, "" for none;
    `by_row` says that the rows have to be held against it.
    """

    words: str = ""
    exact: str = ""
    titles: str = ""
    conversations: str = ""
    values: tuple[str | int, ...] = ()
    by_row: bool = False


def match_of(query: Query, db: sqlite3.Connection, terms: Terms, language_of: LanguageOf) -> Match:
    condition, values = _conditions(query, db, terms)
    needed, barred = _labels(query, db, language_of)
    titles = _titles(query, terms)
    if needed is None or (
        any(one.name == "title" and not one.negated for one in query.filters) and _only_titles(query)
    ):
        return Match("", "", titles if needed is not None else "", condition, values)
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
    asked = [word for word in query.words if not word.negated]
    without = [_word(word, query, terms) for word in query.words if word.negated]
    left_out = [f"text : ({one})" for one in without] + [f"about : ({one})" for one in barred]

    def expression(words: list[str]) -> str:
        positive = [f"text : ({one})" for one in words] + [f"about : ({one})" for one in needed]
        joined = " AND ".join(positive) if positive else 'about : ("all")'
        return f"({joined}) NOT ({' OR '.join(left_out)})" if left_out else joined

    words = expression([_word(word, query, terms) for word in asked])
    return Match(words, expression([_phrase(word) for word in asked]), titles, condition, values, by_row)


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


def _titles(query: Query, terms: Terms) -> str:
    """Conversations are found by their titles where nothing is asked about messages."""
    if any(_is_about_messages(one) and not one.negated for one in query.filters):
        return ""
    asked = [word for word in query.words if not word.negated]
    named = [one for one in query.filters if one.name == "title" and not one.negated]
    if not asked and not named:
        return ""
    parts = [f"({_word(word, query, terms)})" for word in asked]
    parts += [f"({expression})" for one in named if (expression := _phrase_of(one.value, terms))]
    expression = " AND ".join(parts)
    without = [_word(word, query, terms) for word in query.words if word.negated]
    if expression and without:
        return f"({expression}) NOT ({' OR '.join(without)})"
    return expression


def _phrase_of(text: str, terms: Terms) -> str:
    from coderapp.storage.index_words import tokens

    found = tuple(tokens(text))
    return _expression(Word(found, text), terms, typing=True) if found else ""


def _word(word: Word, query: Query, terms: Terms) -> str:
    return _expression(word, terms, typing=query.typing and word is query.words[-1])


def _expression(word: Word, terms: Terms, *, typing: bool) -> str:
    """The words one after the other; at an open end also those with a longer word there."""
    first, last = word.tokens[0], word.tokens[-1]
    phrase = _phrase(word)
    if len(word.tokens) == 1:
        if len(first) <= 2:
            return f"{phrase} *" if typing and word.open_right else phrase
        longer = _beginning(first, terms, MOST_PARTS) if word.open_right else []
        parts = [f"{phrase} *"] if longer is None else [phrase, *(f'"{term}"' for term in longer)]
        return _any([*parts, *(f'"{term}"' for term in (terms.holding(first) if word.open_left else ()))])
    firsts = [first, *(terms.ending(first, FEW_PARTS) if word.open_left and len(first) > 2 else ())]
    lasts = _beginning(last, terms, FEW_PARTS) if word.open_right else []
    star = " *" if lasts is None else ""
    middle = word.tokens[1:-1]
    pairs = [(one, last) for one in firsts] + [(one, other) for other in lasts or () for one in firsts]
    return _any([f'"{" ".join([one, *middle, other])}"{star}' for one, other in pairs[:MOST_PARTS]])


def _beginning(part: str, terms: Terms, most: int) -> list[str] | None:
    """Words that begin so are asked for one by one: SQLite would join all their places before it gives the first, but
    for beginnings of up to three letters, which it keeps. None where it has to.
    """
    return terms.beginning(part, most) if len(part) > 3 else None


def _phrase(word: Word) -> str:
    return f'"{" ".join(word.tokens)}"'


def _any(parts: list[str]) -> str:
    return " OR ".join(parts)
