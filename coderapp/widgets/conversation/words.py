"""Words and lines in a text, for selecting them and for moving by them."""

from __future__ import annotations


def is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def word_at(text: str, at: int) -> tuple[int, int]:
    """The word around an offset, or the run of other characters; empty at the end of a line."""
    if not text:
        return 0, 0
    at = min(at, len(text))
    if at == len(text) or (not is_word(text[at]) and at and is_word(text[at - 1])):
        at -= 1
    if at < 0 or text[at] == "\n":
        return at + 1, at + 1
    kind = _kind(text[at])
    start = end = at
    while start > 0 and _kind(text[start - 1]) == kind:
        start -= 1
    while end < len(text) and _kind(text[end]) == kind:
        end += 1
    return start, end


def _kind(character: str) -> int:
    if is_word(character):
        return 0
    return 1 if character in " \t" else 2 if character == "\n" else 3


def line_at(text: str, at: int) -> tuple[int, int]:
    """The line around an offset, with its end."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    return start, len(text) if end < 0 else end + 1


def next_word(text: str, at: int) -> int:
    """Behind the word that follows."""
    while at < len(text) and not is_word(text[at]):
        at += 1
    while at < len(text) and is_word(text[at]):
        at += 1
    return at


def previous_word(text: str, at: int) -> int:
    """Before the word that precedes."""
    while at > 0 and not is_word(text[at - 1]):
        at -= 1
    while at > 0 and is_word(text[at - 1]):
        at -= 1
    return at
