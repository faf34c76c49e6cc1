from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from coderapp.core.conversation import Conversation
from coderapp.core.errors import StorageError
from coderapp.core.message import FilePart, FinishReason, Generation, Message, Role, TextPart
from coderapp.storage import conversations as module
from coderapp.storage.conversations import ConversationStore, HeadState, Trashed
from coderapp.storage.errors import DiskFull, NewerVersion, NoPermission, UnknownConversation
from coderapp.storage.ids import is_valid, new_id, time_of
from coderapp.storage.paths import Paths
from tests.unit.storage.test_atomic import as_ordinary_user, small_disk

ONE = "20261122-170355-ab12cd"
TWO = "20261122-170356-ab12cd"


def user(identity: str, text: str = "Why?", created: float = 100.0) -> Message:
    return Message(identity, Role.USER, (TextPart(text),), created)


def answer(identity: str, text: str = "", created: float = 101.0, finish: FinishReason | None = None) -> Message:
    generation = Generation("built-in", "sample", {"temperature": 1}, started=created, finish=finish)
    return Message(identity, Role.ASSISTANT, (TextPart(text),) if text else (), created, generation)


def talk(store: ConversationStore, conversation_id: str = ONE, *, created: float = 100.0) -> None:
    """A prompt and a whole answer."""
    store.create(Conversation(conversation_id, created))
    store.add_message(conversation_id, user("p", created=created))
    store.add_message(conversation_id, answer("a", created=created + 1))
    for word in ("Be", "cause", "."):
        store.append_text(conversation_id, "a", word)
    store.update_message(conversation_id, answer("a", "Because.", created + 1, FinishReason.STOP))


def reopened(paths: Paths, conversation_id: str = ONE) -> Conversation:
    """What the next start of the program finds."""
    store = ConversationStore(paths)
    conversation = store.load(conversation_id)
    assert store.take_problems() == []
    return conversation


def names(paths: Paths) -> list[str]:
    return sorted(os.listdir(paths.conversations))


def test_what_happened_is_there_at_any_time_without_closing(paths: Paths, store: ConversationStore) -> None:
    store.create(Conversation(ONE, 99.0, profile_id="pixlab"))
    assert reopened(paths) == Conversation(ONE, 99.0, profile_id="pixlab")
    store.add_message(ONE, user("p"))
    assert [message.text for message in reopened(paths).path()] == ["Why?"]
    assert reopened(paths).title == "Why?"
    store.add_message(ONE, answer("a"))
    store.append_text(ONE, "a", "Be")
    store.append_text(ONE, "a", "hm", reasoning=True)
    store.append_text(ONE, "a", "cause")
    partial = reopened(paths).messages["a"]
    assert (partial.text, partial.reasoning) == ("Because", "hm")
    assert partial.generation is not None
    assert partial.generation.finish is FinishReason.INTERRUPTED
    assert partial.generation.parameters == {"temperature": 1}
    store.set_fields(ONE, draft="Next", parameters={"top_p": 0.5}, titled_by_user=True, title="Mine", updated=500)
    store.add_message(ONE, answer("b", "Other", finish=FinishReason.STOP), parent="p")
    store.choose(ONE, "a")
    final = answer("a", "Because.", finish=FinishReason.STOP)
    store.update_message(ONE, final)
    before = reopened(paths)
    assert before.messages["a"] == final
    assert (before.draft, before.parameters, before.title, before.updated) == ("Next", {"top_p": 0.5}, "Mine", 500)
    assert [message.id for message in before.path()] == ["p", "a"]
    assert store.load(ONE) == before
    store.fold(ONE)
    assert names(paths) == [f"{ONE}.json"]
    assert reopened(paths) == before


def test_an_answer_is_written_once(paths: Paths, store: ConversationStore) -> None:
    store.create(Conversation(ONE, 99.0))
    store.add_message(ONE, answer("a"))
    text = "word " * 2000
    for start in range(0, len(text), 1000):
        store.append_text(ONE, "a", text[start : start + 1000])
    store.update_message(ONE, answer("a", text, finish=FinishReason.STOP))
    assert (paths.conversations / f"{ONE}.journal").stat().st_size < 1.2 * len(text)
    assert reopened(paths).messages["a"] == answer("a", text, finish=FinishReason.STOP)


def test_what_is_loaded_is_a_copy(store: ConversationStore) -> None:
    talk(store)
    mine = store.load(ONE)
    mine.add(user("q", "And?"))
    mine.parameters["top_p"] = 1
    mine.children["p"].append("rubbish")
    assert store.load(ONE) != mine
    assert "q" not in store.load(ONE).messages


def test_what_is_created_is_a_copy(paths: Paths, store: ConversationStore) -> None:
    mine = Conversation(ONE, 99.0)
    mine.add(user("p"))
    store.create(mine)
    mine.add(user("q"))
    store.set_fields(ONE, draft="x")
    assert list(store.load(ONE).messages) == ["p"]


def test_changes_that_make_no_sense_are_refused_and_leave_nothing(paths: Paths, store: ConversationStore) -> None:
    talk(store)
    before, size = reopened(paths), (paths.conversations / f"{ONE}.journal").stat().st_size
    refused: list[tuple[Any, ...]] = [
        (store.add_message, ONE, user("p")),
        (store.add_message, ONE, user("")),
        (store.add_message, ONE, user("q"), "gone"),
        (store.append_text, ONE, "gone", "x"),
        (store.update_message, ONE, user("gone")),
        (store.choose, ONE, "gone"),
        (store.create, Conversation(ONE, 1.0)),
    ]
    for call, *arguments in refused:
        with pytest.raises(ValueError, match=r"message|exists"):
            call(*arguments)
    wrong: tuple[dict[str, Any], ...] = (
        {"title": 5},
        {"messages": {}},
        {"draft": None},
        {"parameters": []},
        {"updated": True},
    )
    for fields in wrong:
        with pytest.raises(ValueError, match="can't be"):
            store.set_fields(ONE, **fields)
    store.append_text(ONE, "a", "")
    store.set_fields(ONE, draft="")
    store.update_message(ONE, store.load(ONE).messages["a"])
    assert reopened(paths) == before
    assert (paths.conversations / f"{ONE}.journal").stat().st_size == size


@pytest.mark.parametrize(
    "name", ["", "..", "../settings", "a/b", "a\\b", "a.b", "/etc/passwd", "-x", "a" * 65, "ä", "a\n"]
)
def test_an_id_is_no_way_out_of_the_folder(name: str, paths: Paths, store: ConversationStore) -> None:
    calls: list[Any] = [
        lambda: store.load(name),
        lambda: store.create(Conversation(name, 1.0)),
        lambda: store.add_message(name, user("p")),
        lambda: store.fold(name),
        lambda: store.delete(name),
        lambda: store.restore(Trashed(name, "x")),
    ]
    for call in calls:
        with pytest.raises(UnknownConversation):
            call()
    assert os.listdir(paths.root) == []


def test_ids_sort_by_time_and_differ() -> None:
    ids = [new_id(1795367035.0 + seconds) for seconds in range(3)]
    assert ids == sorted(ids)
    assert ids[0].startswith("20261122-170355-")
    assert all(is_valid(name) for name in (*ids, new_id()))
    assert len({new_id() for _ in range(200)}) == 200
    assert time_of(ids[0]) == 1795367035.0
    assert time_of("other") == 0.0


# the list


def test_the_list_is_newest_first_and_knows_what_is_not_folded(paths: Paths, store: ConversationStore) -> None:
    assert list(store.list()) == []
    talk(store, ONE, created=100.0)
    talk(store, TWO, created=50.0)
    store.fold(TWO)
    store.set_fields(TWO, title="Renamed")
    for listed in (store.list(), ConversationStore(paths).list()):
        assert [(head.id, head.title, head.updated, head.message_count) for head in listed] == [
            (ONE, "Why?", 101.0, 2),
            (TWO, "Renamed", 51.0, 2),
        ]
        assert {head.state for head in listed} == {HeadState.READY}
    store.add_message(TWO, user("q", created=200.0))
    assert [head.id for head in store.list()] == [TWO, ONE]
    store.close()
    assert names(paths) == [f"{ONE}.json", f"{TWO}.json"]
    assert [head.id for head in ConversationStore(paths).list()] == [TWO, ONE]


def test_a_long_title_does_not_hide_a_conversation(paths: Paths, store: ConversationStore) -> None:
    store.create(Conversation(ONE, 1.0, title="long " * 5000))
    (head,) = ConversationStore(paths).list()
    assert (head.title, head.state) == ("long " * 5000, HeadState.READY)


def test_damaged_files_stand_among_the_others(paths: Paths, store: ConversationStore) -> None:
    talk(store)
    store.close()
    (paths.conversations / "notes.txt").write_text("not ours")
    (paths.conversations / "my chat.json").write_text("not ours either")
    damage = {
        "empty": b"",
        "nul": b"\0" * 4096,
        "text": b"hello",
        "wrong": b'{\n  "version": 1,\n  "title": 5,\n  "profile_id": "",\n  "messages": []\n}',
        "cut": (paths.conversations / f"{ONE}.json").read_bytes()[:120],
    }
    for name, data in damage.items():
        (paths.conversations / f"{name}.json").write_bytes(data)
    (paths.conversations / "newer.json").write_bytes(b'{"version": 9, "title": "From later"}')
    (paths.conversations / "folder.json").mkdir()
    fresh = ConversationStore(paths)
    heads = {head.id: head for head in fresh.list()}
    assert set(heads) == {ONE, *damage, "newer", "folder"}
    assert {name for name, head in heads.items() if head.state is HeadState.DAMAGED} == {*damage, "folder"}
    assert heads["newer"].state is HeadState.NEWER
    assert heads["cut"].title == "Why?"
    assert heads[ONE].state is HeadState.READY
    (problem,) = fresh.take_problems()
    assert problem.sentence.startswith("7 conversations are damaged or can't be changed")
    fresh.list()
    assert fresh.take_problems() == [], "told once"
    for name, data in damage.items():
        fresh.load(name)
        assert (paths.conversations / f"{name}.json.damaged-1").read_bytes() == data
    assert fresh.load("newer").read_only
    with pytest.raises(StorageError, match="could not be read"):
        fresh.load("folder")
    assert {head.id for head in ConversationStore(paths).list() if head.state is HeadState.READY} == {ONE, *damage}


def test_five_thousand_are_listed_quickly(paths: Paths, store: ConversationStore) -> None:
    talk(store)
    store.close()
    data = (paths.conversations / f"{ONE}.json").read_bytes()
    for number in range(5000):
        with open(f"{paths.conversations}/20250101-000000-{number:06x}.json", "wb") as file:
            file.write(data)
    best = 10.0
    for _ in range(3):
        start = time.perf_counter()
        assert len(ConversationStore(paths).list()) == 5001
        best = min(best, time.perf_counter() - start)
    assert best < 5  # 0.1 s here


# damage


def test_a_damaged_file_opens_with_what_reads_and_the_original_stays(paths: Paths, store: ConversationStore) -> None:
    talk(store)
    store.close()
    path = paths.conversations / f"{ONE}.json"
    damaged = path.read_bytes().replace(b'"role":"assistant"', b'"role":"visitor"')
    path.write_bytes(damaged)
    fresh = ConversationStore(paths)
    assert list(fresh.load(ONE).messages) == ["p"]
    (problem,) = fresh.take_problems()
    assert problem.sentence == (
        "“Why?” was damaged: 1 of 2 messages could not be read. 1 message is there. "
        f"The original is kept as {ONE}.json.damaged-1."
    )
    assert (paths.conversations / f"{ONE}.json.damaged-1").read_bytes() == damaged
    assert json.loads(path.read_bytes())["set_aside"][0]["role"] == "visitor"
    fresh.add_message(ONE, user("q"))
    fresh.close()
    assert [message.id for message in reopened(paths).path()] == ["p", "q"]


def test_what_another_program_writes_meanwhile_is_kept_beside_it(paths: Paths, store: ConversationStore) -> None:
    talk(store)
    store.fold(ONE)
    path = paths.conversations / f"{ONE}.json"
    theirs = path.read_bytes().replace(b"Why?", b"Who?")
    path.write_bytes(theirs)
    store.add_message(ONE, user("q", "Mine"))
    store.fold(ONE)
    store.add_message(ONE, user("r", "Again"))
    store.fold(ONE)
    assert [message.text for message in reopened(paths).path()][-2:] == ["Mine", "Again"]
    assert names(paths) == [f"{ONE}.json", f"{ONE}.json.damaged-1"]
    assert (paths.conversations / f"{ONE}.json.damaged-1").read_bytes() == theirs
    (problem,) = store.take_problems()
    assert "Another program changed the file" in problem.sentence


def test_every_place_at_which_a_journal_can_end(paths: Paths, store: ConversationStore) -> None:
    talk(store)
    path, journal = (paths.conversations / f"{ONE}.{suffix}" for suffix in ("json", "journal"))
    empty, data = path.read_bytes(), journal.read_bytes()
    store.close()
    ends = [place for place, byte in enumerate(data) if byte == ord("\n")]
    assert len(ends) == 6
    for length in range(len(data) + 1):
        for name in names(paths):
            os.unlink(paths.conversations / name)
        path.write_bytes(empty)
        journal.write_bytes(data[:length])
        fresh = ConversationStore(paths)
        conversation = fresh.load(ONE)
        whole = sum(length >= end for end in ends)
        assert list(conversation.messages) == ["p", "a"][:whole], length
        if whole >= 2:
            assert conversation.messages["a"].text == ("", "Be", "Because", "Because.", "Because.")[whole - 2]
        problems = [problem.sentence for problem in fresh.take_problems()]
        if length in (0, *ends, *(end + 1 for end in ends)):
            assert problems == [], length
        else:
            assert "its last change was cut off in mid-write" in problems[0], length
            assert f"{ONE}.journal.damaged-1" in names(paths)
        assert reopened(paths) == conversation


def test_rubbish_in_a_journal_costs_itself(paths: Paths, store: ConversationStore) -> None:
    talk(store)
    journal = paths.conversations / f"{ONE}.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    damaged = b"".join([*lines[:3], b"\0" * 40 + b"\n", *lines[4:]])
    journal.write_bytes(damaged)
    fresh = ConversationStore(paths)
    conversation = fresh.load(ONE)
    assert conversation.messages["a"].text == "Be."
    (problem,) = fresh.take_problems()
    assert "1 of the last changes could not be read" in problem.sentence
    assert (paths.conversations / f"{ONE}.journal.damaged-1").read_bytes() == damaged
    assert reopened(paths) == conversation


def test_a_journal_alone_is_a_conversation(paths: Paths, store: ConversationStore) -> None:
    talk(store)
    (paths.conversations / f"{ONE}.json").unlink()
    fresh = ConversationStore(paths)
    (head,) = fresh.list()
    assert (head.state, head.message_count) == (HeadState.DAMAGED, 2)
    assert fresh.load(ONE).created == time_of(ONE)
    assert "its file is gone" in fresh.take_problems()[-1].sentence
    assert reopened(paths).messages["a"].text == "Because."


def test_a_journal_that_outlived_its_folding_changes_nothing(paths: Paths, store: ConversationStore) -> None:
    talk(store)
    journal = paths.conversations / f"{ONE}.journal"
    data = journal.read_bytes()
    store.fold(ONE)
    before = reopened(paths)
    journal.write_bytes(data)
    assert reopened(paths) == before
    fresh = ConversationStore(paths)
    fresh.set_fields(ONE, draft="on")
    assert reopened(paths) == replace(before, draft="on")
    fresh.close()
    assert names(paths) == [f"{ONE}.json"]


def test_a_later_version_is_left_alone_by_everything(paths: Paths, store: ConversationStore) -> None:
    talk(store)
    store.close()
    path = paths.conversations / f"{ONE}.json"
    later = path.read_bytes().replace(b'"version": 2', b'"version": 3')
    path.write_bytes(later)
    fresh = ConversationStore(paths)
    assert [head.state for head in fresh.list()] == [HeadState.NEWER]
    for call in (fresh.fold, fresh.settle):
        with pytest.raises(NewerVersion):
            call(ONE)
    assert fresh.load(ONE).read_only
    assert fresh.load(ONE).messages["a"].text == "Because."
    with pytest.raises(NewerVersion):
        fresh.set_fields(ONE, draft="x")
    fresh.close()
    assert path.read_bytes() == later
    fresh.restore(fresh.delete(ONE))
    assert path.read_bytes() == later


def test_an_unknown_field_outlives_a_session(paths: Paths, store: ConversationStore) -> None:
    talk(store)
    store.close()
    path = paths.conversations / f"{ONE}.json"
    value = json.loads(path.read_bytes())
    value["colour"] = "red"
    value["messages"][0]["starred"] = True
    path.write_text(json.dumps(value))
    fresh = ConversationStore(paths)
    fresh.set_fields(ONE, draft="x")
    fresh.close()
    value = json.loads(path.read_bytes())
    assert (value["colour"], value["messages"][0]["starred"]) == ("red", True)
    assert fresh.take_problems() == []


# folding


def test_what_is_written_for_answers_stays_in_bounds(paths: Paths, store: ConversationStore) -> None:
    """The JSON is written anew when the answers since the last time are worth it, and a short answer is not."""
    talk(store)
    store.settle(ONE)
    assert f"{ONE}.journal" in names(paths)
    large = Conversation(TWO, 1.0)
    large.add(user("p", "x" * 100_000))
    store.create(large)
    store.add_message(TWO, answer("a", "y" * 20_000, finish=FinishReason.STOP))
    store.settle(TWO)
    assert f"{TWO}.journal" in names(paths)
    store.add_message(TWO, answer("b", "y" * 90_000, finish=FinishReason.STOP))
    store.settle(TWO)
    assert f"{TWO}.journal" not in names(paths)


def test_a_text_in_many_small_pieces(paths: Paths, store: ConversationStore) -> None:
    """Pieces that follow each other are short records; what comes between them is not mixed up with them."""
    talk(store)
    pieces = ["One ", "två ", "\ud83d", "\ude00", " three", "", "\ud83d"]
    for piece in pieces:
        store.append_text(ONE, "a", piece)
    store.append_text(ONE, "a", "Thought. ", reasoning=True)
    store.append_text(ONE, "a", "More. ", reasoning=True)
    store.set_fields(ONE, draft="x")
    store.append_text(ONE, "a", "End")
    store.append_text(ONE, "a", ".")
    journal = (paths.conversations / f"{ONE}.journal").read_bytes()
    assert journal.count(b'{"+":') == 8
    again = ConversationStore(paths).load(ONE).messages["a"]
    assert again.text == "Because.One två 😀 three\ud83dEnd."
    assert again.reasoning == "Thought. More. "


def test_a_lost_piece_of_a_text_costs_itself(paths: Paths, store: ConversationStore) -> None:
    talk(store)
    for piece in ("One ", "two ", "three ", "four ", "five"):
        store.append_text(ONE, "a", piece)
    store.set_fields(ONE, draft="kept")
    journal = paths.conversations / f"{ONE}.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(line.replace(b"three", b"thrEe") for line in lines))
    fresh = ConversationStore(paths)
    conversation = fresh.load(ONE)
    assert conversation.messages["a"].text == "Because.One two four five"
    assert conversation.draft == "kept"
    (problem,) = fresh.take_problems()
    assert "1 of the last changes could not be read" in problem.sentence
    fresh.append_text(ONE, "a", "!")
    assert reopened(paths).messages["a"].text == "Because.One two four five!"


def test_a_large_conversation_is_not_written_anew_for_little(paths: Paths, store: ConversationStore) -> None:
    large = Conversation(ONE, 1.0)
    large.add(user("p", "x" * 5_000_000))
    store.create(large)
    store.set_fields(ONE, draft="a word")
    written = (paths.conversations / f"{ONE}.json").stat().st_mtime_ns
    store.release(ONE)
    assert (paths.conversations / f"{ONE}.json").stat().st_mtime_ns == written
    assert store.load(ONE).draft == "a word"
    store.add_message(ONE, answer("a", "y" * 400_000, finish=FinishReason.STOP))
    store.close()
    assert names(paths) == [f"{ONE}.json"]


def test_a_journal_that_grows_large_is_folded_in_mid_answer(
    paths: Paths, store: ConversationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FOLD_AT_LEAST", 5000)
    store.create(Conversation(ONE, 1.0))
    store.release(ONE)
    store = ConversationStore(paths)
    store.add_message(ONE, answer("a"))
    text = "".join(f"{number:099d} " for number in range(1000))
    largest = 0
    for start in range(0, len(text), 100):
        store.append_text(ONE, "a", text[start : start + 100])
        largest = max(largest, *(entry.stat().st_size for entry in paths.conversations.glob("*.journal")), 0)
    assert largest < 2 * 1024 * 1024
    assert reopened(paths).messages["a"].text == text
    store.close()


def test_release_forgets_and_close_folds_all(paths: Paths, store: ConversationStore) -> None:
    talk(store, ONE)
    talk(store, TWO)
    store.release(ONE)
    store.release(ONE)
    assert names(paths) == [f"{ONE}.json", f"{TWO}.journal", f"{TWO}.json"]
    store.sync()
    store.close()
    assert names(paths) == [f"{ONE}.json", f"{TWO}.json"]
    assert store.load(ONE).messages["a"].text == "Because."


def test_old_litter_is_cleaned_up(paths: Paths, store: ConversationStore) -> None:
    talk(store)
    litter = paths.conversations / f".{ONE}.json.99-0.tmp"
    litter.write_bytes(b"half")
    os.utime(litter, (1.0, 1.0))
    store.clean_up()
    assert not litter.exists()
    assert len(store.list()) == 1


# deleting


def test_delete_and_restore(paths: Paths, store: ConversationStore) -> None:
    talk(store, ONE)
    talk(store, TWO)
    before = store.load(ONE)
    (paths.conversations / f"{ONE}.json.damaged-1").write_bytes(b"old")
    trashed = store.delete(ONE)
    assert [head.id for head in store.list()] == [TWO]
    assert [name for name in names(paths) if name.startswith(ONE)] == []
    with pytest.raises(UnknownConversation):
        store.load(ONE)
    with pytest.raises(UnknownConversation):
        store.delete(ONE)
    head = store.restore(trashed)
    assert (head.id, head.title, head.message_count) == (ONE, "Why?", 2)
    assert store.load(ONE) == before
    assert f"{ONE}.json.damaged-1" in names(paths)
    assert os.listdir(paths.trash) == []
    with pytest.raises(UnknownConversation, match="not in the trash"):
        store.restore(trashed)


@pytest.mark.parametrize("is_open", [True, False])
def test_a_large_one_goes_to_the_trash_with_its_journal(
    paths: Paths, store: ConversationStore, monkeypatch: pytest.MonkeyPatch, is_open: bool
) -> None:
    """To read and write megabytes would keep the words of an answer waiting."""
    monkeypatch.setattr(module, "FOLD_ALWAYS_BELOW", 100)
    store.create(Conversation(ONE, 1.0, title="Large"))
    store.set_fields(ONE, draft="Not folded")
    store.add_message(ONE, user("a", "Hello"))
    if not is_open:
        store = ConversationStore(paths)
    trashed = store.delete(ONE)
    assert sorted(os.listdir(paths.trash / trashed.folder)) == [f"{ONE}.journal", f"{ONE}.json"]
    assert os.listdir(paths.conversations) == []
    assert [head.head.title for head in store.trashed()] == ["Large"]
    assert store.restore(trashed).title == "Large"
    assert store.load(ONE).draft == "Not folded"
    assert len(store.load(ONE)) == 1
    assert store.take_problems() == []


def test_deleted_twice_and_in_the_way(paths: Paths, store: ConversationStore) -> None:
    talk(store)
    first = store.delete(ONE)
    store.create(Conversation(ONE, 5.0))
    with pytest.raises(UnknownConversation, match="is there already"):
        store.restore(first)
    second = store.delete(ONE)
    assert first.folder != second.folder
    store.restore(first)
    assert len(store.load(ONE)) == 2


def test_a_deletion_that_was_cut_short_is_finished(paths: Paths, store: ConversationStore) -> None:
    talk(store)
    saved = (paths.conversations / f"{ONE}.journal").read_bytes()
    trashed = store.delete(ONE)
    (paths.conversations / f"{ONE}.journal").write_bytes(saved)
    fresh = ConversationStore(paths)
    assert list(fresh.list()) == []
    assert names(paths) == []
    (paths.conversations / f"{ONE}.journal").write_bytes(saved)
    with pytest.raises(UnknownConversation, match="was deleted"):
        fresh.load(ONE)
    assert names(paths) == []
    fresh.restore(trashed)
    assert reopened(paths).messages["a"].text == "Because."


# failing disks


def test_a_full_disk_is_told_and_what_was_saved_stays() -> None:
    with small_disk() as folder:
        paths = Paths.under(folder)
        store = ConversationStore(paths)
        store.create(Conversation(ONE, 1.0))
        store.add_message(ONE, user("p"))
        store.add_message(ONE, answer("a"))
        saved = 0
        refused: DiskFull | None = None
        while refused is None:
            try:
                store.append_text(ONE, "a", "x" * 1000)
                saved += 1000
            except DiskFull as error:
                refused = error
        assert "could not be saved" in refused.sentence
        assert saved > 10_000
        assert store.load(ONE).messages["a"].text == "x" * saved
        with pytest.raises(DiskFull):
            store.add_message(ONE, user("q", "y" * 5000))
        assert "q" not in store.load(ONE).messages
        assert reopened(paths).messages["a"].text == "x" * saved
        store.close()
        kinds = {problem.kind for problem in store.take_problems()}
        assert kinds <= {"DiskFull"}
        assert reopened(paths).messages["a"].text == "x" * saved
        trashed = store.delete(ONE)
        assert list(store.list()) == []
        store.restore(trashed)
        assert reopened(paths).messages["a"].text == "x" * saved


def test_a_folder_that_is_not_ours_is_told(folder: Path) -> None:
    folder.chmod(0o755)
    paths = Paths.under(folder)
    store = ConversationStore(paths)
    talk(store)
    store.close()
    path = paths.conversations / f"{ONE}.json"
    cut = path.read_bytes()[:-30]
    path.write_bytes(cut)
    for entry, mode in ((path, 0o644), (paths.conversations, 0o555)):
        entry.chmod(mode)
    try:
        with as_ordinary_user():
            fresh = ConversationStore(paths)
            assert len(fresh.list()) == 1
            assert fresh.load(ONE).messages["p"].text == "Why?", "it can be read all the same"
            problems = fresh.take_problems()
            assert [problem.kind for problem in problems] == ["NoPermission", "StorageError"]
            assert problems[-1].sentence.endswith("The original is left as it is.")
            for change in (
                lambda: fresh.set_fields(ONE, draft="x"),
                lambda: fresh.create(Conversation(TWO, 1.0)),
                lambda: fresh.fold(ONE),
                lambda: fresh.delete(ONE),
            ):
                with pytest.raises(NoPermission):
                    change()
            fresh.close()
        paths.conversations.chmod(0o000)
        with as_ordinary_user(), pytest.raises(NoPermission, match="could not be read"):
            ConversationStore(paths).list()
    finally:
        paths.conversations.chmod(0o755)
    assert names(paths) == [f"{ONE}.json"]
    assert path.read_bytes() == cut


def test_a_file_in_the_place_of_the_folder(folder: Path) -> None:
    paths = Paths.under(folder)
    paths.conversations.write_bytes(b"")
    store = ConversationStore(paths)
    with pytest.raises(StorageError):
        store.create(Conversation(ONE, 1.0))
    with pytest.raises(StorageError, match="could not be read"):
        store.list()


def test_a_fold_that_fails_aside_does_not_lose_the_change(
    paths: Paths, store: ConversationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create(Conversation(ONE, 1.0))
    store.add_message(ONE, answer("a"))
    store._open[ONE].fold_at = 100
    (paths.conversations / f"{ONE}.json").unlink()
    (paths.conversations / f"{ONE}.json").mkdir()
    store.append_text(ONE, "a", "kept")
    assert [problem.kind for problem in store.take_problems()] == ["StorageError"]
    store.append_text(ONE, "a", " too")
    assert store.take_problems() == [], "not at each change again"
    assert store.load(ONE).messages["a"].text == "kept too"
    (paths.conversations / f"{ONE}.json").rmdir()
    store.fold(ONE)
    assert reopened(paths).messages["a"].text == "kept too"


def test_files_of_a_draft_are_written_once(paths: Paths, store: ConversationStore) -> None:
    store.create(Conversation(ONE, 99.0))
    journal = paths.conversations / f"{ONE}.journal"
    file = FilePart("long.txt", "text/plain", "x" * 300_000)
    store.set_draft_files(ONE, (file,))
    assert reopened(paths).draft_files == (file,)
    with_file = journal.stat().st_size
    for number in range(5):  # as after each pause in typing
        store.set_fields(ONE, draft=f"draft {number}")
        store.set_draft_files(ONE, (file,))
    assert journal.stat().st_size < with_file + 1000
    store.fold(ONE)
    found = reopened(paths)
    assert (found.draft, found.draft_files) == ("draft 4", (file,))
    store.set_draft_files(ONE, ())
    assert reopened(paths).draft_files == ()
    store.fold(ONE)
    assert b"draft_files" not in (paths.conversations / f"{ONE}.json").read_bytes()
