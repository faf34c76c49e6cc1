"""What `python -m tests.crash` looks for, it finds."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from coderapp.core.conversation import Conversation
from coderapp.core.message import FinishReason, Generation, Message, ReasoningPart, Role, TextPart, TokenUsage
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.folders import FolderStore
from coderapp.storage.paths import Paths
from coderapp.storage.settings import SettingsStore
from tests.crash.__main__ import Tally, main
from tests.crash.checking import Findings, Found, compare, compare_older, keep, read
from tests.crash.ledger import Ledger, about, checksum
from tests.crash.life import START_S, Running
from tests.crash.making import make_large, make_older
from tests.crash.server import Sent

KILLED = 100.0
MESSAGES = 1_000

ID = "20261122-170355-ab12cd"


class Case:
    """One run: what the user did, what the server sent, what is on disk. Without changes nothing is lost."""

    def __init__(self, folder: Path) -> None:
        self.paths = Paths.under(folder / "data")
        self._copy = folder / "copy"
        self.ledger = Ledger()
        self.conversation = Conversation(ID, 1.0, draft="Another", title="Title")
        self.answer = "r7w0 r7w1 "
        self.thoughts = "t7n0 "
        self.generation: Generation | None = Generation(finish=FinishReason.STOP)
        self.sent = Sent(["P7;"], [(90.0, "t7n0 ")], [(91.0, "r7w0 "), (98.5, "r7w1 "), (99.5, "r7w2 ")])
        self.report(95.0, "set", name=f"draft:{ID}", value="Another")
        self.report(99.9, "set", name=f"draft:{ID}", value="Another one")
        self.report(95.0, "set", name="setting:line_numbers", value=False)
        self.report(90.0, "asked", n=7, conversation=ID, prompt="p", answer="a", text="Hello P7;")

    def report(self, when: float, kind: str, **about: Any) -> None:
        self.ledger.take(json.dumps({"t": when, "kind": kind, **about}))

    def findings(self) -> Findings:
        store = ConversationStore(self.paths)
        if not self.conversation.messages:
            self.conversation.add(Message("p", Role.USER, (TextPart("Hello P7;"),), 1.0))
            parts = (ReasoningPart(self.thoughts), TextPart(self.answer))
            self.conversation.add(Message("a", Role.ASSISTANT, parts, 2.0, self.generation))
            store.create(self.conversation)
        store.close()
        found = Findings()
        compare(read(self.paths, self._copy, found), self.ledger, {7: self.sent}, KILLED, found)
        return found


@pytest.fixture
def case(tmp_path: Path) -> Case:
    made = Case(tmp_path)
    SettingsStore(made.paths).save({"line_numbers": False})
    return made


def test_where_all_is_there_nothing_is_found(case: Case) -> None:
    found = case.findings()
    assert found.sentences == []
    assert found.lost_text_s == pytest.approx(0.5)


def test_what_a_kill_may_take(case: Case) -> None:
    case.conversation.draft = "Another one"
    case.report(99.2, "set", name="setting:line_numbers", value=True)
    case.report(99.2, "set", name="setting:wrap_code", value=True)
    case.report(99.8, "ended", n=7, checksum=checksum("r7w0 r7w1 r7w2 "))
    assert case.findings().sentences == []


@pytest.mark.parametrize(("text", "lost"), [("r7w0 ", 1.5), ("r7w", 9.0), ("", 9.0)])
def test_late_words_are_found(case: Case, text: str, lost: float) -> None:
    case.answer = text
    found = case.findings()
    assert found.lost_text_s == pytest.approx(lost)
    assert [sentence.partition(":")[0] for sentence in found.sentences] == ["late"]


def test_late_thoughts_are_found(case: Case) -> None:
    case.thoughts = "t7"
    assert "thoughts" in case.findings().late[0]


def test_words_after_the_user_stopped_are_not_missed(case: Case) -> None:
    case.answer = ""
    case.report(90.5, "ended", n=7, checksum=checksum(""))
    assert case.findings().sentences == []


def test_a_finished_answer_that_is_not_whole_is_found(case: Case) -> None:
    case.report(98.9, "ended", n=7, checksum=checksum("r7w0 r7w1 r7w2 "))
    assert len(case.findings().finished) == 1


def test_words_that_were_never_sent_are_found(case: Case) -> None:
    case.answer = "r7w1 r7w0 "
    assert len(case.findings().finished) == 1


@pytest.mark.parametrize("what", ["setting", "draft", "star", "state"])
def test_what_was_set_and_is_not_there_is_found(case: Case, what: str) -> None:
    if what == "setting":
        SettingsStore(case.paths).save({"line_numbers": True})
    elif what == "draft":
        case.conversation.draft = "Anoth"
    elif what == "star":
        case.report(98.9, "set", name=f"star:{ID}:p", value=True)
    else:
        case.report(98.9, "set", name="state:open_conversation", value=ID)
    found = case.findings()
    assert len(found.settings) + len(found.drafts) == 1
    assert bool(found.drafts) == (what == "draft")


def test_a_prompt_that_was_sent_and_is_not_there_is_found(case: Case) -> None:
    case.sent.prompts.append("P8;")
    assert len(case.findings().prompts) == 1
    case.report(98.0, "asked", n=9, conversation=ID, prompt="q", answer="b", text="Hello P9;")
    assert len(case.findings().prompts) == 2


def test_what_an_earlier_run_kept_has_to_stay(case: Case) -> None:
    assert case.findings().sentences == []
    case.ledger.begin()
    case.paths.conversations.joinpath(f"{ID}.json").unlink()
    found = case.findings()
    assert len([sentence for sentence in found.prompts if sentence.endswith("is gone")]) == 2
    assert found.drafts != []


@pytest.mark.parametrize("what", ["parents", "thoughts", "first"])
def test_of_what_an_earlier_run_kept_everything_counts(case: Case, what: str) -> None:
    for number in range(500):
        case.conversation.add(Message(f"p{number}", Role.USER, (TextPart("x"), ReasoningPart("y")), 1.0))
    store = ConversationStore(case.paths)
    store.create(case.conversation)
    found = Findings()
    compare(read(case.paths, case._copy, found), case.ledger, {}, KILLED, found)
    case.ledger.begin()
    path = case.paths.conversations / f"{ID}.json"
    kept = json.loads(path.read_bytes())
    if what == "parents":
        kept["messages"][300]["parent"] = ""
    elif what == "thoughts":
        del kept["messages"][450]["parts"][1]
    else:
        kept["messages"][1]["parent"] = ""
        del kept["messages"][0]
    path.write_text(json.dumps(kept), encoding="utf-8")
    found = Findings()
    compare(read(case.paths, case._copy, found), case.ledger, {}, KILLED, found)
    assert any("p" in sentence and "of an earlier run" in sentence for sentence in found.prompts)


def test_a_finished_answer_has_its_thoughts_and_says_how_it_ended(case: Case) -> None:
    case.thoughts, case.generation = "", None
    case.report(98.9, "ended", n=7, checksum=checksum(case.answer))
    found = case.findings()
    assert ["thoughts" in sentence for sentence in found.finished] == [True, False]
    assert "how is not kept" in found.finished[1]


@pytest.mark.parametrize("what", ["finish", "model", "usage", "thoughts"])
def test_what_else_belongs_to_a_finished_answer_is_compared(case: Case, what: str) -> None:
    case.thoughts = "t7n0 "
    whole = Generation(model="words-1", usage=TokenUsage(7, 2), finish=FinishReason.STOP)
    parts = (ReasoningPart(case.thoughts), TextPart(case.answer))
    told = about(Message("a", Role.ASSISTANT, parts, 2.0, whole))
    case.report(98.9, "ended", n=7, checksum=checksum(case.answer), about=told)
    case.generation = {
        "finish": replace(whole, finish=FinishReason.LENGTH),
        "model": replace(whole, model=""),
        "usage": replace(whole, usage=TokenUsage(7, None)),
        "thoughts": whole,
    }[what]
    if what == "thoughts":
        case.thoughts = "t7n"
    assert len(case.findings().finished) == (2 if what == "thoughts" else 1)


def test_a_finished_answer_as_it_was_told_is_no_finding(case: Case) -> None:
    case.generation = Generation(model="words-1", usage=TokenUsage(7, 2), finish=FinishReason.STOPPED)
    parts = (ReasoningPart(case.thoughts), TextPart(case.answer))
    told = about(Message("a", Role.ASSISTANT, parts, 2.0, case.generation))
    case.report(98.9, "ended", n=7, checksum=checksum(case.answer), about=told)
    assert case.findings().sentences == []


@pytest.mark.parametrize("how", ["first message", "flattened"])
def test_a_long_conversation_is_guarded_from_its_first_message_on(tmp_path: Path, how: str) -> None:
    paths, ledger = Paths.under(tmp_path / "data"), Ledger()
    conversation = make_large(paths, MESSAGES)
    keep(Found({conversation.id: conversation}), ledger)
    path = paths.conversations / f"{conversation.id}.json"

    def look() -> Findings:
        found = Findings()
        compare(read(paths, tmp_path / "copy", found), ledger, {}, KILLED, found)
        return found

    assert look().sentences == []
    value = json.loads(path.read_bytes())
    if how == "flattened":
        value["messages"] = [{**message, "parent": ""} for message in value["messages"]]
    else:
        first = next(message for message in value["messages"] if message["id"] == "a0")
        first["parts"][-1]["text"] = first["parts"][-1]["text"].replace("sorts", "sort")
    path.write_text(json.dumps(value), encoding="utf-8")
    found = look()
    assert len(found.prompts) + len(found.finished) == (1 if how == "first message" else MESSAGES)


def test_files_of_an_earlier_version_stay_or_are_kept(tmp_path: Path) -> None:
    paths, ledger = Paths.under(tmp_path / "data"), Ledger()
    made = make_older(paths, ledger.older)
    keep(Found({conversation.id: conversation for conversation in made}), ledger)

    def look() -> list[str]:
        found = Findings()
        compare(read(paths, tmp_path / "copy", found), ledger, {}, KILLED, found)
        compare_older(paths, ledger, found)
        return found.sentences

    assert look() == []
    store = ConversationStore(paths)
    store.set_fields(made[0].id, folder="Work")
    store.delete(made[1].id)
    store.close()
    assert len(list(paths.older.iterdir())) == 1
    assert look() == []
    for kept in paths.older.iterdir():
        kept.unlink()
    assert [made[0].id in sentence for sentence in look()] == [True]


def test_folders_are_compared(case: Case) -> None:
    case.report(98.0, "set", name="folders", value=["A", "B"])
    FolderStore(case.paths).save(["A"])
    assert len(case.findings().settings) == 1
    FolderStore(case.paths).save(["A", "B"])
    case.report(98.0, "set", name="folders", value=["A", "B"])
    assert case.findings().settings == []


def test_one_conversation_that_raises_is_a_finding_and_the_rest_is_looked_at(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Conversation("20261122-170355-ffffff", 1.0, draft="Of the other")
    store = ConversationStore(case.paths)
    store.create(other)
    store.close()
    case.report(95.0, "set", name=f"draft:{other.id}", value="Of another")
    load = ConversationStore.load

    def fail(store: ConversationStore, name: str) -> Conversation:
        if name == ID:
            raise RuntimeError("nothing reads")
        return load(store, name)

    monkeypatch.setattr(ConversationStore, "load", fail)
    found = case.findings()
    assert ["nothing reads" in sentence for sentence in found.unreadable] == [True]
    assert len(found.drafts) == 2
    assert found.prompts != []


@pytest.mark.parametrize(
    ("kills", "asked", "ended", "vacuous"), [(40, 0, 0, True), (40, 9, 0, True), (40, 9, 4, False)]
)
def test_kills_that_looked_at_nothing_show_nothing(kills: int, asked: int, ended: int, vacuous: bool) -> None:
    assert Tally(kills=kills, asked=asked, ended=ended).is_vacuous is vacuous


def test_a_report_that_can_not_be_taken_is_no_silence(tmp_path: Path) -> None:
    heard = threading.Event()

    class Deaf(Ledger):
        def take(self, line: str) -> None:
            heard.set()
            raise KeyError("kind")

    (tmp_path / "data").mkdir()
    running = Running(tmp_path / "data", Deaf(), 1, 0)
    assert heard.wait(START_S)
    with pytest.raises(KeyError):
        running.kill()


def test_a_worker_that_fails_outside_a_check_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr("tests.crash.__main__.Life", fail)
    assert main(["--kills", "2", "--at-once", "1"]) == 1
    told = capfd.readouterr()
    assert json.loads(told.out.splitlines()[-1])["kills"] == 0
    assert "no room" in told.err


def test_a_check_that_fails_is_no_success(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("nothing reads")

    monkeypatch.setattr(ConversationStore, "list", fail)  # of the checking process, not of the program
    assert main(["--kills", "1", "--at-once", "1", "--seed", "3"]) == 1
    last = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert (last["kills"], last["unreadable"]) == (0, 1)


def test_damage_is_found(case: Case) -> None:
    assert case.findings().sentences == []
    path = case.paths.conversations / f"{ID}.json"
    path.write_bytes(path.read_bytes()[:-40])
    case.ledger.notices.append("An internal error occurred (KeyError).")
    case.paths.index.write_bytes(b"not a database" * 100)
    assert len(case.findings().unreadable) >= 3
