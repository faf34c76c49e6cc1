"""Conversations of earlier versions of the format: what is done to them on reading, one step a version.

Reading changes nothing on disk. Where such a conversation is to be changed, `ConversationStore` keeps the file as it
was in `older/`, writes it in the form of today, and before that reads what it is about to write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from coderapp.core.message import JsonValue

Head = dict[str, JsonValue]
"""The fields of a file without its messages."""

NEW_IN_2 = ("folder", "tags", "pinned", "archived", "starred", "origin")


def _to_2(head: Head) -> None:
    """Version 2 orders the history: folder, tags, pin, archive, stars, origin. What a file of version 1 has under one
    of these names meant something else to whoever wrote it; it is kept under another.
    """
    for name in NEW_IN_2:
        if name in head:
            head[f"{name}_of_version_1"] = head.pop(name)


STEPS: Mapping[int, Callable[[Head], None]] = {1: _to_2}
"""Version → what makes the next one of it."""


def migrate(head: Head, newest: int) -> int:
    """Brings the fields to version `newest`; which one they had. What is no version, or a later one, is left alone."""
    version = head.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version < newest:
        return newest
    for step in range(version, newest):
        STEPS[step](head)
    head["version"] = newest
    return version
