"""What of a conversation goes out."""

from coderapp.core.message import Message, ReasoningPart, Role, TextPart, ToolCallPart, ToolResultPart
from coderapp.core.request import sendable

ASKED = Message("1", Role.USER, (TextPart("contrast of red on white?"),))
CALL = ToolCallPart("call_1", "contrast_ratio", "{}")


def test_an_answered_call_is_kept() -> None:
    called = Message("2", Role.ASSISTANT, (CALL,))
    result = Message("3", Role.TOOL, (ToolResultPart("call_1", "contrast_ratio", "4.0"),))
    assert sendable((ASKED, called, result)) == (ASKED, called, result)


def test_a_call_that_nobody_answered_is_left_out_and_its_words_are_kept() -> None:
    called = Message("2", Role.ASSISTANT, (TextPart("Let me see."), CALL))
    assert sendable((ASKED, called)) == (ASKED, Message("2", Role.ASSISTANT, (TextPart("Let me see."),)))


def test_an_empty_answer_is_left_out() -> None:
    failed = Message("2", Role.ASSISTANT)
    again = Message("3", Role.USER, (TextPart("again"),))
    assert sendable((ASKED, failed, again)) == (ASKED, again)
    assert sendable((ASKED, Message("2", Role.ASSISTANT, (CALL,)), again)) == (ASKED, again)


def test_an_answer_that_only_thought_is_kept() -> None:
    thought = Message("2", Role.ASSISTANT, (ReasoningPart("hm"),))
    assert sendable((ASKED, thought)) == (ASKED, thought)
