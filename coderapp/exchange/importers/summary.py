"""What came of an import, in numbers and in sentences."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields

from coderapp.core.message import JsonValue
from coderapp.exchange.importers.values import items, line_of, mapping

MOST_PLACES = 500
"""Places that are named one by one."""


@dataclass(slots=True)
class Summary:
    """`raw`, `left_out` and `beside` count by what it was. `places` are sentences that say where, `faults` on what
    could not be read, `passed_over` names files that hold no conversations.
    """

    conversations: int = 0
    messages: int = 0
    grown: int = 0
    grown_messages: int = 0
    duplicates: int = 0
    empty: int = 0
    in_trash: int = 0
    damaged: int = 0
    formats: Counter[str] = field(default_factory=Counter)
    raw: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    beside: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)

    @property
    def anything(self) -> bool:
        """Whether something comes in."""
        return bool(self.conversations or self.grown)

    def place(self, sentence: str) -> None:
        if len(self.places) < MOST_PLACES:
            self.places.append(line_of(sentence, 2000))

    def fault(self, sentence: str) -> None:
        self.faults.append(line_of(sentence, 2000))

    def pass_over(self, name: str) -> None:
        self.passed_over.append(line_of(name, 2000))

    def headline(self, *, done: bool = True) -> str:
        """The most important in one sentence; `done` says whether it has come in."""
        verb = "Imported" if done else "Would import"
        if not self.anything:
            if self.duplicates:
                return f"Nothing new: {_count(self.duplicates, 'conversation')} had been imported before."
            return "Nothing was imported." if done else "Nothing would be imported."
        told = []
        if self.conversations:
            told.append(f"{_count(self.conversations, 'conversation')} with {_count(self.messages, 'message')}")
        if self.grown:
            added = _count(self.grown_messages, "new message")
            told.append(f"{added} in {_count(self.grown, 'conversation')} imported before")
        return f"{verb} {' and '.join(told)}."

    def details(self) -> list[str]:
        """The rest, a sentence each."""
        told = []
        if self.formats:
            told.append("From " + ", ".join(f"{name} ({count})" for name, count in self.formats.most_common()) + ".")
        if self.duplicates and self.anything:
            told.append(f"{_count(self.duplicates, 'conversation')} skipped: imported before, and nothing new in them.")
        if self.in_trash:
            told.append(
                f"{_count(self.in_trash, 'conversation')} of them {_are(self.in_trash)} in the trash too;"
                " what is there stays there."
            )
        if self.empty:
            told.append(f"{_count(self.empty, 'conversation')} without any message passed over.")
        if self.damaged and (self.anything or self.duplicates):
            told.append(
                f"{_count(self.damaged, 'damaged place')} in the files: what could be read is in, the rest is kept as"
                " text."
            )
        if self.raw:
            told.append(f"Kept as raw text, because it could not be understood: {_kinds(self.raw)}.")
        if self.left_out:
            told.append(f"Named but not kept, for conversations here are text: {_kinds(self.left_out)}.")
        if self.beside:
            told.append(
                f"Kept in the files of the conversations, for there is no place to show it: {_kinds(self.beside)}."
            )
        told += self.faults
        if self.passed_over:
            names = ", ".join(self.passed_over[:6]) + (" and others" if len(self.passed_over) > 6 else "")
            told.append(f"No conversations in: {names}.")
        return told

    def to_json(self) -> dict[str, JsonValue]:
        plain: dict[str, JsonValue] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            plain[each.name] = dict(value) if isinstance(value, Counter) else value
        return plain

    @classmethod
    def from_json(cls, value: JsonValue) -> Summary:
        """From `to_json`; what does not fit is left out."""
        summary = cls()
        for name, item in mapping(value).items():
            old = getattr(summary, name, None)
            if isinstance(old, Counter):
                counts = {key: count for key, count in mapping(item).items() if isinstance(count, int)}
                setattr(summary, name, Counter(counts))
            elif isinstance(old, list):
                setattr(summary, name, [line_of(row, 2000) for row in items(item)])
            elif isinstance(old, int) and isinstance(item, int):
                setattr(summary, name, item)
        return summary


def _kinds(counted: Counter[str]) -> str:
    shown = [f"{count}\u00a0×\u00a0{name}" for name, count in counted.most_common(8)]
    rest = sum(counted.values()) - sum(count for _, count in counted.most_common(8))
    return ", ".join(shown) + (f", {rest} others" if rest else "")


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
