"""The tree of a conversation in outline, and what goes on from a message."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.core.branches import outline, place_of
from coderapp.core.continuing import continued, continued_title
from coderapp.core.conversation import ROOT, TITLE_LENGTH, Conversation
from coderapp.core.message import FilePart, Message, Role, TextPart


def grown(parents: list[int]) -> Conversation:
    """Message n hangs on message `parents[n]` (counted from 1; 0 is the root)."""
    conversation = Conversation("c", 0.0, title="Trees")
    for number, parent in enumerate(parents, 1):
        role = Role.USER if number % 2 else Role.ASSISTANT
        message = Message(str(number), role, (TextPart(f"text {number}"),), float(number))
        conversation.add(message, parent=str(parent) if parent else ROOT)
    return conversation


trees = st.lists(st.integers(0, 30), max_size=30).map(
    lambda drawn: [min(parent, number) for number, parent in enumerate(drawn)]
)


def test_without_branches_there_is_one_run() -> None:
    conversation = grown([0, 1, 2, 3])
    (run,) = outline(conversation)
    assert (run.first, run.last, run.count, run.lane, run.active, run.goes_on) == ("1", "4", 4, 0, True, False)
    assert not conversation.has_branches
    assert outline(grown([])) == []


def test_side_branches_stand_before_the_largest() -> None:
    #  1 - 2 - 3
    #    \ 4 - 5
    #        \ 6
    conversation = grown([0, 1, 2, 1, 4, 4])
    assert [(run.first, run.last, run.lane) for run in outline(conversation)] == [
        ("1", "1", 0),
        ("2", "3", 1),
        ("4", "4", 0),
        ("5", "5", 1),
        ("6", "6", 0),
    ]
    assert [run.first for run in outline(conversation) if run.active] == ["1", "4", "6"]
    conversation.choose("3")
    assert [run.first for run in outline(conversation) if run.active] == ["1", "2"]
    assert conversation.has_branches


def test_of_equals_the_newest_goes_on() -> None:
    assert [(run.first, run.lane) for run in outline(grown([0, 1, 1]))] == [("1", 0), ("2", 1), ("3", 0)]


def test_several_first_messages() -> None:
    runs = outline(grown([0, 0, 2]))
    assert [(run.first, run.lane, run.joined, run.place, run.of) for run in runs] == [
        ("1", 1, False, 0, 2),
        ("2", 0, True, 1, 2),
    ]


@given(trees)
def test_each_message_is_in_one_run(parents: list[int]) -> None:
    conversation = grown(parents)
    runs = outline(conversation)
    assert sum(run.count for run in runs) == len(conversation)
    assert conversation.has_branches == any(len(c) > 1 for c in conversation.children.values())
    for message_id in conversation.messages:
        place = place_of(runs, conversation, message_id)
        assert message_id in {message.id for message in conversation.path_to(runs[place].last)}
    active = {message.id for message in conversation.path()}
    assert all((run.first in active and run.last in active) == run.active for run in runs)
    lanes = [run.lane for run in runs]
    assert all(after <= before + 1 for before, after in pairwise(lanes))
    assert place_of(runs, conversation, "none") == -1


def test_a_long_tree_is_outlined() -> None:
    """10,000 messages in depth, 500 branches: deeper than Python recurses."""
    conversation = grown([*range(9_500), *range(1, 9_500, 19)])
    runs = outline(conversation)
    assert len(runs) == 1_001
    assert max(run.lane for run in runs) == 1


def test_going_on_takes_the_path_and_the_settings() -> None:
    source = grown([0, 1, 2, 1])
    source.parameters = {"temperature": 0.5}
    source.system_prompt = "Be brief."
    source.folder, source.tags, source.pinned = "Work", ("a", "b"), True
    source.titled_by_user = True
    source.origin = {"source": "elsewhere"}
    source.starred = {"2"}
    source.draft = "half"
    made = continued(source, "3", "new", 99.0)
    assert [message.id for message in made.path()] == ["1", "2", "3"]
    assert len(made) == 3
    assert (made.id, made.created, made.updated, made.title) == ("new", 99.0, 99.0, "Trees (continued)")
    assert (made.parameters, made.system_prompt, made.folder, made.tags) == (
        {"temperature": 0.5}, "Be brief.", "Work", ("a", "b"),
    )  # fmt: skip
    assert (made.draft, made.pinned, made.starred, made.origin, made.titled_by_user) == ("", False, set(), {}, False)
    made.parameters["top_p"] = 1
    made.add(Message("7", Role.USER, (TextPart("more"),)))
    assert source.parameters == {"temperature": 0.5}
    assert len(source) == 4
    with pytest.raises(KeyError):
        continued(source, "none", "new", 0.0)


def test_files_go_along() -> None:
    source = Conversation("c", 0.0)
    file = FilePart("a.py", "text/x-python", "print()")
    source.add(Message("1", Role.USER, (file, TextPart("See"))))
    assert next(continued(source, "1", "n", 1.0).path()).files == (file,)


def test_titles_do_not_grow() -> None:
    assert continued_title("") == ""
    assert continued_title(continued_title("Cats")) == "Cats (continued)"
    assert len(continued_title("x" * 200)) == TITLE_LENGTH
