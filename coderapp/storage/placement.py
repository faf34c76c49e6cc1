"""Puts messages into the tree of a conversation, in whatever order and state a file has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from coderapp.core.conversation import ROOT, Conversation
from coderapp.core.message import JsonValue, Message
from coderapp.storage.document import Document
from coderapp.storage.lenient import read_message

if TYPE_CHECKING:
    from coderapp.storage import forms


def place_forms(document: Document, pieces: list[forms.MessageForm]) -> bool:
    """Adds messages that stand after their parents, each once; False at the first that doesn't (nothing is added)."""
    from coderapp.storage.forms import message_of

    conversation = document.conversation
    messages: dict[str, Message] = {}
    parents: dict[str, str] = {}
    children: dict[str, list[str]] = {}
    for form in pieces:
        identity, parent = form.id, form.parent
        if (parent not in messages and parent != ROOT) or identity in messages or identity == ROOT:
            return False
        messages[identity] = message_of(form)
        parents[identity] = parent
        if parent in children:
            children[parent].append(identity)
        else:
            children[parent] = [identity]
    conversation.messages, conversation.parents, conversation.children = messages, parents, children
    return True


def _grow(conversation: Conversation, nodes: Iterable[tuple[str, Message]]) -> None:
    """What `Conversation.add` does, without moving title, time or choice: the file says those."""
    messages, parents, children = conversation.messages, conversation.parents, conversation.children
    for parent, message in nodes:
        identity = message.id
        messages[identity] = message
        parents[identity] = parent
        if parent in children:
            children[parent].append(identity)
        else:
            children[parent] = [identity]


def place(document: Document, pieces: list[Any]) -> None:
    """Adds what can be placed. An orphan goes to its nearest ancestor that is left, or to the message before it."""
    from coderapp.storage import forms

    known: dict[str, tuple[str, Message]] = {}
    lost_parents: dict[str, str] = {}
    before: dict[str, str] = {}
    set_aside = partial = 0
    last = ROOT
    for piece in pieces:
        if isinstance(piece, forms.MessageForm):
            parent, message = piece.parent, forms.message_of(piece)
        elif (read := read_message(piece)) is not None:
            parent, message = read.parent, read.message
            if read.faults:
                document.set_aside.append(piece)
                partial += 1
            if read.extras and message.id not in known:
                document.message_extras[message.id] = read.extras
        else:
            document.set_aside.append(piece)
            set_aside += 1
            if isinstance(piece, dict) and isinstance(piece.get("id"), str) and isinstance(piece.get("parent"), str):
                lost_parents[piece["id"]] = piece["parent"]
            continue
        if message.id in known or message.id == ROOT:
            document.set_aside.append(
                piece if not isinstance(piece, forms.MessageForm) else cast(JsonValue, forms.to_plain(piece))
            )
            set_aside += 1
            continue
        known[message.id] = (parent, message)
        before[message.id] = last
        last = message.id
    if set_aside:
        document.complaints.append(f"{set_aside} of {len(pieces)} messages could not be read")
    if partial:
        document.complaints.append(f"parts of {partial} of {len(pieces)} messages could not be read")
    _grow(document.conversation, _in_order(known, lost_parents, before))


def _in_order(
    known: dict[str, tuple[str, Message]], lost_parents: dict[str, str], before: dict[str, str]
) -> Iterable[tuple[str, Message]]:
    """The nodes, parents first. A ring of parents is cut where it is met."""
    done = {ROOT}
    for start in known:
        chain: list[tuple[str, str]] = []
        under_way: set[str] = set()
        node = start
        while node not in done:
            under_way.add(node)
            parent, steps = known[node][0], 0
            while parent != ROOT and parent not in known and parent in lost_parents and steps < len(lost_parents):
                parent, steps = lost_parents[parent], steps + 1
            if parent != ROOT and parent not in known:
                parent = before[node]
            if parent in under_way:
                parent = ROOT
            chain.append((node, parent))
            node = parent
        for node, parent in reversed(chain):
            done.add(node)
            yield parent, known[node][1]


def choose(document: Document) -> None:
    """The newest branch everywhere, but for the choices in the file that still exist."""
    conversation = document.conversation
    by_hand, children = conversation.chosen, conversation.children
    conversation.chosen = {parent: siblings[-1] for parent, siblings in children.items()}
    conversation.chosen |= {parent: child for parent, child in by_hand.items() if child in children.get(parent, ())}
