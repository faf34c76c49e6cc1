"""A conversation that is imported once more: what is new in it, and where that goes in the one that is here."""

from __future__ import annotations

import hashlib

from coderapp.core.conversation import ROOT, Conversation
from coderapp.core.message import Message
from coderapp.storage import schema

Rows = list[tuple[str, Message]]
"""(id of the parent, message), parents first."""


def growth(here: Conversation, again: Conversation) -> Rows:
    """The messages of `again` that `here` lacks. Nothing that is here changes: a message that says something else by
    now comes in beside the one of old, as a branch.
    """
    rows: Rows = []
    added: set[str] = set()
    places = {ROOT: ROOT}  # id in `again` → id in `here`
    for message in again.messages.values():
        parent = places[again.parents[message.id]]
        identity = message.id
        old = here.messages.get(identity)
        if old is not None and not _says_the_same(old, message):
            identity = f"{identity[:48]}-{_digest(message)[:8]}"
        places[message.id] = identity
        if identity in here.messages or identity in added:
            continue
        added.add(identity)
        made = Message(identity, message.role, message.parts, message.created, message.generation)
        rows.append((parent, made))
    return rows


def shares_any(here: Conversation, again: Conversation) -> bool:
    """Whether they can be the same conversation at all."""
    return not again.messages or any(
        (old := here.messages.get(message.id)) is not None and _says_the_same(old, message)
        for message in again.messages.values()
    )


def _says_the_same(one: Message, other: Message) -> bool:
    return one.role is other.role and one.parts == other.parts


def _digest(message: Message) -> str:
    bare = Message("", message.role, message.parts)
    return hashlib.sha256(schema.encode_message(ROOT, bare)).hexdigest()
