"""Text files that go along with a prompt: what they are called, and how they stand in what a model reads."""

from __future__ import annotations

from collections.abc import Iterable

from coderapp.core.message import FilePart, Message, Part, TextPart

MOST_FILE_BYTES = 20_000_000
"""Larger files are not attached."""

_LEAST_FENCE = 3
_NAME_LENGTH = 200


def prompt_parts(text: str, files: Iterable[FilePart] = ()) -> tuple[Part, ...]:
    """The parts of a prompt: its files, then its words, if there are any."""
    return (*files, TextPart(text)) if text.strip() else tuple(files)


def text_for_model(message: Message) -> str:
    """What a model reads of a message: its files in their order, then its words, a blank line between two of them."""
    files = message.files
    if not files:
        return message.text
    pieces = [as_fenced(file) for file in files]
    if message.text:
        pieces.append(message.text)
    return "\n\n".join(pieces)


def as_fenced(file: FilePart) -> str:
    """A heading line with the file's name, then its text between fences that nothing in it can close."""
    fence = "`" * max(_LEAST_FENCE, longest_run(file.text, "`") + 1)
    end = "" if file.text.endswith("\n") else "\n"
    return f"File: {shown_name(file.name)}\n{fence}\n{file.text}{end}{fence}"


def shown_name(name: str) -> str:
    """A file's name as it can stand in one line: what does not print becomes a space, a long one loses its
    middle.
    """
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    if len(line) > _NAME_LENGTH:
        line = f"{line[: _NAME_LENGTH - 60]}…{line[-59:]}"
    return line or "unnamed"


def longest_run(text: str, letter: str) -> int:
    """How many of `letter` stand in a row at most. By search alone: a pattern over ten megabytes would hold up every
    thread.
    """
    if letter not in text:
        return 0
    least, beyond = 1, 2
    while letter * beyond in text:
        least, beyond = beyond, beyond * 2
    while beyond - least > 1:
        middle = (least + beyond) // 2
        if letter * middle in text:
            least = middle
        else:
            beyond = middle
    return least


def free_name(name: str, taken: Iterable[str]) -> str:
    """`name`, or with a number before its suffix where it is taken: "notes-2.txt"."""
    used = set(taken)
    if name not in used:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem:
        stem, dot, suffix = name, "", ""
    number = 2
    while (made := f"{stem}-{number}{dot}{suffix}") in used:
        number += 1
    return made


def size_words(count: int) -> str:
    """A number of bytes as people say it: "870 bytes", "12.3 KB", "10.0 MB"."""
    if count < 1000:
        return "1 byte" if count == 1 else f"{count} bytes"
    if count < 999_950:
        return f"{count / 1000:.1f} KB"
    return f"{count / 1_000_000:.1f} MB"


def byte_count(text: str) -> int:
    """The length in UTF-8. Bytes of half a character count as three."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def line_count(text: str) -> int:
    """Lines as editors count them, an end of line at the very end aside; 0 for nothing."""
    return text.count("\n") + (not text.endswith("\n")) if text else 0
