"""From a hit to its message: another conversation, another branch, far from what was ever on screen."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from coderapp.core.conversation import ROOT, Conversation
from coderapp.core.message import FinishReason, Generation, Message, ReasoningPart, Role, TextPart
from coderapp.core.search import Hit
from coderapp.qt.message_changes import MessageChanges
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.paths import Paths
from coderapp.widgets.hit_opening import HitOpening
from tests.end2end.conftest import Open
from tests.helpers.desktop import Desktop


def kept(paths: Paths, name: str, texts: list[str]) -> Conversation:
    """A conversation on disk that was there before the program."""
    conversation = Conversation(name, 1.0, title=name, updated=1.0)
    for number, text in enumerate(texts):
        role = Role.ASSISTANT if number % 2 else Role.USER
        generation = Generation("Mine", finish=FinishReason.STOP) if number % 2 else None
        conversation.add(Message(f"m{number}", role, (TextPart(text),), 1.0 + number, generation))
    store = ConversationStore(paths)
    store.create(conversation)
    store.close()
    return conversation


@pytest.fixture
def opening(open_program: Open, paths: Paths) -> tuple[Desktop, HitOpening]:
    kept(paths, "20250101-000000-aaaaaa", [f"Message {n} says word{n}." for n in range(2_000)])
    long = "\n\n".join(f"Paragraph {n} of *many*, with some words to fill it." for n in range(600))
    kept(paths, "20250101-000000-bbbbbb", ["Tell me", f"{long}\n\nHere is the needle.\n\n{long}", "More", "Fine."])
    desk = open_program()
    window = desk.program.window
    changes = MessageChanges(desk.program.workspace, window)
    return desk, HitOpening(desk.program.workspace, changes, window.pane, window)


def hit(conversation: str, message: str) -> Hit:
    return Hit(conversation, message, "T", "user", 1.0, "s")


def status(desk: Desktop) -> str:
    label = desk.program.window.pane.find_bar.findChild(QLabel, "findStatus")
    assert isinstance(label, QLabel)
    return label.text()


def marked(desk: Desktop) -> str:
    """The text of the hit that is set off, where it is on screen."""
    view = desk.view
    mark = view.marks[view.marks.current]
    item = view._layout.item(mark[0])
    rect = item.rect_at(mark[1], mark[2]).translated(0, view._layout.top(mark[0]) - view._layout.offset)
    assert 0 <= rect.top() <= view.viewport().height(), rect
    return f"{item.row.message.id}: {item.body.item(mark[1]).text()[mark[2] : mark[3]]}"


def test_a_message_far_from_what_was_on_screen(opening: tuple[Desktop, HitOpening]) -> None:
    desk, hits = opening
    for number in (1_000, 3, 1_999, 700):
        hits.open(hit("20250101-000000-aaaaaa", f"m{number}"), (f"word{number}",))
        desk.until(lambda number=number: desk.view.marks.current >= 0 and f"m{number}:" in marked(desk))
        assert marked(desk) == f"m{number}: word{number}"
    assert desk.view.hasFocus()
    assert desk.program.window.pane.find_bar.isVisible()
    QTest.keyClick(desk.view, Qt.Key.Key_Escape)
    assert not desk.program.window.pane.find_bar.isVisible()


def test_the_next_hit_is_one_key_away(opening: tuple[Desktop, HitOpening]) -> None:
    desk, hits = opening
    hits.open(hit("20250101-000000-aaaaaa", "m500"), ("message",))
    desk.until(lambda: "501 of 2,000" in status(desk))
    assert marked(desk) == "m500: Message"
    QTest.keyClick(desk.view, Qt.Key.Key_F3)
    assert marked(desk) == "m501: Message"


def test_a_place_deep_in_a_long_message_that_is_parsed_later(opening: tuple[Desktop, HitOpening]) -> None:
    desk, hits = opening
    hits.open(hit("20250101-000000-bbbbbb", "m1"), ("needle",))
    desk.until(lambda: desk.view.marks.current >= 0 and not desk.view._layout.item(1).is_provisional)
    desk.until(lambda: "1 of 1" in status(desk))
    assert marked(desk) == "m1: needle"


def test_words_without_their_accents_and_where_they_are_not(opening: tuple[Desktop, HitOpening]) -> None:
    desk, hits = opening
    desk.session.send("Où est le café ?")
    desk.answered()
    here, message = desk.session.conversation.id, desk.messages[0].id
    hits.open(hit(here, message), ("cafe", "ou"))
    desk.until(lambda: "1 of 2" in status(desk))
    assert marked(desk) == f"{message}: Où"
    hits.open(hit(here, message), ("nothing",))
    desk.until(lambda: "Nothing found" in status(desk))


def test_a_message_on_another_branch_leads_the_path_there_and_back(
    opening: tuple[Desktop, HitOpening],
) -> None:
    desk, hits = opening
    desk.ask("Cats")
    first = desk.messages[0].id
    desk.session.resend(first, "Dogs")
    desk.answered()
    here, ends = desk.session.conversation.id, desk.last.id
    desk.program.workspace.new()
    hits.open(hit(here, first), ("cats",))
    desk.until(lambda: desk.session.conversation.id == here and desk.messages[0].id == first)
    desk.until(lambda: desk.view.marks.current >= 0)
    assert marked(desk) == f"{first}: Cats"
    QTest.keyClick(desk.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.last.id == ends
    assert desk.session.conversation.parents[desk.messages[0].id] == ROOT


def test_a_title_opens_the_conversation_and_a_message_that_is_gone_is_told(
    opening: tuple[Desktop, HitOpening],
) -> None:
    desk, hits = opening
    hits.open(hit("20250101-000000-bbbbbb", ""), ())
    desk.until(lambda: desk.session.conversation.id == "20250101-000000-bbbbbb")
    hits.open(hit("20250101-000000-bbbbbb", "gone"), ())
    assert desk.notice == "That message is not there any more."
    hits.open(hit("20250101-000000-cccccc", "m1"), ())
    desk.until(lambda: "gone" not in desk.notice and desk.notice != "That message is not there any more.")


def test_what_a_model_only_thought_is_unfolded(open_program: Open, paths: Paths) -> None:
    conversation = Conversation("20250101-000000-dddddd", 1.0, title="Thoughts", updated=1.0)
    conversation.add(Message("m0", Role.USER, (TextPart("Go"),), 1.0))
    parts = (ReasoningPart("I ponder quietly."), TextPart("Done."))
    conversation.add(Message("m1", Role.ASSISTANT, parts, 2.0, Generation("Mine", finish=FinishReason.STOP)))
    store = ConversationStore(paths)
    store.create(conversation)
    store.close()
    desk = open_program()
    window = desk.program.window
    hits = HitOpening(desk.program.workspace, MessageChanges(desk.program.workspace, window), window.pane, window)
    hits.open(hit(conversation.id, "m1"), ("ponder",))
    desk.until(lambda: desk.view.marks.current >= 0)
    assert marked(desk) == "m1: ponder"


def test_the_first_hit_in_a_long_conversation_is_marked_before_the_rest_is_searched(
    opening: tuple[Desktop, HitOpening],
) -> None:
    desk, hits = opening
    hits.open(hit("20250101-000000-aaaaaa", "m1500"), ("says",))
    desk.until(lambda: desk.view.marks.current >= 0)
    assert marked(desk) == "m1500: says"
    begin = time.monotonic()
    desk.until(lambda: "1,501 of 2,000" in status(desk))
    assert time.monotonic() - begin < 5
