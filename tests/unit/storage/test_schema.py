from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coderapp.core.conversation import Conversation
from coderapp.core.message import (
    FilePart,
    FinishReason,
    Generation,
    Message,
    ReasoningPart,
    Role,
    TextPart,
    TokenLogprob,
    TokenUsage,
    ToolCallPart,
)
from coderapp.storage import schema
from coderapp.storage.document import Document
from coderapp.storage.errors import NewerVersion
from coderapp.storage.schema import VERSION, decode, encode, encode_message, read_head
from tests.unit.storage.strategies import CONVERSATION_ID, conversations, json_values, objects


def small() -> Conversation:
    conversation = Conversation(CONVERSATION_ID, 1780000000.123, system_prompt="Be brief.")
    conversation.parameters = {"temperature": 0.5}
    conversation.add(Message("p1", Role.USER, (TextPart("Grüße, 你好 😀"),), 1780000001.5))
    generation = Generation(
        "pixlab", "coder", {"top_p": 1}, TokenUsage(3, 4), 1780000002.0, 0.5, 2.25, FinishReason.STOP
    )
    parts = (ReasoningPart("hm"), TextPart("Answer"), ToolCallPart("c1", "f", "{"))
    conversation.add(Message("a1", Role.ASSISTANT, parts, 1780000002.0, generation))
    conversation.add_sibling("a1", Message("a2", Role.ASSISTANT, (TextPart("Other"),), 1780000003.0))
    conversation.choose("a1")
    return conversation


def as_json(conversation: Conversation) -> dict[str, Any]:
    value = json.loads(encode(Document(conversation)))
    assert isinstance(value, dict)
    return value


def changed(value: dict[str, Any]) -> Document:
    return decode(CONVERSATION_ID, json.dumps(value).encode())


@given(conversations(), st.integers(0, 10**9), objects, st.lists(json_values, max_size=2))
def test_what_is_written_is_read(
    conversation: Conversation, journal: int, extras: dict[str, Any], aside: list[Any]
) -> None:
    extras = {f"x-{name}": value for name, value in extras.items() if value is not None}
    aside = [value for value in aside if value is not None]
    data = encode(Document(conversation, journal, extras, set_aside=aside))
    document = decode(CONVERSATION_ID, data)
    assert document.conversation == conversation
    assert list(document.conversation.messages) == list(conversation.messages)
    assert (document.journal, document.extras, document.set_aside) == (journal, extras, aside)
    assert document.complaints == []
    assert encode(document) == data


def test_the_file_is_json_for_people() -> None:
    data = encode(Document(small(), journal=7))
    lines = data.decode().splitlines()
    value = json.loads(data)
    assert list(value) == [
        *("version", "id", "title", "titled_by_user", "created", "updated", "message_count", "journal"),
        *("folder", "tags", "pinned", "archived", "profile_id"),
        *("system_prompt", "parameters", "draft", "chosen", "messages"),
    ]
    assert (value["version"], value["title"], value["message_count"]) == (VERSION, "Grüße, 你好 😀", 3)
    assert value["chosen"] == {"p1": "a1"}
    assert value["messages"][1]["generation"]["finish"] == "stop"
    assert len(lines) == 2 + 17 + 3 + 2
    assert "Grüße, 你好 😀" in lines[-5]


def test_times_are_kept_to_the_millisecond() -> None:
    conversation = Conversation(CONVERSATION_ID, 1780000000.123456)
    generation = Generation(started=1780000000.98765, first_token_after=0.123456, duration=2 / 3)
    conversation.add(Message("a", Role.ASSISTANT, (), 1780000001.000999, generation))
    value = as_json(conversation)
    assert value["created"] == 1780000000.123
    assert value["messages"][0]["created"] == 1780000001.001
    assert value["messages"][0]["generation"] == {
        "started": 1780000000.988,
        "first_token_after": 0.1235,
        "duration": 0.6667,
    }


def test_the_head_stands_in_front() -> None:
    conversation = small()
    conversation.draft = conversation.system_prompt = "long " * 10_000
    head = read_head(encode(Document(conversation))[:600])
    assert head is not None
    assert (head["title"], head["updated"], head["message_count"]) == ("Grüße, 你好 😀", 1780000003.0, 3)
    assert read_head(b'{"version": 1') is None
    assert read_head(b"[]") is None


def test_unknown_fields_stay() -> None:
    value = as_json(small())
    value["colour"] = {"name": "red"}
    value["messages"][0]["starred"] = True
    value["messages"][1]["generation"]["cost"] = 0.01
    document = changed(value)
    assert document.complaints == []
    assert document.conversation == small()
    written = json.loads(encode(document))
    assert written["colour"] == {"name": "red"}
    assert written["messages"][0]["starred"] is True
    assert written["messages"][1]["generation"]["cost"] == 0.01
    assert written["messages"] == value["messages"]
    assert list(written)[-1] == "messages"


def test_unknown_fields_of_a_message_do_not_outweigh_known_ones() -> None:
    message = Message("m", Role.USER, (TextPart("x"),))
    value = json.loads(encode_message("", message, {"id": "other", "generation": {"cost": 1}, "starred": 1}))
    assert value["id"] == "m"
    assert "generation" not in value
    assert value["starred"] == 1


def test_null_and_missing_are_defaults() -> None:
    bare = {"version": 1, "messages": [{"id": "a", "role": "user"}, {"id": "b", "parent": "a", "role": "assistant"}]}
    document = changed(bare)
    assert document.complaints == []
    assert [message.id for message in document.conversation.path()] == ["a", "b"]
    nulls = {
        **dict.fromkeys(as_json(small())),
        "messages": [
            {"id": "a", "role": "user", "parent": None, "parts": None, "created": None, "generation": None},
            {"id": "b", "role": "assistant", "parent": "a", "generation": dict.fromkeys(
                ("profile", "model", "parameters", "usage", "started", "duration", "finish", "problem", "logprobs"))},
        ],
    }  # fmt: skip
    document = changed(nulls)
    assert document.complaints == []
    assert document.conversation.messages["b"].generation == Generation()
    assert len(document.conversation) == 2


WRONG: list[Any] = [7, "word", True, [], {}, [1], {"a": 1}, -1.5]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize("name", ["id", "role", "parent", "created", "parts", "generation"])
def test_a_wrong_type_in_a_message_costs_that_message_at_most(name: str, wrong: Any) -> None:
    value = as_json(small())
    original = value["messages"][1]
    value["messages"][1] = {**original, name: wrong}
    document = changed(value)
    assert {"p1", "a2"} <= set(document.conversation.messages)
    assert document.conversation.messages["p1"] == small().messages["p1"]
    kept = document.conversation.messages.get("a1")
    if kept is None:  # an id of another kind may still be an id
        assert value["messages"][1] in document.set_aside or "word" in document.conversation.messages
    elif kept != small().messages["a1"] and wrong not in ([], {}, {"a": 1}, "word", -1.5, 7):
        assert value["messages"][1] in document.set_aside
    written = decode(CONVERSATION_ID, encode(document))
    assert written.complaints == [], "a complaint is made once"
    assert written.set_aside == document.set_aside
    assert written.conversation == document.conversation


@pytest.mark.parametrize(
    ("part", "kept"),
    [
        ({"type": "image", "data": "…"}, ()),
        ({"type": "text", "text": "x", "language": "en"}, (TextPart("x"),)),
        ({"type": "text", "text": 5}, (TextPart(""),)),
        ({"type": "tool_result", "call_id": "c"}, None),
        ({}, ()),
        ("text", ()),
    ],
)
def test_a_part_that_is_not_understood_is_set_aside_with_its_message(part: Any, kept: Any) -> None:
    value = as_json(small())
    value["messages"][2]["parts"] = [part]
    document = changed(value)
    if kept is not None:
        assert document.conversation.messages["a2"].parts == kept
        assert document.set_aside == [value["messages"][2]]
        assert document.complaints == ["parts of 1 of 3 messages could not be read"]
    else:
        assert document.complaints == []


def test_odd_values_inside_a_generation_are_left_out() -> None:
    value = as_json(small())
    value["messages"][1]["generation"] |= {
        "usage": {"input_tokens": "many", "output_tokens": 4, "cached": 1},
        "problem": {"kind": "TimedOut", "sentence": "Late.", "remedy": "dance", "extra": 1},
        "finish": "exploded",
        "logprobs": [["a", -0.5, [["b", -1], ["c"]]], ["d", None, []], "e", ["f", True, {}]],
        "started": 10**400,
    }
    document = changed(value)
    generation = document.conversation.messages["a1"].generation
    assert generation is not None
    assert generation.usage == TokenUsage(None, 4)
    assert generation.finish is None
    assert generation.problem is not None
    assert (generation.problem.sentence, generation.problem.remedy.value) == ("Late.", "none")
    assert generation.logprobs == (TokenLogprob("a", -0.5, (("b", -1),)), TokenLogprob("d", float("-inf")))
    assert document.set_aside == [value["messages"][1]]


def test_messages_of_a_lost_parent_stay_in_the_conversation() -> None:
    value = as_json(small())
    value["messages"][0]["role"] = "visitor"
    conversation = changed(value).conversation
    assert conversation.parents == {"a1": "", "a2": ""}
    value["messages"][0] = "rubbish"
    conversation = changed(value).conversation
    assert conversation.parents == {"a1": "", "a2": "a1"}


def test_odd_orders_rings_and_twins_are_sorted_out() -> None:
    value = as_json(small())
    rows = value["messages"]
    document = changed({**value, "messages": list(reversed(rows))})
    assert document.conversation.parents == small().parents
    assert document.complaints == []
    ring = [{"id": "a", "role": "user", "parent": "b"}, {"id": "b", "role": "user", "parent": "a"}]
    document = changed({**value, "messages": ring})
    assert sorted(document.conversation.messages) == ["a", "b"]
    assert len(list(document.conversation.path())) == 2
    document = changed({**value, "messages": [*rows, {**rows[0], "starred": 1}, rows[2]]})
    assert document.conversation == small()
    assert len(document.set_aside) == 2
    assert document.complaints == ["2 of 5 messages could not be read"]


@pytest.mark.parametrize("wrong", [*WRONG, None], ids=repr)
@pytest.mark.parametrize("name", list(as_json(small())))
def test_a_wrong_type_in_a_field_costs_that_field_at_most(name: str, wrong: Any) -> None:
    value = as_json(small()) | {name: wrong}
    if name == "version" and wrong == 7 and wrong is not True:
        with pytest.raises(NewerVersion):
            changed(value)
        return
    document = changed(value)
    if name != "messages":
        # choices apart: they decide which branch is shown
        assert document.conversation.messages == small().messages
        assert document.conversation.parents == small().parents
    again = decode(CONVERSATION_ID, encode(document))
    assert again.conversation == document.conversation
    assert again.complaints == []


def test_the_file_name_decides_the_id() -> None:
    assert decode("other", encode(Document(small()))).conversation.id == "other"


def test_a_later_version_is_not_touched() -> None:
    value = as_json(small()) | {"version": VERSION + 1}
    with pytest.raises(NewerVersion, match="newer coderapp") as caught:
        changed(value)
    assert "leaves the file as it is" in caught.value.advice
    with pytest.raises(NewerVersion):  # also where the rest of it is of another kind
        decode(CONVERSATION_ID, b'{"version": 3, "messages": {"\xff')


def test_every_place_at_which_a_file_can_end() -> None:
    whole = encode(Document(small()))
    ends = [whole.index(b'{"id":"a1"'), whole.index(b'{"id":"a2"'), whole.rindex(b"\n  ]") + 6]
    for length in range(len(whole) - 2):
        document = decode(CONVERSATION_ID, whole[:length])
        there = sum(length >= end - len(",\n    ") for end in ends)
        assert list(document.conversation.messages.values()) == list(small().messages.values())[:there], length
        assert document.complaints, length
    assert decode(CONVERSATION_ID, whole[:-1]).conversation == small()


def test_a_hole_in_a_file_costs_what_was_there() -> None:
    whole = encode(Document(small()))
    start = whole.index(b'"id":"a1"')
    for filler in (b"\0", b"\xff", b"#"):
        document = decode(CONVERSATION_ID, whole[: start + 9] + filler * 20 + whole[start + 29 :])
        assert [message.id for message in document.conversation.messages.values()] == ["p1", "a2"]
        assert document.conversation.title == small().title
        assert document.complaints == ["parts of the file are damaged"]


def test_bytes_that_are_not_utf_8_cost_a_character() -> None:
    whole = encode(Document(small())).replace("ü".encode(), b"\xff")
    document = decode(CONVERSATION_ID, whole)
    assert document.conversation.messages["p1"].text == "Gr\ufffdße, 你好 😀"
    assert document.complaints == ["parts of the file are damaged"]


def test_a_replacement_character_is_no_damage() -> None:
    conversation = small()
    conversation.title = "half \ud83d and \ufffd"
    document = decode(CONVERSATION_ID, encode(Document(conversation)))
    assert document.conversation == conversation
    assert document.complaints == []


def test_a_file_of_another_shape() -> None:
    pretty = json.dumps(as_json(small()), indent=4, ensure_ascii=False).encode()
    assert decode(CONVERSATION_ID, b"\xef\xbb\xbf" + pretty).conversation == small()
    assert decode(CONVERSATION_ID, pretty[:-40]).conversation.messages["p1"] == small().messages["p1"]
    for rubbish in (b"", b"\0" * 5000, b"[]", b"null", b"{}", b'{"messages": 5}', b"[" * 100_000, b'{"a":' * 100_000):
        document = decode(CONVERSATION_ID, rubbish)
        assert len(document.conversation) == 0
        assert document.complaints, rubbish[:20]
    deep = encode(Document(small())).replace(b'"draft": ""', b'"x": ' + b"[" * 100_000 + b"]" * 100_000)
    assert decode(CONVERSATION_ID, deep).conversation.messages == small().messages


@given(st.binary(max_size=60))
def test_any_bytes_open(data: bytes) -> None:
    decode(CONVERSATION_ID, data)


@settings(max_examples=200)
@given(st.data())
def test_any_damage_opens_and_is_written_again(data: st.DataObject) -> None:
    whole = bytearray(encode(Document(small())))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place : place + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
    try:
        document = decode(CONVERSATION_ID, bytes(whole))
    except NewerVersion:
        return
    again = decode(CONVERSATION_ID, encode(document))
    # As written, for times are kept to the millisecond: damage may have made them finer.
    assert encode(Document(again.conversation)) == encode(Document(document.conversation))
    assert again.complaints == []


@given(json_values)
def test_any_json_opens(value: Any) -> None:
    decode(CONVERSATION_ID, json.dumps(value).encode())
    decode(CONVERSATION_ID, json.dumps({"messages": value, "version": 1}).encode())
    document = decode(CONVERSATION_ID, json.dumps({"messages": [value], "version": 1}).encode())
    assert len(document.set_aside) + len(document.conversation) >= 1


def test_numbers_that_json_does_not_have_become_null() -> None:
    conversation = small()
    conversation.parameters = {"temperature": float("nan"), "stop": ["\ud83d", float("inf")], "seed": 2**80}
    message = replace(conversation.messages["a1"], parts=(TextPart("\ud83d"),), created=float("inf"))
    conversation.update(message)
    value = json.loads(encode(Document(conversation)), parse_constant=pytest.fail)
    assert value["parameters"] == {"temperature": None, "stop": ["\ud83d", None], "seed": 2**80}
    assert decode(CONVERSATION_ID, encode(Document(conversation))).conversation.messages["a1"].created == 0.0


def test_files_of_messages_and_drafts() -> None:
    conversation = small()
    assert b"draft_files" not in encode(Document(conversation))
    file = FilePart("a.txt", "text/plain", "one\ntwo")
    conversation.add(Message("f", Role.USER, (file, TextPart("Why?")), 1780000004.0))
    conversation.draft_files = (file,)
    value = as_json(conversation)
    form = {"type": "file", "name": "a.txt", "media_type": "text/plain", "text": "one\ntwo"}
    assert value["draft_files"] == [form]
    assert value["messages"][-1]["parts"] == [form, {"type": "text", "text": "Why?"}]
    read = decode(CONVERSATION_ID, encode(Document(conversation)))
    assert read.complaints == []
    assert read.conversation == conversation


def test_files_of_a_draft_that_are_none_are_set_aside() -> None:
    value = as_json(small())
    for wrong in ("a.txt", [7], [{"type": "text", "text": "x"}], [{"type": "file", "name": 1}]):
        value["draft_files"] = wrong
        read = decode(CONVERSATION_ID, json.dumps(value).encode())
        assert read.conversation.draft_files == ()
        assert read.set_aside == [{"draft_files": wrong}]
        assert len(read.conversation) == 3


def test_a_message_with_an_empty_id_is_set_aside() -> None:
    """The empty id stands for what is before first messages: nothing can be told of it by name."""
    lost = {"id": "", "parent": "", "role": "user", "created": 1.0, "parts": [{"type": "text", "text": "words"}]}
    document = schema.decode("x", json.dumps({"version": schema.VERSION, "messages": [lost]}).encode())
    assert document.set_aside == [lost]
    assert document.complaints
