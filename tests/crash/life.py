"""One data folder through several runs of the program, each ended by a kill."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from coderapp.storage.paths import Paths
from tests.crash.checking import Findings, Found, compare, compare_older, damaged_copies, keep, read
from tests.crash.ledger import GRACE_S, Ledger
from tests.crash.making import make_large, make_older
from tests.crash.server import WordServer
from tests.helpers.desktop import keep_profile, openai_profile

ROOT = Path(__file__).parents[2]

START_S = 25.0
"""A program that has not begun to work after this time has failed."""

FLOWING_PART = 0.8
"""Of the runs go on until an answer flows, on a busy machine too, before the time to the kill begins."""

FLOWING_S = 6.0
"""Seconds that this is waited for: nothing may flow, where the user stops everything at once."""

RUN = 100_000
"""Requests that a run may number."""


@dataclass
class Outcome:
    """Of one kill, or of an end in good order. `did` counts what the user did by then."""

    how: str
    findings: Findings = field(default_factory=Findings)
    did: str = ""
    asked: int = 0
    ended: int = 0


class Running:
    """The program as a process; what it reports goes to a ledger."""

    def __init__(self, folder: Path, ledger: Ledger, *arguments: object) -> None:
        self._ledger = ledger
        self._errors = (folder.parent / "stderr.txt").open("a+", encoding="utf-8")
        self._began = self._errors.seek(0, os.SEEK_END)
        self._fault: Exception | None = None
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONFAULTHANDLER": "1"}
        command = [sys.executable, "-m", "tests.crash.child", str(folder), *map(str, arguments)]
        self.was_alive = True
        self.said = ""
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        self._reports = (folder.parent / "reports.jsonl").open("a", encoding="utf-8")
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self._reports:
            for line in self.process.stdout:
                self._reports.write(line)
                try:
                    self._ledger.take(line)
                except Exception as error:  # noqa: BLE001 - raised where it is heard: in `end`
                    self._fault = self._fault or error

    def wait_for(self, phase: str, seconds: float = START_S) -> bool:
        """False where the process ended before, or did not come to it in that time."""
        deadline = time.monotonic() + seconds
        while phase not in self._ledger.phases:
            if self.process.poll() is not None or time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True

    def kill(self) -> float:
        """The monotonic time of it. `was_alive` says whether there was something to kill."""
        killed = time.monotonic()
        self.was_alive = self.process.poll() is None
        self.process.kill()
        self.end()
        return killed

    def end(self) -> str:
        """Waits for the end; what it wrote to stderr."""
        try:
            self.process.wait(START_S)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self._reader.join()
            assert self.process.stdout is not None
            self.process.stdout.close()
        self._errors.seek(self._began)
        self.said = self._errors.read()
        self._errors.close()
        if self._fault is not None:
            raise self._fault
        return self.said


class Life:
    """`folder` gets the data folder, a copy to look into, what the program writes to stderr, and what it reports."""

    def __init__(
        self, folder: Path, server: WordServer, seed: int, *, large: bool, older: bool = False, grace: float = GRACE_S
    ) -> None:
        """`large`: with a conversation of ten thousand messages; `older`: with some of format version 1."""
        self.folder = folder
        self._random = random.Random(seed)
        self._server = server
        self._paths = Paths.under(folder / "data")
        self._ledger = Ledger(grace)
        self._run = 0
        keep_profile(self._paths, openai_profile(server.url, name="Mine"))
        made = [make_large(self._paths)] if large else []
        if older:
            made += make_older(self._paths, self._ledger.older)
        keep(Found({conversation.id: conversation for conversation in made}), self._ledger)

    def kill_once(self) -> Outcome:
        """A run, its kill, and what is there then."""
        how = self._random.choices(("work", "start", "close"), (80, 10, 10))[0]
        running = self._start()
        if how == "start":
            time.sleep(self._random.uniform(0.0, 1.2))
            killed = running.kill()
        else:
            if not running.wait_for("working"):
                return self._failed(how, running)
            if self._random.random() < FLOWING_PART:
                running.wait_for("flowing", FLOWING_S)
            time.sleep(self._random.choice((self._random.uniform(0.05, 1.0), self._random.uniform(0.5, 3.0))))
            if how == "close":
                running.process.send_signal(signal.SIGTERM)
                time.sleep(self._random.uniform(0.0, 0.25))
            killed = running.kill()
        if how != "close" and not running.was_alive:
            return self._failed("check", running, f"ended by itself with {running.process.returncode}: {running.said}")
        return self._check(how, killed)

    def end_well(self) -> Outcome:
        """A run that is ended by SIGTERM in mid-work: then nothing at all may be missing. Then one that only looks."""
        running = self._start()
        if not running.wait_for("working"):
            return self._failed("end", running)
        running.wait_for("flowing", FLOWING_S)
        time.sleep(self._random.uniform(0.0, 1.0))
        running.process.send_signal(signal.SIGTERM)
        errors = running.end()
        if "closed" not in self._ledger.phases or running.process.returncode:
            return self._failed("end", running, errors)
        # As if it had been killed long after: everything is old enough to be there.
        outcome = self._check("end", time.monotonic() + 10)
        if not outcome.findings.sentences:
            self._look(outcome)
        return outcome

    def _look(self, outcome: Outcome) -> None:
        """The whole program lists what is there."""
        self._ledger.begin()
        looking = Running(self._paths.root, self._ledger, "look", 0)
        errors = looking.end()
        listed = set(self._ledger.registers.pop("listed", [(0.0, [])])[0][1])
        found = read(self._paths, self.folder / "copy", outcome.findings)
        if missing := set(found.conversations) - listed:
            outcome.findings.unreadable.append(f"not in the list: {sorted(missing)}")
        if errors_of(errors):
            outcome.findings.unreadable.append(errors_of(errors))

    def _start(self) -> Running:
        self._run += 1
        self._ledger.begin()
        self._server.answers.clear()
        return Running(self._paths.root, self._ledger, self._random.getrandbits(32), self._run * RUN)

    def _check(self, how: str, killed: float) -> Outcome:
        ledger = self._ledger
        words = sum(len(sent.words) + len(sent.thoughts) for sent in self._server.answers.values())
        done = f"{len(ledger.asked)} asked, {words} pieces sent, {len(ledger.ended)} ended, {ledger.sets} set"
        outcome = Outcome(how, Findings(grace=ledger.grace), done, len(ledger.asked), len(ledger.ended))
        found = read(self._paths, self.folder / "copy", outcome.findings)
        compare(found, self._ledger, dict(self._server.answers), killed, outcome.findings)
        compare_older(self._paths, self._ledger, outcome.findings)
        for path in damaged_copies(self._paths):
            if path.suffixes[0] != ".journal":
                outcome.findings.unreadable.append(str(path))
        errors = (self.folder / "stderr.txt").read_text(encoding="utf-8")
        if errors_of(errors):
            outcome.findings.unreadable.append(errors_of(errors))
        return outcome

    def _failed(self, how: str, running: Running, errors: str = "") -> Outcome:
        outcome = Outcome(how)
        running.process.kill()
        errors = errors or running.end()
        outcome.findings.unreadable.append(f"the program did not come as far as it should: {errors[-2000:]}")
        return outcome


def errors_of(errors: str) -> str:
    """What a program should not have written to stderr."""
    return errors[-3000:] if "Traceback" in errors or "Fatal" in errors or "ERROR" in errors else ""
