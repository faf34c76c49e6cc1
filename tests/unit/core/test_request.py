from __future__ import annotations

import pytest

from coderapp.core.conversation import Conversation
from coderapp.core.errors import ParameterError
from coderapp.core.message import JsonValue, Message, Role, TextPart
from coderapp.core.profile import Profile, ProfileKind, built_in_profile, pixlab_profile
from coderapp.core.request import GenerationRequest, request_for

PROMPT = Message("p", Role.USER, (TextPart("Draw a card"),), 5.0)
ANSWER = Message("a", Role.ASSISTANT, (TextPart("<div>"),), 6.0)


def profile(kind: ProfileKind, *, model: str = "", stream: bool = False) -> Profile:
    return Profile("id", "Name", kind, model=model, stream=stream)


def request(
    parameters: dict[str, JsonValue],
    kind: ProfileKind = ProfileKind.OPENAI,
    *,
    model: str = "",
    stream: bool = False,
) -> GenerationRequest:
    return request_for(
        Conversation("c", 1.0, parameters=parameters), profile(kind, model=model, stream=stream), (PROMPT,)
    )


def test_nothing_set_sends_nothing() -> None:
    made = request({})
    assert made == GenerationRequest(profile(ProfileKind.OPENAI), (PROMPT,), {}, "", False)


def test_messages_go_as_given_not_as_the_path_has_them() -> None:
    conversation = Conversation("c", 1.0)
    conversation.add(PROMPT)
    conversation.add(ANSWER)
    assert request_for(conversation, profile(ProfileKind.OPENAI), (PROMPT,)).messages == (PROMPT,)
    assert request_for(conversation, profile(ProfileKind.OPENAI), (ANSWER, PROMPT)).messages == (ANSWER, PROMPT)


def test_the_system_prompt_comes_first_and_as_it_is() -> None:
    conversation = Conversation("c", 1.0, system_prompt="  Be brief.\n")
    made = request_for(conversation, built_in_profile(), (PROMPT, ANSWER))
    assert made.messages == (Message("system", Role.SYSTEM, (TextPart("  Be brief.\n"),)), PROMPT, ANSWER)
    conversation.system_prompt = " \n"
    assert request_for(conversation, built_in_profile(), (PROMPT,)).messages == (PROMPT,)


@pytest.mark.parametrize(
    ("kind", "own", "of_profile", "expected"),
    [
        (ProfileKind.OPENAI, None, "", ""),
        (ProfileKind.OPENAI, None, "theirs", "theirs"),
        (ProfileKind.OPENAI, "mine", "theirs", "mine"),
        (ProfileKind.OPENAI, "mine", "", "mine"),
        (ProfileKind.OPENAI, "", "theirs", "theirs"),
        (ProfileKind.BUILT_IN, "mine", "theirs", "mine"),
        (ProfileKind.BUILT_IN, None, "theirs", "theirs"),
        (ProfileKind.PIXLAB, "mine", "theirs", ""),  # its endpoint has no such field
    ],
)
def test_the_conversation_s_model_wins(kind: ProfileKind, own: str | None, of_profile: str, expected: str) -> None:
    made = request({} if own is None else {"model": own}, kind, model=of_profile)
    assert made.model == expected
    assert "model" not in made.parameters


@pytest.mark.parametrize("kind", ProfileKind)
@pytest.mark.parametrize(
    ("own", "of_profile", "field", "asked"),
    [
        (None, False, None, False),
        (None, True, True, True),
        (False, True, False, False),
        (True, False, True, True),
        (False, False, False, False),
    ],
)
def test_the_conversation_s_stream_wins(
    kind: ProfileKind, own: bool | None, of_profile: bool, field: bool | None, asked: bool
) -> None:
    made = request({} if own is None else {"stream": own}, kind, stream=of_profile)
    assert made.stream is asked
    assert made.parameters == ({} if field is None else {"stream": field})


def test_only_what_the_endpoint_accepts_is_in_it() -> None:
    values: dict[str, JsonValue] = {"seed": 1, "format": "json", "top_logprobs": 3, "temperature": 1}
    assert request(values, ProfileKind.OPENAI).parameters == {"temperature": 1.0, "seed": 1}
    assert request(values, ProfileKind.PIXLAB).parameters == {"temperature": 1.0, "format": "json"}


def test_a_value_out_of_range_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ParameterError, match="top_p must be between 0 and 1, got 7"):
        request({"top_p": 7})


def test_the_conversation_stays_as_it_is() -> None:
    values: dict[str, JsonValue] = {"model": "mine", "temperature": 1}
    conversation = Conversation("c", 1.0, parameters=values)
    made = request_for(conversation, pixlab_profile(), (PROMPT,))
    made.parameters["temperature"] = 0
    assert conversation == Conversation("c", 1.0, parameters={"model": "mine", "temperature": 1})
