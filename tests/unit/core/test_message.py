from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from coderapp.core import events
from coderapp.core.errors import KeyMissing
from coderapp.core.message import (
    FinishReason,
    Generation,
    Message,
    ReasoningPart,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

CALL, SECOND = ToolCallPart("1", "contrast", "{"), ToolCallPart("2", "palette", "{}")


@pytest.mark.parametrize(
    ("parts", "text", "reasoning"),
    [
        ((), "", ""),
        ((TextPart("a"),), "a", ""),
        ((ReasoningPart("r"),), "", "r"),
        ((CALL,), "", ""),
        ((ReasoningPart("r"), TextPart("a"), CALL, ReasoningPart("s"), TextPart("b")), "ab", "rs"),
        ((ToolResultPart("1", "contrast", "4.5"), TextPart("a")), "a", ""),
    ],
)
def test_text_and_reasoning_are_their_parts_joined(parts: tuple[TextPart, ...], text: str, reasoning: str) -> None:
    message = Message("m", Role.ASSISTANT, parts)
    assert (message.text, message.reasoning) == (text, reasoning)


def test_tool_calls_in_their_order() -> None:
    assert Message("m", Role.ASSISTANT, (CALL, TextPart("a"), SECOND)).tool_calls == (CALL, SECOND)
    assert Message("m", Role.ASSISTANT).tool_calls == ()


def test_values_do_not_change() -> None:
    message = Message("m", Role.USER, (TextPart("a"),))
    with pytest.raises(FrozenInstanceError):
        message.id = "n"  # type: ignore[misc]  # that it is refused is what is tested
    assert message == Message("m", Role.USER, (TextPart("a"),))
    assert Generation().parameters is not Generation().parameters


def test_the_words_of_the_wire() -> None:
    assert [role.value for role in Role] == ["system", "user", "assistant", "tool"]
    assert [reason.value for reason in FinishReason][:4] == ["stop", "length", "tool_calls", "content_filter"]


def test_events_are_values() -> None:
    assert events.Started() == events.Started("", "")
    assert events.ToolCallDelta(0) == events.ToolCallDelta(0, "", "", "")
    assert len({events.TextDelta("a"), events.ReasoningDelta("a"), events.TextDelta("a")}) == 2
    error = KeyMissing("No key.")
    assert events.Failed(error).error is error
