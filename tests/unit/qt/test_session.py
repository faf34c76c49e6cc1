"""One conversation at work, with a client that plays scripts and a real data folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from coderapp.api.scripted import Script, ScriptedClient, answer
from coderapp.core.conversation import Conversation
from coderapp.core.errors import ServerFailed
from coderapp.core.events import (
    Failed,
    Finished,
    LogprobsDelta,
    ReasoningDelta,
    RetryScheduled,
    Started,
    TextDelta,
    ToolCallDelta,
    UsageReported,
)
from coderapp.core.message import FinishReason, Message, Role, TokenLogprob, TokenUsage
from coderapp.core.profile import Profile, ProfileKind
from coderapp.core.secret import Secret
from coderapp.qt.background import Worker
from coderapp.qt.connector import Connector
from coderapp.qt.conversation_keeper import ConversationKeeper
from coderapp.qt.conversation_model import RowState
from coderapp.qt.endpoint_process import EndpointProcess
from coderapp.qt.keyring_worker import KeyringWorker
from coderapp.qt.session import JOURNAL_EVERY, WORTH_WRITING, Session, SessionState
from coderapp.qt.stream_worker import StreamWorker
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.keys import MemoryKeyStore
from coderapp.storage.paths import Paths

OPENAI = Profile("o", "Open", ProfileKind.OPENAI, base_url="http://127.0.0.1/v1")
IDLE, WAITING, STREAMING = SessionState
_END = Finished(FinishReason.STOP)


class Bench:
    def __init__(self, bot: QtBot, folder: Path, *scripts: Script) -> None:
        self.bot = bot
        self.paths = Paths.under(folder)
        self.client = ScriptedClient(*scripts)
        self.disk = Worker("storage")
        self.keeper = ConversationKeeper(self.disk, lambda: ConversationStore(self.paths))
        self.streams = StreamWorker(lambda: self.client)
        keys = MemoryKeyStore()
        keys.set("o", Secret("k"))
        self.keys = KeyringWorker(keys, lambda _: None)
        self.endpoint = EndpointProcess(0)
        self.connector = Connector(self.endpoint, self.keys)
        self.profile = OPENAI
        self.troubles: list[str] = []
        self.keeper.trouble.connect(self.troubles.append)
        self.session = self.open(self.keeper.new_conversation())
        self.states: list[SessionState] = []
        self.session.state_changed.connect(self.states.append)

    def open(self, conversation: Conversation) -> Session:
        return Session(
            conversation,
            profile_of=lambda _: self.profile,
            connector=self.connector,
            streams=self.streams,
            keeper=self.keeper,
        )

    @property
    def last(self) -> Message:
        return list(self.session.conversation.path())[-1]

    def until(self, seen: Callable[[], bool]) -> None:
        self.bot.waitUntil(seen, timeout=5000)

    def idle(self) -> Message:
        self.until(lambda: self.session.is_idle)
        return self.last

    def step_branch(self, step: int) -> None:
        self.session.lead_to(self.session.conversation.sibling(self.last.id, step))

    def ask(self, prompt: str = "Go") -> Message:
        self.session.send(prompt)
        return self.idle()

    def on_disk(self) -> Conversation:
        """What another program would read, once everything is written."""
        done: list[bool] = []
        self.disk.submit(lambda: True, done.append, lambda _: None)
        self.until(lambda: bool(done))
        store = ConversationStore(self.paths)
        loaded = store.load(self.session.conversation.id)
        assert not store.take_problems()
        return loaded

    def end(self) -> None:
        self.session.close()
        self.keys.stop()
        self.streams.stop()
        self.disk.stop()
        self.endpoint.stop()


Make = Callable[..., Bench]


@pytest.fixture
def make(qtbot: QtBot, tmp_path: Path) -> Iterator[Make]:
    made: list[Bench] = []

    def bench(*scripts: Script) -> Bench:
        made.append(Bench(qtbot, tmp_path, *scripts))
        return made[-1]

    yield bench
    for each in made:
        each.end()


def test_a_prompt_goes_through_its_states(make: Make) -> None:
    bench = make(answer("Hello there"))
    answered: list[Message] = []
    bench.session.answered.connect(answered.append)
    bench.ask()
    assert bench.states == [WAITING, STREAMING, IDLE]
    assert bench.last.text == "Hello there"
    assert answered == [bench.last]
    assert bench.client.keys_given == [True]
    assert bench.session.model.rows[-1].state is RowState.SETTLED
    assert bench.session.model.rows[-1].message == bench.last


def test_an_answer_without_a_word_never_streams(make: Make) -> None:
    bench = make([(0.0, Started("r", "m")), (0.0, Finished(FinishReason.STOP))])
    bench.ask()
    assert bench.states == [WAITING, IDLE]
    assert bench.last.text == ""


@pytest.mark.parametrize(
    ("states", "wrong"),
    [
        ([], STREAMING),
        ([], IDLE),
        ([WAITING], WAITING),
        ([WAITING, STREAMING], WAITING),
        ([WAITING, STREAMING], STREAMING),
    ],
)
def test_other_ways_are_refused(make: Make, states: list[SessionState], wrong: SessionState) -> None:
    session = make().session
    for state in states:
        session._go(state)
    with pytest.raises(RuntimeError, match="can't go from"):
        session._go(wrong)
    if session.state is not IDLE:
        session._go(IDLE)


def test_everything_that_an_answer_brings_is_kept(make: Make) -> None:
    token = TokenLogprob("Hi", -0.1, (("Ho", -2.0),))
    bench = make(
        [
            (0.0, Started("reply-7", "m-1")),
            (0.0, ReasoningDelta("Let me ")),
            (0.0, ReasoningDelta("think.")),
            (0.0, TextDelta("Hi")),
            (0.0, LogprobsDelta((token,))),
            (0.0, ToolCallDelta(0, "c1", "shout", '{"text":')),
            (0.0, ToolCallDelta(0, arguments='"a"}')),
            (0.0, UsageReported(TokenUsage(3, 5))),
            (0.0, Finished(FinishReason.TOOL_CALLS)),
        ]
    )
    bench.session.set_parameter("temperature", 0.5)
    message = bench.ask()
    assert (message.text, message.reasoning) == ("Hi", "Let me think.")
    assert [(call.id, call.name, call.arguments) for call in message.tool_calls] == [("c1", "shout", '{"text":"a"}')]
    generation = message.generation
    assert generation is not None
    assert generation.parameters == {"temperature": 0.5, "stream": True}
    assert (generation.model, generation.reply_id, generation.profile) == ("m-1", "reply-7", "Open")
    assert generation.usage == TokenUsage(3, 5)
    assert generation.logprobs == (token,)
    assert generation.finish is FinishReason.TOOL_CALLS
    assert generation.duration is not None
    assert generation.first_token_after is not None
    kept = bench.on_disk().messages[message.id]
    assert kept.parts == message.parts
    assert kept.generation is not None
    assert kept.generation.logprobs == (token,)


def test_what_arrives_is_on_disk_within_a_second(make: Make) -> None:
    """Thoughts too. Much of it at the first look, little at the second."""
    bench = make(
        [
            (0.0, ReasoningDelta("Let me see. ")),
            (0.0, TextDelta("x" * WORTH_WRITING)),
            (0.8, TextDelta("y")),
            (9.0, _END),
        ]
    )
    bench.session.send("Go")
    bench.until(lambda: bench.session.state is STREAMING)
    began = time.monotonic()
    bench.until(lambda: bench.on_disk().messages[bench.last.id].text == "x" * WORTH_WRITING)
    assert time.monotonic() - began < 2 * JOURNAL_EVERY / 1000  # more than needed: the machine is shared
    assert bench.on_disk().messages[bench.last.id].reasoning == "Let me see. "
    bench.until(lambda: bench.on_disk().messages[bench.last.id].text.endswith("y"))


def test_a_failure_keeps_the_text_and_says_why(make: Make) -> None:
    bench = make([(0.0, TextDelta("Half")), (0.0, Failed(ServerFailed("It broke.")))])
    message = bench.ask()
    assert message.text == "Half"
    generation = message.generation
    assert generation is not None
    assert generation.finish is FinishReason.FAILED
    assert generation.problem is not None
    assert generation.problem.sentence == "It broke."
    assert bench.session.model.rows[-1].failed
    assert bench.on_disk().messages[message.id].text == "Half"


def test_a_retry_is_told_and_gone_with_the_first_word(make: Make) -> None:
    bench = make([(0.0, RetryScheduled(1, 2, 3.0, "Busy.")), (0.15, TextDelta("Hi")), (5.0, TextDelta("!"))])
    bench.session.send("Go")
    bench.until(lambda: bench.session.model.rows[-1].notice == "Busy. Trying again in 3 s (1 of 2)…")
    assert bench.session.state is WAITING
    bench.until(lambda: bench.session.state is STREAMING)
    assert bench.session.model.rows[-1].notice == ""


def test_stopping(make: Make) -> None:
    bench = make([(0.0, TextDelta("Some")), (60.0, TextDelta(" more"))])
    bench.session.stop()
    assert bench.states == []
    bench.session.send("Go")
    bench.until(lambda: bench.session.state is STREAMING)
    bench.session.stop()
    assert bench.session.state is IDLE
    assert bench.last.text == "Some"
    assert bench.last.generation is not None
    assert bench.last.generation.finish is FinishReason.STOPPED
    assert bench.on_disk().messages[bench.last.id].text == "Some"


def test_stopping_before_the_request_left(make: Make) -> None:
    bench = make(answer("never"))
    bench.session.send("Go")
    bench.session.stop()
    bench.on_disk()
    bench.bot.wait(20)
    assert bench.client.requests == []
    assert bench.states == [WAITING, IDLE]


def test_only_one_answer_at_a_time(make: Make) -> None:
    bench = make([(60.0, TextDelta("late"))])
    bench.session.send("one")
    bench.session.send("two")
    bench.session.regenerate(bench.last.id)
    bench.session.resend(next(iter(bench.session.conversation.messages)), "three")
    assert len(bench.session.conversation.messages) == 2
    bench.session.stop()


def test_nothing_is_asked_for_a_blank_prompt(make: Make) -> None:
    bench = make()
    bench.session.send("  \n ")
    assert bench.session.is_idle
    assert not bench.session.conversation.messages


def test_branches_are_kept(make: Make) -> None:
    bench = make(answer("first"), answer("second"), answer("third"))
    bench.ask("cats")
    first = bench.last
    bench.session.regenerate(first.id)
    bench.idle()
    bench.step_branch(-1)
    assert bench.last == first
    prompt = bench.session.conversation.parents[first.id]
    bench.session.resend(prompt, "dogs")
    bench.idle()
    assert [message.text for message in bench.session.conversation.path()] == ["dogs", "third"]
    loaded = bench.on_disk()
    assert [message.text for message in loaded.path()] == ["dogs", "third"]
    loaded.choose(first.id)
    assert [message.text for message in loaded.path()] == ["cats", "first"]
    assert len(loaded.messages) == 5
    assert [message.role for message in bench.client.requests[-1].messages] == [Role.USER]


def test_the_first_branch_has_none_before_it(make: Make) -> None:
    bench = make(answer("x"))
    bench.ask()
    last = bench.last
    bench.step_branch(-1)
    bench.step_branch(1)
    assert bench.last == last


def test_what_is_set_is_kept(make: Make) -> None:
    bench = make(answer("x"))
    session = bench.session
    session.set_parameter("temperature", 0.5)
    session.set_parameter("top_p", 0.5)
    session.unset_parameter("top_p")
    bench.ask()
    session.set_system_prompt("Be brief.")
    session.set_about(title="My name")
    session.set_draft("half")
    loaded = bench.on_disk()
    assert loaded.parameters == {"temperature": 0.5}
    assert (loaded.system_prompt, loaded.title, loaded.draft) == ("Be brief.", "My name", "half")
    assert loaded.titled_by_user
    session.unset_all()
    assert bench.on_disk().parameters == {}


def test_an_unused_conversation_leaves_no_file(make: Make) -> None:
    bench = make()
    bench.session.set_draft("   ")
    bench.session.close()
    bench.disk.stop()
    assert not bench.paths.conversations.exists() or not list(bench.paths.conversations.iterdir())


@pytest.mark.parametrize("prepare", ["parameter", "system prompt", "title"])
def test_what_was_prepared_for_a_first_prompt_is_kept(make: Make, prepare: str) -> None:
    bench = make()
    session = bench.session
    if prepare == "parameter":
        session.set_parameter("temperature", 0.5)
    elif prepare == "title":
        session.set_about(title="Plans")
    else:
        session.set_system_prompt("Be brief.")
    kept = bench.on_disk()
    said = (session.conversation.parameters, session.conversation.system_prompt, session.conversation.title)
    assert (kept.parameters, kept.system_prompt, kept.title) == said
    assert any(said)


def test_the_words_reach_the_disk_while_they_arrive(make: Make) -> None:
    bench = make([(0.0, TextDelta("one ")), (0.05, TextDelta("two ")), (60.0, TextDelta("three"))])
    bench.session.send("Go")
    bench.until(lambda: bench.session.state is STREAMING)
    name = bench.session.conversation.id

    def kept() -> bool:
        text = b"".join(path.read_bytes() for path in bench.paths.conversations.glob(f"{name}*"))
        return b"one " in text and b"two " in text

    bench.bot.waitUntil(kept, timeout=1000)
    bench.session.stop()


def test_a_folder_that_can_not_be_written_is_told_and_the_answer_comes(make: Make) -> None:
    bench = make(answer("Still here"))
    bench.paths.conversations.parent.mkdir(parents=True, exist_ok=True)
    bench.paths.conversations.write_text("a file where the folder should be")
    assert bench.ask().text == "Still here"
    assert bench.troubles
    assert all("Traceback" not in trouble for trouble in bench.troubles)


def test_typing_makes_ready(make: Make) -> None:
    bench = make(answer("x"))
    bench.session.prepare()
    bench.ask()
    assert len(bench.client.requests) == 1
