from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from coderapp.core.conversation import ROOT, UNTITLED, BranchPosition, Conversation, with_text
from coderapp.core.message import Message, ReasoningPart, Role, TextPart, ToolCallPart


def message(identity: str, role: Role = Role.USER, text: str = "", created: float = 0.0) -> Message:
    return Message(identity, role, (TextPart(text or f"text of {identity}"),), created)


def ids(conversation: Conversation) -> list[str]:
    return [each.id for each in conversation.path()]


def talk() -> Conversation:
    """p → a, b (regenerated) → q; p2 is p edited."""
    conversation = Conversation("c", 10.0)
    conversation.add(message("p", created=11))
    conversation.add(message("a", Role.ASSISTANT, created=12))
    conversation.add_sibling("a", message("b", Role.ASSISTANT, created=13))
    conversation.add(message("q", created=14))
    conversation.add_sibling("p", message("p2", created=15))
    return conversation


def restored(original: Conversation, chosen: dict[str, str] | None = None) -> Conversation:
    rest = {field.name for field in fields(original)} - {
        "id", "created", "messages", "parents", "children", "chosen",
    }  # fmt: skip
    return Conversation.restore(
        original.id,
        original.created,
        [(original.parents[each.id], each) for each in original.messages.values()],
        original.chosen if chosen is None else chosen,
        **{name: getattr(original, name) for name in rest},
    )


def test_an_empty_conversation() -> None:
    conversation = Conversation("c", 1.0)
    assert (list(conversation.path()), conversation.leaf_id, len(conversation)) == ([], ROOT, 0)
    assert conversation.path_to(ROOT) == ()
    assert restored(conversation) == conversation


def test_messages_follow_one_another() -> None:
    conversation = Conversation("c", 1.0)
    for identity in "abc":
        conversation.add(message(identity))
    assert ids(conversation) == ["a", "b", "c"]
    assert conversation.leaf_id == "c"
    assert conversation.parents == {"a": ROOT, "b": "a", "c": "b"}
    assert [each.id for each in conversation.path_to("b")] == ["a", "b"]
    assert conversation.branch("b") == BranchPosition(0, 1)


def test_regenerating_and_editing_make_branches_and_keep_what_was() -> None:
    conversation = talk()
    assert ids(conversation) == ["p2"]
    assert list(conversation.messages) == ["p", "a", "b", "q", "p2"]
    assert conversation.branch("p") == (0, 2)
    assert conversation.branch("p2") == (1, 2)
    assert conversation.branch("b") == BranchPosition(place=1, of=2)
    assert [each.id for each in conversation.path_to("q")] == ["p", "b", "q"]


def test_choosing_leads_the_path_through_a_message_and_on_along_what_was_chosen_last() -> None:
    conversation = talk()
    conversation.choose("p")
    assert ids(conversation) == ["p", "b", "q"]
    conversation.choose("a")
    assert ids(conversation) == ["p", "a"]
    conversation.choose("p2")
    conversation.choose("p")
    assert ids(conversation) == ["p", "a"]
    conversation.choose("q")
    assert ids(conversation) == ["p", "b", "q"]
    conversation.choose(ROOT)
    assert ids(conversation) == ["p", "b", "q"]


def test_adding_where_the_path_does_not_lead_leaves_the_path_alone() -> None:
    conversation = talk()
    conversation.add(message("late"), parent="a")
    assert ids(conversation) == ["p2"]
    conversation.choose("a")
    assert ids(conversation) == ["p", "a", "late"]


@pytest.mark.parametrize(
    ("of", "step", "expected"),
    [("p", 0, "p"), ("p", 1, "p2"), ("p", 9, "p2"), ("p", -1, "p"), ("p2", -1, "p"), ("p2", 1, "p2"), ("q", 1, "q")],
)
def test_siblings_are_held_at_the_ends(of: str, step: int, expected: str) -> None:
    assert talk().sibling(of, step) == expected


def test_a_growing_answer_changes_in_its_place() -> None:
    conversation = talk()
    grown = message("a", Role.ASSISTANT, "longer")
    before = talk()
    conversation.update(grown)
    assert conversation.messages["a"] is grown
    assert conversation.parents == before.parents
    assert conversation.children == before.children
    assert list(conversation.messages) == list(before.messages)


def test_the_time_of_change_is_that_of_the_newest_message() -> None:
    conversation = talk()
    assert conversation.updated == 15
    conversation.add(message("old", created=3))
    assert conversation.updated == 15


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.add(message("a")), "message id 'a' is in use"),
        (lambda c: c.add(message("a"), parent="q"), "message id 'a' is in use"),
        (lambda c: c.add(message(ROOT)), "message id '' is in use"),
        (lambda c: c.add(message("x"), parent="y"), "no message 'y'"),
        (lambda c: c.add(message("x"), parent="x"), "no message 'x'"),
        (lambda c: c.add_sibling("p", message("a")), "message id 'a' is in use"),
        (lambda c: c.update(message("x")), "no message 'x'"),
    ],
)
def test_an_impossible_change_is_refused_and_changes_nothing(
    change: Callable[[Conversation], None], words: str
) -> None:
    conversation = talk()
    with pytest.raises(ValueError, match=words):
        change(conversation)
    assert conversation == talk()


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.choose("x"),
        lambda c: c.branch("x"),
        lambda c: c.sibling("x", 1),
        lambda c: c.path_to("x"),
        lambda c: c.add_sibling("x", message("y")),
    ],
)
def test_a_question_about_an_unknown_message_is_a_key_error(ask: Callable[[Conversation], Any]) -> None:
    conversation = talk()
    with pytest.raises(KeyError, match="x"):
        ask(conversation)
    assert conversation == talk()


def test_restored_with_everything_around_it() -> None:
    original = talk()
    original.title, original.titled_by_user = "Mine", True
    original.profile_id, original.system_prompt = "pixlab", "Be brief."
    original.parameters, original.draft = {"temperature": 0.5}, "and then"
    original.choose("a")
    assert restored(original) == original


def test_restored_with_choices_that_do_not_fit() -> None:
    original = talk()
    again = restored(original, {ROOT: "p", "p": "q", "nobody": "p", "q": "nobody"})
    assert ids(again) == ["p", "b", "q"]
    assert again.chosen == {ROOT: "p", "p": "b", "b": "q"}


def test_what_is_not_chosen_in_a_file_is_the_newest() -> None:
    assert ids(restored(talk(), {})) == ["p2"]
    assert ids(restored(talk(), {ROOT: "p"})) == ["p", "b", "q"]


def test_restoring_refuses_children_before_their_parents_and_unknown_fields() -> None:
    with pytest.raises(ValueError, match="no message 'p'"):
        Conversation.restore("c", 1.0, [("p", message("a")), (ROOT, message("p"))], {})
    with pytest.raises(AttributeError):
        Conversation.restore("c", 1.0, [], {}, colour="red")


def test_the_first_prompt_gives_the_title_unless_there_is_one() -> None:
    conversation = Conversation("c", 1.0)
    conversation.add(message("s", Role.ASSISTANT, "Hello!"))
    assert conversation.title == ""
    conversation.add(message("p", text="Draw a card"))
    conversation.add(message("q", text="Now dark"))
    assert conversation.title == "Draw a card"
    named = Conversation("d", 1.0, title="Mine")
    named.add(message("p", text="Draw a card"))
    assert named.title == "Mine"
    blank = Conversation("e", 1.0)
    blank.add(Message("p", Role.USER))
    assert blank.title == UNTITLED


def test_a_prompt_with_other_words_keeps_its_other_parts() -> None:
    parts = (ReasoningPart("r"), TextPart("old"), ToolCallPart("1", "n", "{}"), TextPart("more"))
    before = Message("p", Role.USER, parts, 3.0)
    assert with_text(before, "new") == Message("p", Role.USER, (TextPart("new"), parts[0], parts[2]), 3.0)
    assert before.parts == parts


class Growing(RuleBasedStateMachine):
    """Any sequence of operations, beside a plain list of what was ever added."""

    def __init__(self) -> None:
        super().__init__()
        self.conversation = Conversation("c", 1.0)
        self.added: list[tuple[str, Message]] = []
        self.chosen: dict[str, str] = {}

    def _one(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from([each.id for _, each in self.added]))

    def _new(self, role: Role) -> Message:
        return message(f"m{len(self.added)}", role, created=float(len(self.added)))

    def _note(self, parent: str, new: Message) -> None:
        self.added.append((parent, new))
        self.chosen[parent] = new.id

    @initialize(role=st.sampled_from(Role))
    def begin(self, role: Role) -> None:
        self._note(ROOT, new := self._new(role))
        self.conversation.add(new)

    @rule(role=st.sampled_from(Role))
    def add_at_the_end(self, role: Role) -> None:
        self._note(self.conversation.leaf_id, new := self._new(role))
        self.conversation.add(new)

    @rule(role=st.sampled_from(Role), data=st.data())
    def add_under(self, role: Role, data: st.DataObject) -> None:
        self._note(parent := self._one(data), new := self._new(role))
        self.conversation.add(new, parent=parent)

    @rule(role=st.sampled_from(Role), data=st.data())
    def add_beside(self, role: Role, data: st.DataObject) -> None:
        of = self._one(data)
        self._note({each.id: parent for parent, each in self.added}[of], new := self._new(role))
        self.conversation.add_sibling(of, new)

    @rule(data=st.data(), text=st.text(max_size=5))
    def grow(self, data: st.DataObject, text: str) -> None:
        identity = self._one(data)
        place = next(i for i, (_, each) in enumerate(self.added) if each.id == identity)
        parent, old = self.added[place]
        self.added[place] = (parent, grown := with_text(old, text))
        self.conversation.update(grown)

    @rule(data=st.data())
    def choose(self, data: st.DataObject) -> None:
        identity = self._one(data)
        self.conversation.choose(identity)
        assert identity in ids(self.conversation)
        parents = {each.id: parent for parent, each in self.added}
        while identity != ROOT:
            self.chosen[parents[identity]] = identity
            identity = parents[identity]

    @rule(data=st.data(), step=st.integers(-3, 3))
    def turn_the_page(self, data: st.DataObject, step: int) -> None:
        identity = self._one(data)
        place, of = self.conversation.branch(identity)
        other = self.conversation.sibling(identity, step)
        assert self.conversation.branch(other) == (min(max(place + step, 0), of - 1), of)
        assert self.conversation.parents[other] == self.conversation.parents[identity]

    @rule(data=st.data())
    def try_a_used_id(self, data: st.DataObject) -> None:
        with pytest.raises(ValueError, match="in use"):
            self.conversation.add(message(self._one(data)))

    @invariant()
    def nothing_is_lost_or_overwritten(self) -> None:
        assert list(self.conversation.messages.items()) == [(each.id, each) for _, each in self.added]
        assert self.conversation.parents == {each.id: parent for parent, each in self.added}
        assert len(self.conversation) == len(self.added)
        assert self.conversation.chosen == self.chosen
        for parent, children in self.conversation.children.items():
            assert children == [each.id for under, each in self.added if under == parent]

    @invariant()
    def the_path_is_a_chain_to_an_end(self) -> None:
        path = ids(self.conversation)
        assert len(set(path)) == len(path)
        for before, after in pairwise([ROOT, *path]):
            assert self.conversation.parents[after] == before
        assert path[-1:] == ([self.conversation.leaf_id] if path else [])
        assert self.conversation.leaf_id not in self.conversation.children
        assert list(self.conversation.path_to(self.conversation.leaf_id)) == list(self.conversation.path())

    @invariant()
    def restoring_gives_the_same(self) -> None:
        assert restored(self.conversation) == self.conversation


Growing.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestGrowing = Growing.TestCase
