"""What `python -m tests.crash` looks for, it finds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coderapp.core.conversation import Conversation
from coderapp.core.message import FinishReason, Generation, Message, ReasoningPart, Role, TextPart
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.paths import Paths
from coderapp.storage.settings import SettingsStore
from tests.crash.__main__ import main
from tests.crash.checking import Findings, compare, read
from tests.crash.ledger import Ledger, checksum
from tests.crash.server import Sent

KILLED = 100.0
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
