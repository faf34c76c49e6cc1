"""`python -m tests.crash --kills N [--seed S] [--at-once 2] [--grace 1] [--keep]`.

Progress goes to stderr; the last line of stdout is one JSON object. Any loss gives exit code 1; the data folder is then
kept and named.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.checking import Findings
from tests.crash.ledger import GRACE_S
from tests.crash.life import Life, Outcome
from tests.crash.server import word_server

KILLS_A_FOLDER = 6

LARGE_PART = 0.15
"""Of the folders have a conversation of ten thousand messages."""


OLDER_PART = 0.25
"""Of the folders have conversations of format version 1."""

MANY = 20
"""Kills, after which something must have been asked and answered: else nothing was looked at."""


@dataclass
class Tally:
    """What all kills came to."""

    kills: int = 0
    prompts: int = 0
    finished: int = 0
    unreadable: int = 0
    settings: int = 0
    drafts: int = 0
    late: int = 0
    torn: int = 0
    asked: int = 0
    ended: int = 0
    lost_text: list[float] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        found = outcome.findings
        self.kills += outcome.how not in ("end", "check")
        for kind in ("prompts", "finished", "unreadable", "settings", "drafts", "late"):
            setattr(self, kind, getattr(self, kind) + len(getattr(found, kind)))
        self.torn += found.torn
        self.asked += outcome.asked
        self.ended += outcome.ended
        self.lost_text.append(found.lost_text_s)

    @property
    def losses(self) -> int:
        return self.prompts + self.finished + self.unreadable + self.settings + self.drafts + self.late

    @property
    def is_vacuous(self) -> bool:
        """Whether so many kills have looked at nothing."""
        return self.kills >= MANY and not (self.asked and self.ended)

    def as_json(self) -> str:
        return json.dumps(
            {
                "kills": self.kills,
                "lost_prompts": self.prompts,
                "lost_finished": self.finished,
                "max_lost_text_s": round(max(self.lost_text, default=0.0), 3),
                "unreadable": self.unreadable,
                "lost_settings": self.settings,
                "lost_drafts": self.drafts,
                "late": self.late,
                "torn_last_lines": self.torn,
                "asked": self.asked,
                "ended": self.ended,
            }
        )


class Work:
    """Kills in several folders, some at a time."""

    def __init__(self, kills: int, seed: int, top: Path, *, at_once: int, grace: float, keep: bool) -> None:
        self.tally = Tally()
        self._kills = kills
        self._seed = seed
        self._top = top
        self._keep = keep
        self._grace = grace
        self._each = min(KILLS_A_FOLDER, -(-kills // at_once))
        self._at_once = at_once
        self._begun = 0
        self._folders = 0
        self._lock = threading.Lock()
        self._began = time.monotonic()

    def run(self) -> None:
        """Until all kills are done, or something was lost, or no more of them come about."""
        while True:
            before = self.tally.kills
            workers = [threading.Thread(target=self._work) for _ in range(self._at_once)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            if self.tally.losses or not before < self.tally.kills < self._kills:
                return
            self._begun = self.tally.kills

    def _take(self) -> tuple[int, int]:
        """(kills to do, number of the folder)."""
        with self._lock:
            todo = min(self._each, self._kills - self._begun)
            self._begun += todo
            self._folders += 1
            return todo, self._folders

    def _work(self) -> None:
        while (taken := self._take())[0]:
            try:
                self._live(*taken)
            except Exception:  # noqa: BLE001 - as for a check: see below
                self._tell(_failed(), self._top / f"folder-{taken[1]}")

    def _live(self, kills: int, number: int) -> None:
        seed = self._seed * 10_000 + number
        chance = random.Random(seed)
        folder = self._top / f"folder-{number}"
        folder.mkdir()
        large, older = chance.random() < LARGE_PART, chance.random() < OLDER_PART
        with word_server(seed) as server:
            life = Life(folder, server, seed, large=large, older=older, grace=self._grace)
            steps = [life.kill_once] * kills + [life.end_well] * (chance.random() < 0.5)
            lost = False
            for step in steps:
                try:
                    outcome = step()
                except Exception:  # noqa: BLE001 - a check that fails has not found that nothing is lost
                    outcome = _failed()
                lost = lost or bool(outcome.findings.sentences)
                self._tell(outcome, folder)
                if lost:
                    break  # the folder is kept as it is
        if not lost and not self._keep:
            shutil.rmtree(folder)

    def _tell(self, outcome: Outcome, folder: Path) -> None:
        with self._lock:
            self.tally.add(outcome)
            seconds = time.monotonic() - self._began
            about = f"{self.tally.kills:4} of {self._kills}, {seconds:4.0f} s, {folder.name}, in {outcome.how}"
            print(
                f"{about}: {outcome.did}; lost text {outcome.findings.lost_text_s:.2f} s", file=sys.stderr, flush=True
            )
            for sentence in outcome.findings.sentences:
                print(f"    LOST {sentence}\n    in {folder}", file=sys.stderr, flush=True)


def _failed() -> Outcome:
    return Outcome("check", Findings(unreadable=[f"the check failed: {traceback.format_exc()}"]))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.crash", description="Kills the program and looks for losses."
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None, help="repeats an earlier run, as far as the machine does")
    parser.add_argument("--at-once", type=int, default=2, help="programs that run at a time")
    parser.add_argument("--grace", type=float, default=GRACE_S, help="seconds that a kill may take along (default 1)")
    parser.add_argument("--keep", action="store_true", help="keep the data folders also where nothing was lost")
    given = parser.parse_args(arguments)
    seed = secrets.randbelow(100_000) if given.seed is None else given.seed
    print(f"seed {seed}", file=sys.stderr)
    top = Path(tempfile.mkdtemp(prefix="coderapp-crash-"))
    work = Work(given.kills, seed, top, at_once=given.at_once, grace=given.grace, keep=given.keep)
    work.run()
    if work.tally.losses:
        print(f"Repeat it with --seed {seed}; the data folders are in {top}.", file=sys.stderr)
    elif given.keep:
        print(f"The data folders are in {top}.", file=sys.stderr)
    else:
        shutil.rmtree(top)
    print(work.tally.as_json())
    if work.tally.is_vacuous:
        print("Nothing was asked and answered: these kills show nothing.", file=sys.stderr)
    done = work.tally.kills == given.kills and not work.tally.losses and not work.tally.is_vacuous
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
