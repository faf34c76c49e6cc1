"""Makes a conversation of ours from what an importer found: any order, any parents, ids of any kind."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from coderapp.core.conversation import ROOT, Conversation
from coderapp.core.message import FinishReason, Generation, Message, Part, Role
from coderapp.exchange.importers.found import FoundConversation, FoundMessage
from coderapp.storage import schema

_PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def build(found: FoundConversation, now: float) -> Conversation:
    """Never raises. Every message of `found` with something in it is there, after its parent; rings are cut. The id of
    the conversation is left open. `now` is the time where no message has one.
    """
    placed = _placed(found.messages)
    times = [message.created for message in found.messages if message.created]
    created = found.created or (min(times) if times else 0.0) or found.updated or now
    conversation = Conversation("", created, system_prompt=found.system_prompt)
    conversation.folder, conversation.tags = found.folder, found.tags
    conversation.pinned, conversation.archived = found.pinned, found.archived
    ids: dict[int, str] = {}
    names: dict[str, str] = {}
    for place, parent_place in _in_order(placed):
        message = found.messages[place]
        parent = ROOT if parent_place is None else ids[parent_place]
        identity = _id_of(message, parent, conversation)
        ids[place] = identity
        names.setdefault(message.id, identity)
        before = conversation.messages[parent].created if parent else created
        conversation.add(
            Message(identity, message.role, message.parts, message.created or before, _generation(message)),
            parent=parent,
        )
        if message.starred:
            conversation.starred.add(identity)
    if found.title.strip():
        conversation.title = found.title
    conversation.updated = found.updated or max(times, default=0.0) or created
    if (leaf := names.get(found.leaf)) is not None and found.leaf:
        conversation.choose(leaf)
    return conversation


def _generation(message: FoundMessage) -> Generation | None:
    """An answer without an end would count as one under way."""
    if message.role is not Role.ASSISTANT:
        return message.generation
    return message.generation or Generation(finish=FinishReason.STOP)


def _placed(messages: list[FoundMessage]) -> list[int | None]:
    """For each message the place of its parent in the list; None for a first one. Of an id that stands twice, the
    first counts. A parent that is not there is the message before, as it is for one that names none.
    """
    places: dict[str, int] = {}
    for place, message in enumerate(messages):
        if message.id:
            places.setdefault(message.id, place)
    placed: list[int | None] = []
    for place, message in enumerate(messages):
        before = place - 1 if place else None
        if message.parent == "":
            placed.append(None)
        elif message.parent is None or places.get(message.parent, place) == place:
            placed.append(before)
        else:
            placed.append(places[message.parent])
    return placed


def _in_order(placed: list[int | None]) -> Iterable[tuple[int, int | None]]:
    """(place, parent's place), parents first, otherwise in the order of the list. A ring is cut where it is met."""
    done: set[int] = set()
    for start in range(len(placed)):
        chain: list[int] = []
        under_way: set[int] = set()
        node: int | None = start
        while node is not None and node not in done:
            if node in under_way:
                placed[chain[-1]] = None
                break
            chain.append(node)
            under_way.add(node)
            node = placed[node]
        for place in reversed(chain):
            done.add(place)
            yield place, placed[place]


def _id_of(message: FoundMessage, parent: str, conversation: Conversation) -> str:
    """From the source's id, so that a later import finds the message again; where there is none, from what the message
    says and what it follows.
    """
    if _PLAIN_ID.fullmatch(message.id):
        identity = message.id
    else:
        identity = _digest(message.id or f"{parent}\n{message.role}\n{_words(message.parts)}")[:16]
    number = 2
    made = identity
    while made in conversation.messages:
        made = f"{identity[:56]}-{number}"
        number += 1
    return made


def _words(parts: tuple[Part, ...]) -> str:
    return repr(parts)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest_of(conversation: Conversation) -> str:
    """What the messages say and how they hang together, in 32 digits: equal for what is the same once more. Times are
    left out: where a source has none, they are those of the import.
    """
    told = hashlib.sha256()
    for message in conversation.messages.values():
        bare = Message(message.id, message.role, message.parts)
        told.update(schema.encode_message(conversation.parents[message.id], bare))
        told.update(b"\n")
    return told.hexdigest()[:32]
