"""Files of earlier versions of the format: read as they are, brought to the form of today with the original kept."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from hypothesis import given, settings

from coderapp.core.conversation import Conversation
from coderapp.core.errors import StorageError
from coderapp.core.message import FinishReason, Generation, Message, Role, TextPart
from coderapp.storage import schema
from coderapp.storage.conversations import ConversationStore, HeadState
from coderapp.storage.document import Document
from coderapp.storage.migrations import NEW_IN_2, STEPS
from coderapp.storage.paths import Paths
from tests.unit.storage.strategies import CONVERSATION_ID, conversations

ONE = CONVERSATION_ID


def as_version_1(conversation: Conversation) -> bytes:
    """The file as the first version of the format has it."""
    value: dict[str, Any] = json.loads(schema.encode(Document(conversation)))
    value["version"] = 1
    for name in NEW_IN_2:
        value.pop(name, None)
    return json.dumps(value, indent=1).encode()


def sample() -> Conversation:
    conversation = Conversation(ONE, 1_780_000_000.123, title="Why?")
    conversation.add(Message("p", Role.USER, (TextPart("Why?"),), 1.0))
    conversation.add(
        Message("a", Role.ASSISTANT, (TextPart("Because."),), 2.0, Generation(model="m", finish=FinishReason.STOP))
    )
    return conversation


@pytest.fixture
def old(paths: Paths) -> bytes:
    paths.conversations.mkdir(parents=True)
    data = as_version_1(sample())
    (paths.conversations / f"{ONE}.json").write_bytes(data)
    return data


def test_there_is_a_step_for_each_version() -> None:
    assert list(STEPS) == list(range(1, schema.VERSION))


def test_reading_changes_nothing_on_disk(paths: Paths, old: bytes) -> None:
    store = ConversationStore(paths)
    (head,) = store.list()
    assert (head.state, head.title, head.message_count) == (HeadState.READY, "Why?", 2)
    assert store.load(ONE) == sample()
    store.close()
    assert (paths.conversations / f"{ONE}.json").read_bytes() == old
    assert not paths.older.exists()
    assert store.take_problems() == []


def test_the_first_change_keeps_the_original(paths: Paths, old: bytes) -> None:
    store = ConversationStore(paths)
    store.set_fields(ONE, folder="Work")
    assert (paths.older / f"{ONE}.version-1.json").read_bytes() == old
    assert json.loads((paths.conversations / f"{ONE}.json").read_bytes())["version"] == schema.VERSION
    store.star(ONE, "a", True)
    store.close()
    again = ConversationStore(paths).load(ONE)
    assert (again.folder, again.starred, again.messages) == ("Work", {"a"}, sample().messages)
    assert len(os.listdir(paths.older)) == 1


def test_a_journal_of_then_is_kept_and_folded_in(paths: Paths, old: bytes) -> None:
    before = ConversationStore(paths)
    before.set_fields(ONE, draft="half a thought")
    journal = (paths.conversations / f"{ONE}.journal").read_bytes()
    (paths.conversations / f"{ONE}.json").write_bytes(old)
    store = ConversationStore(paths)
    assert store.load(ONE).draft == "half a thought"
    store.set_fields(ONE, pinned=True)
    assert (paths.older / f"{ONE}.version-1.journal").read_bytes() == journal
    assert ConversationStore(paths).load(ONE).draft == "half a thought"


def test_what_a_file_calls_by_a_new_name_is_kept_under_another(paths: Paths, old: bytes) -> None:
    path = paths.conversations / f"{ONE}.json"
    path.write_bytes(json.dumps(json.loads(old) | {"folder": {"of": "somebody"}, "tags": 7}).encode())
    store = ConversationStore(paths)
    assert store.load(ONE).folder == ""
    store.set_fields(ONE, folder="Work")
    store.close()
    value = json.loads(path.read_bytes())
    assert (value["folder"], value["folder_of_version_1"], value["tags_of_version_1"]) == (
        "Work",
        {"of": "somebody"},
        7,
    )
    assert store.take_problems() == []


def test_a_form_that_would_lose_words_does_not_take_the_files_place(
    paths: Paths, old: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = schema.encode

    def cut(document: Document) -> bytes:
        return whole(document).replace(b"Because.", b"Because")

    monkeypatch.setattr(schema, "encode", cut)
    store = ConversationStore(paths)
    with pytest.raises(StorageError, match="could not be brought to the form"):
        store.set_fields(ONE, folder="Work")
    assert (paths.conversations / f"{ONE}.json").read_bytes() == old


def test_the_kept_originals_go_after_their_time(paths: Paths, old: bytes) -> None:
    day, now = 86_400.0, 1_900_000_000.0
    store = ConversationStore(paths, now=lambda: now)
    store.set_fields(ONE, folder="Work")
    kept = paths.older / f"{ONE}.version-1.json"
    os.utime(kept, (now, now))
    for _ in range(30):
        store.clean_up()
        now += day
    assert kept.exists()
    now += day
    store.clean_up()
    assert not kept.exists()


@settings(max_examples=25)
@given(conversations())
def test_any_conversation_of_then(conversation: Conversation) -> None:
    for name in ("starred", "origin"):
        getattr(conversation, name).clear()
    conversation.folder, conversation.tags, conversation.pinned, conversation.archived = "", (), False, False
    document = schema.decode(ONE, as_version_1(conversation))
    assert document.version == 1
    assert document.complaints == []
    assert document.conversation == schema.decode(ONE, schema.encode(Document(conversation))).conversation
