"""Eight conversations whose answers arrive at the same time."""

from __future__ import annotations

from coderapp.qt.session import SessionState
from tests.end2end.conftest import Open
from tests.helpers.talker import Gate, Talker, says


def test_eight_answers_at_once_arrive_whole(open_program: Open, server: Talker) -> None:
    texts = [f"Answer {number}: " + " ".join(f"{number}-{word}" for word in range(150)) for number in range(8)]
    gate = Gate()
    server.behave(says(*texts, gate=gate, before_gate=70))
    desk = open_program()
    sessions = []
    for number in range(8):
        desk.program.workspace.new()
        desk.session.send(f"Question {number}")
        sessions.append(desk.session)
    conversations = [session.conversation for session in sessions]
    desk.until(lambda: all(session.state is SessionState.STREAMING for session in sessions))
    gate.open()
    desk.until(lambda: desk.program.workspace.is_quiet)
    answers = [list(conversation.path())[-1] for conversation in conversations]
    assert sorted(answer.text for answer in answers) == sorted(texts)
