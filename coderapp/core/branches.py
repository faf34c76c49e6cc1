"""The tree of a conversation in outline: runs of messages without a choice between them, and how they hang together."""

from __future__ import annotations

from dataclasses import dataclass

from coderapp.core.conversation import ROOT, Conversation


@dataclass(frozen=True, slots=True)
class Run:
    """Messages that follow each other with no sibling beside them but the first.

    `lane` says how many side branches deep it lies: 0 for the trunk, which follows the newest. `goes_on`: other runs
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
    """Every run, in the order in which a drawing reads: side branches, the oldest first, before the newest one. Which
    of them is chosen moves nothing.
    """
    children = conversation.children
    path = {message.id for message in conversation.path()}
    runs: list[Run] = []
    # What is still to come, the next at the end: (first message, lane, joined, place, of).
    waiting: list[tuple[str, int, bool, int, int]] = []

    def branch(parent: str, lane: int) -> None:
        found = children.get(parent, [])
        of = len(found)
        if found:
            waiting.append((found[-1], lane, parent != ROOT or of > 1, of - 1, of))
        waiting.extend((found[place], lane + 1, False, place, of) for place in range(of - 2, -1, -1))

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
