"""What is sent for a title, and what is made of the reply."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.core import suggesting
from coderapp.core.conversation import TITLE_LENGTH, Conversation
from coderapp.core.message import FilePart, FinishReason, Generation, Message, Role, TextPart
from coderapp.core.profile import Profile, ProfileKind, built_in_profile
from coderapp.core.suggesting import title_of_reply, title_request, wants_title

OPENAI = Profile("o", "Open", ProfileKind.OPENAI, base_url="http://127.0.0.1/v1", model="small")


def talk(finish: FinishReason = FinishReason.STOP, text: str = "Use a hook.") -> Conversation:
    conversation = Conversation("c", 0.0, system_prompt="Secret ways.", parameters={"temperature": 0.5})
    file = FilePart("keys.py", "text/x-python", "PASSWORD = 1")
    conversation.add(Message("1", Role.USER, (file, TextPart("How do I fetch? " * 500))))
    generation = Generation("Open", finish=finish)
    conversation.add(Message("2", Role.ASSISTANT, (TextPart(text),) if text else (), 1.0, generation))
    return conversation


@pytest.mark.parametrize(
    ("reply", "title"),
    [
        ("Fetching data with hooks", "Fetching data with hooks"),
        ('"Fetching data"', "Fetching data"),
        ("Title: Fetching data.", "Fetching data"),
        ("**Title:** “Fetching data”", "Fetching data"),
        ("# Fetching data\n\nI chose this because", "Fetching data"),
        ("\n\n  Fetching\n", "Fetching"),
        ("<think>What would\nfit?</think>\n\nFetching data", "Fetching data"),
        ("<think>What would fit? I wonder", ""),
        ("```\nFetching data\n```", "Fetching data"),
        ("「データの取得」", "データの取得"),
        ("Titel: Daten holen", "Daten holen"),
        ("C++ and C#: what differs?", "C++ and C#: what differs?"),
        ("Calling `useEffect()`", "Calling useEffect()"),
        ("Why f(x)", "Why f(x)"),
        ("…", ""),
        ("", ""),
        ("\u202egnp.exe\x00\x07", "gnp.exe"),
        ("New conversation", ""),
    ],
)
def test_the_title_is_taken_out_of_the_reply(reply: str, title: str) -> None:
    assert title_of_reply(reply) == title


@given(st.text(max_size=300))
def test_whatever_comes_makes_one_short_line_or_nothing(reply: str) -> None:
    title = title_of_reply(reply)
    assert len(title) <= TITLE_LENGTH
    assert "\n" not in title
    assert title == title.strip()
    assert "<think>" not in title.lower()


def test_only_what_is_needed_is_sent() -> None:
    conversation = talk(text="x" * 5_000)
    request = title_request(conversation, OPENAI, conversation.messages["2"])
    (message,) = request.messages
    assert (request.parameters, request.model, request.stream) == ({"max_tokens": 64}, "small", False)
    assert len(message.text) < suggesting.PROMPT_SENT + suggesting.ANSWER_SENT + 400
    for kept_back in ("PASSWORD", "keys.py", "Secret ways"):
        assert kept_back not in message.text
    conversation.parameters["model"] = "large"
    assert title_request(conversation, OPENAI, conversation.messages["2"]).model == "large"


def test_who_can() -> None:
    assert suggesting.can_suggest(OPENAI)
    assert suggesting.can_suggest(Profile("p", "P", ProfileKind.PIXLAB))
    assert not suggesting.can_suggest(built_in_profile())


def test_when_a_title_is_wanted() -> None:
    answer = wants_title(talk())
    assert answer is not None
    assert answer.id == "2"
    assert wants_title(talk(FinishReason.FAILED)) is None
    assert wants_title(talk(FinishReason.STOPPED)) is None
    assert wants_title(talk(text="")) is None
    named = talk()
    named.titled_by_user = True
    assert wants_title(named) is None
    imported = talk()
    imported.origin = {"source": "elsewhere"}
    assert wants_title(imported) is None
    again = talk()
    again.add(Message("3", Role.ASSISTANT, (TextPart("Else"),), 2.0, Generation(finish=FinishReason.STOP)), parent="1")
    assert wants_title(again) is None, "it was asked for after the first"
    retried = talk(FinishReason.FAILED)
    retried.add(Message("3", Role.ASSISTANT, (TextPart("Now"),), 2.0, Generation(finish=FinishReason.STOP)), parent="1")
    found = wants_title(retried)
    assert found is not None
    assert found.id == "3"
    onward = talk()
    onward.add(Message("3", Role.USER, (TextPart("And?"),)))
    assert wants_title(onward) is None
