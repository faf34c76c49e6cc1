"""The tree of a conversation in outline: runs of messages without a choice between them, and how they hang together."""

from __future__ import annotations

from dataclasses import dataclass

from coderapp.core.conversation import ROOT, Conversation


@dataclass(frozen=True, slots=True)
class Run:
    """Messages that follow each other with no sibling beside them but the first.

    `lane` says how many side branches deep it lies: 0 for the trunk, which follows the largest. `goes_on`: other runs
    hang on its end, the last of them in its own lane. `joined`: it goes on from the run before it in its lane; where
    it does not, it branches off the lane to the left. `active`: the active path goes through it. `place` of `of`:
    among its siblings.
    """

    first: str
    last: str
    count: int
    lane: int
    active: bool
    goes_on: bool
    joined: bool
    place: int
    of: int


def outline(conversation: Conversation) -> list[Run]:
    """Every run, in the order in which a drawing reads: side branches, the oldest first, before the largest, which goes
    on in the lane: so there are never many lanes. Which branch is chosen moves nothing.
    """
    children, parents = conversation.children, conversation.parents
    sizes = dict.fromkeys(conversation.messages, 1)
    for message_id in reversed(conversation.messages):  # a parent is older than its children
        if (parent := parents[message_id]) != ROOT:
            sizes[parent] += sizes[message_id]
    path = {message.id for message in conversation.path()}
    runs: list[Run] = []
    # What is still to come, the next at the end: (first message, lane, joined, place, of).
    waiting: list[tuple[str, int, bool, int, int]] = []

    def branch(parent: str, lane: int) -> None:
        found = children.get(parent, [])
        of = len(found)
        trunk = max(range(of), key=lambda place: (sizes[found[place]], place), default=-1)
        if trunk >= 0:
            waiting.append((found[trunk], lane, parent != ROOT or of > 1, trunk, of))
        waiting.extend((found[n], lane + 1, False, n, of) for n in range(of - 1, -1, -1) if n != trunk)

    branch(ROOT, 0)
    while waiting:
        first, lane, joined, place, of = waiting.pop()
        last, count = first, 1
        while len(below := children.get(last, [])) == 1:
            last = below[0]
            count += 1
        runs.append(Run(first, last, count, lane, first in path, bool(below), joined, place, of))
        branch(last, lane)
    return runs


def place_of(runs: list[Run], conversation: Conversation, message_id: str) -> int:
    """The number of the run that a message belongs to; -1 where it is not there."""
    firsts = {run.first: number for number, run in enumerate(runs)}
    while message_id:
        if message_id in firsts:
            return firsts[message_id]
        message_id = conversation.parents.get(message_id, ROOT)
    return -1
