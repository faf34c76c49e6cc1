"""A program that ends between any two steps on disk, and one that is killed for real."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coderapp.core.conversation import Conversation
from coderapp.core.message import FinishReason, Generation, Message, Role, TextPart
from coderapp.storage.conversations import ConversationStore, copied
from coderapp.storage.migrations import NEW_IN_2
from coderapp.storage.paths import Paths
from coderapp.storage.records import extended, interrupted, streaming
from coderapp.storage.trash import Trash

ONE = "20261122-170355-ab12cd"


class Dead(BaseException):
    """The program ended here: nothing of it happens any more."""


@dataclass(slots=True)
class Mortal:
    """Counts the steps on disk and dies at one of them; a write that it dies in has been done by half."""

    last_step: int
    steps: int = 0

    def step(self) -> bool:
        """Whether this is the last."""
        self.steps += 1
        if self.steps > self.last_step:
            raise Dead
        return self.steps == self.last_step


CHANGING = ("fsync", "ftruncate", "link", "mkdir", "rename", "replace", "rmdir", "truncate", "unlink")


@contextmanager
def mortal(last_step: int) -> Iterator[Mortal]:
    """Within, every call that changes the disk is a step."""
    life = Mortal(last_step)
    real: dict[str, Callable[..., Any]] = {name: getattr(os, name) for name in (*CHANGING, "open", "close", "write")}
    opened: set[int] = set()

    def changing(name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            last = life.step()
            result = real[name](*arguments, **options)
            if last:
                raise Dead
            return result

        return call

    def open_(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        if flags & os.O_CREAT:
            life.step()
        descriptor: int = real["open"](path, flags, *arguments, **options)
        opened.add(descriptor)
        return descriptor

    def close(descriptor: int) -> None:
        opened.discard(descriptor)
        real["close"](descriptor)

    def write(descriptor: int, data: bytes) -> int:
        if life.step():
            real["write"](descriptor, bytes(data)[: len(data) // 2])
            raise Dead
        written: int = real["write"](descriptor, data)
        return written

    for name in CHANGING:
        setattr(os, name, changing(name))
    os.open, os.close, os.write = open_, close, write  # type: ignore[assignment]
    try:
        yield life
    finally:
        for name, function in real.items():
            setattr(os, name, function)
        for descriptor in opened:
            os.close(descriptor)


# what a store is asked to do, and what the conversation then is

Step = tuple[str, int]
ACTS = (
    *("ask", "answer", "append", "append", "append", "finish", "set", "choose", "fold", "settle", "reopen", "trash"),
    *("organise", "star", "rewrite"),
)
steps = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 5)), max_size=14)


def perform(store: ConversationStore, model: Conversation, step: Step) -> Conversation:
    """Does the step to the store and, apart from it, to a copy of the model."""
    act, number = step
    after = copied(model)
    messages = list(model.messages.values())
    identity = f"m{len(messages)}"
    parent = "" if not messages or number == 0 else messages[number % len(messages)].id
    growing = [message for message in messages if streaming(message)]
    if act == "ask":
        message = Message(identity, Role.USER, (TextPart(f"Prompt {identity} 😀"),), float(len(messages)))
        after.add(message, parent=parent)
        store.add_message(ONE, message, parent)
    elif act == "answer":
        message = Message(identity, Role.ASSISTANT, (), float(len(messages)), Generation(model="m"))
        after.add(message, parent=parent)
        store.add_message(ONE, message, parent, sync=bool(number % 2))
    elif act == "append" and growing:
        message = growing[number % len(growing)]
        text = f"piece {number} of text "
        after.update(extended(message, text, reasoning=number == 5))
        store.append_text(ONE, message.id, text, reasoning=number == 5)
    elif act == "finish" and growing:
        message = growing[number % len(growing)]
        if number > 3:
            message = extended(message, "tail")
        message = replace(message, generation=Generation(model="m", finish=FinishReason.STOP, duration=1.5))
        after.update(message)
        store.update_message(ONE, message)
    elif act == "set":
        fields: dict[str, Any] = {"draft": f"draft {number}", "parameters": {"top_p": number}, "title": f"t{number}"}
        for name, value in fields.items():
            setattr(after, name, value)
        store.set_fields(ONE, **fields)
    elif act == "organise":
        order: dict[str, Any] = {"folder": f"f{number}", "pinned": number > 2, "archived": number == 5}
        for name, value in order.items():
            setattr(after, name, value)
        after.tags = (f"tag {number}", "é")
        store.set_fields(ONE, **order, tags=[*after.tags])
    elif act == "star" and messages:
        starred = messages[number % len(messages)].id
        (after.starred.add if number % 2 else after.starred.discard)(starred)
        store.star(ONE, starred, bool(number % 2))
    elif act == "rewrite":
        after.draft = f"whole {number}"
        store.rewrite(after)
    elif act == "choose" and messages:
        after.choose(messages[number % len(messages)].id)
        store.choose(ONE, messages[number % len(messages)].id)
    elif act == "fold":
        store.fold(ONE)
    elif act == "settle":
        store.settle(ONE)
    elif act == "reopen":
        after = ended(after)
        store.release(ONE)
        store.load(ONE)
    elif act == "trash":
        store.restore(store.delete(ONE))
        after = ended(after)
    return after


def ended(conversation: Conversation) -> Conversation:
    """What the next start makes of it."""
    after = copied(conversation)
    for message in list(after.messages.values()):
        if streaming(message):
            after.update(interrupted(message))
    return after


def survivor(paths: Paths) -> Conversation:
    """What the next start finds; a conversation that was under way to the trash is taken out of it."""
    store = ConversationStore(paths)
    heads = store.list()
    if not heads:
        rows = Trash(paths.conversations, paths.trash).folders()
        (trashed,) = [row for row in rows if os.listdir(paths.trash / row.folder)]
        heads = [store.restore(trashed)]
    assert [head.id for head in heads] == [ONE]
    conversation = store.load(ONE)
    assert heads[0].message_count == len(conversation)
    told = [problem.sentence for problem in store.take_problems()]
    assert all("its last change was cut off in mid-write" in sentence for sentence in told), told
    store.close()
    assert not (paths.conversations / f"{ONE}.journal").exists()
    assert ConversationStore(paths).load(ONE) == conversation
    return conversation


def begun(folder: str, *, of_version_1: bool) -> tuple[ConversationStore, Conversation]:
    """A store with one conversation, whose file may be of the first version of the format."""
    paths = Paths.under(folder)
    store = ConversationStore(paths)
    model = Conversation(ONE, 5.0, title="first")
    store.create(model)
    if of_version_1:
        store.close()
        path = paths.conversations / f"{ONE}.json"
        value = json.loads(path.read_bytes()) | {"version": 1}
        path.write_text(json.dumps({name: item for name, item in value.items() if name not in NEW_IN_2}))
        store = ConversationStore(paths)
    return store, model


def live(
    folder: str, plan: list[Step], last_step: int, *, of_version_1: bool = False
) -> tuple[int, list[Conversation]]:
    """Performs the plan until it is through or dead; the steps on disk, and the last two states of the model."""
    store, model = begun(folder, of_version_1=of_version_1)
    states = [model]
    with mortal(last_step) as life:
        try:
            for step in plan:
                # the state after a step counts as soon as the step has begun: it may be on disk
                states.append(_planned(model, step))
                model = perform(store, model, step)
                states[-1] = model
        except Dead:
            return life.steps, states[-2:]
    return life.steps, states[-1:]


def _planned(model: Conversation, step: Step) -> Conversation:
    return perform(_Nobody(), model, step)  # type: ignore[arg-type]


class _Nobody:
    """Takes every call and does nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


@settings(max_examples=150)
@given(steps, st.floats(0, 1), st.booleans())
def test_a_program_that_ends_anywhere_leaves_the_state_before_or_after(
    plan: list[Step], where: float, of_version_1: bool
) -> None:
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=base) as whole:
        total, states = live(whole, plan, 10**9, of_version_1=of_version_1)
        assert survivor(Paths.under(whole)) == ended(states[-1])
    if not total:
        return
    with tempfile.TemporaryDirectory(dir=base) as cut:
        _, states = live(cut, plan, 1 + int(where * (total - 1)), of_version_1=of_version_1)
        assert survivor(Paths.under(cut)) in [ended(state) for state in states]


def test_every_step_of_one_plan(folder: Path) -> None:
    plan: list[Step] = [
        *(("ask", 0), ("answer", 1), ("append", 1), ("append", 5), ("append", 2), ("finish", 4), ("settle", 0)),
        *(
            ("ask", 2),
            ("answer", 3),
            ("append", 1),
            ("fold", 0),
            ("append", 1),
            ("set", 3),
            ("trash", 0),
            ("reopen", 0),
        ),
    ]
    total, _ = live(str(folder / "whole"), plan, 10**9)
    assert total > 30
    for last_step in range(1, total + 1):
        _, states = live(str(folder / str(last_step)), plan, last_step)
        assert survivor(Paths.under(folder / str(last_step))) in [ended(state) for state in states], last_step


WRITER = """
import random, sys, time
from coderapp.core.conversation import Conversation
from coderapp.core.message import FinishReason, Generation, Message, Role, TextPart
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.paths import Paths
from dataclasses import replace
one, seed = sys.argv[2], sys.argv[3]
store = ConversationStore(Paths.under(sys.argv[1]))
chance = random.Random(seed)
if not any(head.id == one for head in store.list()):
    store.create(Conversation(one, 1.0))
def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\\n")
    sys.stdout.flush()
say("ready")
turn = 0
while True:
    turn += 1
    prompt, answer = f"p{seed}-{turn}", f"a{seed}-{turn}"
    store.add_message(one, Message(prompt, Role.USER, (TextPart("word " * chance.randrange(60)),), time.time()))
    say("prompt", prompt)
    store.add_message(one, Message(answer, Role.ASSISTANT, (), time.time(), Generation(started=time.time())))
    length = 0
    for _ in range(chance.randrange(40)):
        piece = "x" * chance.randrange(1, 200)
        store.append_text(one, answer, piece)
        length += len(piece)
        say("text", answer, length)
    generation = Generation(finish=FinishReason.STOP, duration=1.0)
    parts = (TextPart("x" * length),) if length else ()
    store.update_message(one, Message(answer, Role.ASSISTANT, parts, time.time(), generation))
    say("finished", answer, length)
    store.fold(one) if chance.random() < 0.3 else store.settle(one)
    store.set_fields(one, draft=f"after {turn}")
"""


@pytest.mark.slow
def test_twenty_real_kills(tmp_path: Path) -> None:
    chance = random.Random(7)
    promised: dict[str, int] = {}
    finished: dict[str, int] = {}
    for kill in range(20):
        command = [sys.executable, "-c", WRITER, str(tmp_path), ONE, str(kill)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(chance.randrange(2, 300))]
            os.kill(writer.pid, signal.SIGKILL)
            lines += writer.stdout.readlines()
        assert lines[0] == "ready\n"
        for line in lines[1:]:
            kind, identity, *length = line.split()
            promised[identity] = int(length[0]) if length else 0
            if kind == "finished":
                finished[identity] = promised[identity]
        store = ConversationStore(Paths.under(tmp_path))
        (head,) = store.list()
        assert head.id == ONE
        messages = store.load(ONE).messages
        assert store.take_problems() == []
        assert promised.keys() <= messages.keys()
        for identity, size in promised.items():
            if identity.startswith("a"):
                generation = messages[identity].generation
                assert generation is not None
                assert len(messages[identity].text) >= size
                if identity in finished:
                    assert generation.finish is FinishReason.STOP
                    assert messages[identity].text == "x" * size
                else:
                    assert generation.finish in (FinishReason.STOP, FinishReason.INTERRUPTED)
    assert len(finished) > 20
