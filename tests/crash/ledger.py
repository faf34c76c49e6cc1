"""What the program under test said that the user did, and what has to be on disk after a kill.

Everything that can be set is a register: a name like `draft:<conversation>` and the values that it got, each with its
time. After a kill a register holds the value it had a second before, or a later one.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from coderapp.core.message import Message

GRACE_S = 1.0
"""The promise: what is older than this outlives the kill. A crowded machine may be given more."""

IMPORTED = 60
"""Conversations of an import."""

BEFORE = 0.0
"""The time of what was there when the program began."""

Value = Any  # of JSON


def checksum(text: str) -> str:
    return f"{len(text)}-{zlib.crc32(text.encode('utf-8', 'surrogatepass')):08x}"


def about(message: Message) -> list[Any]:
    """What belongs to a finished answer besides its words, as JSON."""
    generation = message.generation
    if generation is None:
        return [checksum(message.reasoning)]
    usage = generation.usage
    return [checksum(message.reasoning), generation.finish, generation.model, usage.input_tokens, usage.output_tokens]


@dataclass(slots=True)
class Asked:
    """A prompt that was sent, or an answer that was asked for again (then `text` is None)."""

    when: float
    conversation: str
    prompt: str
    answer: str
    text: str | None


@dataclass(slots=True)
class Ended:
    """An answer that ended on screen. `about` is None where that was not told."""

    when: float
    checksum: str
    about: list[Any] | None = None


@dataclass
class Ledger:
    """`asked` and `ended` are by the number of the request, for the run under way; `kept` says what messages were on
    disk after an earlier kill or an end, and where they hung, by (conversation, message). `older` are files of earlier
    versions of the format, by conversation.
    """

    grace: float = GRACE_S
    registers: dict[str, list[tuple[float, Value]]] = field(default_factory=dict)
    asked: dict[int, Asked] = field(default_factory=dict)
    ended: dict[int, Ended] = field(default_factory=dict)
    kept: dict[tuple[str, str], str] = field(default_factory=dict)
    older: dict[str, bytes] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    phases: dict[str, float] = field(default_factory=dict)
    sets: int = 0

    def begin(self) -> None:
        """Another run."""
        self.asked.clear()
        self.ended.clear()
        self.notices.clear()
        self.phases.clear()
        self.sets = 0

    def take(self, line: str) -> None:
        """One report of the program."""
        try:
            report = json.loads(line)
        except ValueError:
            return  # cut off by the kill
        when, kind = report["t"], report["kind"]
        if kind == "set":
            self.sets += 1
            self.registers.setdefault(report["name"], []).append((when, report["value"]))
        elif kind == "asked":
            self.asked[report["n"]] = Asked(
                when, report["conversation"], report["prompt"], report["answer"], report["text"]
            )
        elif kind == "ended":
            self.ended[report["n"]] = Ended(when, report["checksum"], report.get("about"))
        elif kind == "notice":
            self.notices.append(report["words"])
        else:
            self.phases[kind] = when

    def allowed(self, name: str, killed: float) -> list[Value]:
        """What a register may hold after a kill."""
        history = self.registers[name]
        due: list[Value] = [value for when, value in history if when <= killed - self.grace]
        later = [value for when, value in history if when > killed - self.grace]
        if name.startswith("imported:") and due[-1:] != [IMPORTED]:
            later.append(IMPORTED)  # it may have come in before that was told; in part it may not
        return due[-1:] + later

    def settle(self, name: str, value: Value) -> None:
        """What it holds now is where the next run begins."""
        self.registers[name] = [(BEFORE, value)]
