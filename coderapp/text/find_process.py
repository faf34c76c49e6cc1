"""Regular expressions in a process of their own.

Some expressions take exponential time on some texts, and while Python's engine works no other thread of its process
runs. Here it works in another process, which ends itself at a deadline and can be killed at any time. This file is both
sides: run as a script it serves, and imports nothing of the program.
"""

from __future__ import annotations

import faulthandler
import itertools
import marshal
import os
import re
import subprocess
import sys
import threading
import warnings
import weakref
from collections.abc import Sequence
from typing import IO

DEADLINE = 3.0
"""Seconds for one call."""

PIECE = 1 << 18
"""Characters of a text that are sent at once."""

COMMAND = "find-process"
"""The program's argument that starts the serving side where Python itself can't be started: in a frozen program."""

_MEANINGS = {
    "unterminated character set": "a [ has no ] behind it",
    "missing ), unterminated subpattern": "a ( has no ) behind it",
    "unbalanced parenthesis": "a ) has no ( before it",
    "nothing to repeat": "there is nothing before this that could be repeated",
    "multiple repeat": "two repetitions follow each other",
    "min repeat greater than max repeat": "the least number of repetitions is greater than the most",
    "unknown extension": "this group is of no known kind",
    "look-behind requires fixed-width pattern": "what a look-behind looks for must have a fixed length",
    "bad escape (end of pattern)": "a \\ stands at the end",
}


class UnreadableExpression(Exception):
    """The sentence, without its full stop, says where and why."""


class TookTooLong(Exception):
    """The deadline passed, or the process was killed."""


def compiled(pattern: str, *, case: bool) -> re.Pattern[str]:
    """`^` and `$` stand for the ends of lines. Raises UnreadableExpression."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of constructs that may mean something else one day
            return re.compile(pattern, re.MULTILINE | (0 if case else re.IGNORECASE))
    except re.error as error:
        reason = next((words for known, words in _MEANINGS.items() if error.msg.startswith(known)), error.msg)
        where = "" if error.pos is None else f" at character {error.pos + 1}"
        raise UnreadableExpression(f"The expression can't be read{where}: {reason}") from error
    except (OverflowError, RecursionError, ValueError) as error:
        raise UnreadableExpression("The expression is too large") from error


class FindProcess:
    """Starts with the first search. One thread at a time; `kill` is for any other."""

    def __init__(self, pattern: str, *, case: bool, deadline: float | None = None) -> None:
        """Raises UnreadableExpression. `deadline` in seconds for one call of `find`, DEADLINE by default."""
        compiled(pattern, case=case)
        self._opening = (pattern, case, DEADLINE if deadline is None else deadline)
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = threading.Event()
        self._last_resort: weakref.finalize[..., FindProcess] | None = None

    def find(self, texts: Sequence[str], most: int) -> list[list[tuple[int, int]]]:
        """(start, end) of the matches that are not empty, at most `most` in each text. Raises TookTooLong, and OSError
        where no process can be started.
        """
        process = self._running()
        if process.stdin is None or process.stdout is None:
            raise TookTooLong
        try:
            # A long text goes in pieces: turning it into bytes at once would hold up the other threads.
            heads = [text if len(text) <= PIECE else -(-len(text) // PIECE) for text in texts]
            marshal.dump((heads, most), process.stdin)
            for text in texts:
                if len(text) > PIECE:
                    for start in range(0, len(text), PIECE):
                        marshal.dump(text[start : start + PIECE], process.stdin)
            process.stdin.flush()
            found: list[list[tuple[int, int]]] = marshal.load(process.stdout)
        except (EOFError, OSError, ValueError) as error:
            self.close()
            raise TookTooLong from error
        return found

    def kill(self) -> None:
        """What is under way ends with TookTooLong, and so does every later call."""
        # No lock, for nobody may wait here: either the process is seen, or the one who starts it sees the flag.
        self._killed.set()
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """Ends the process, which takes a few milliseconds; a later search starts another, unless it was killed."""
        process, self._process = self._process, None
        if self._last_resort is not None:
            self._last_resort.detach()
        if process is not None:
            _end(process)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._killed.is_set():
            raise TookTooLong
        if self._process is None:
            process = subprocess.Popen(
                command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
            self._last_resort = weakref.finalize(self, _end, process)
            self._process = process
            if self._killed.is_set():  # meanwhile
                process.kill()
            if process.stdin is not None:
                marshal.dump(self._opening, process.stdin)
        return self._process


def command() -> list[str]:
    """What starts the serving side."""
    if getattr(sys, "frozen", False):
        return [sys.executable, COMMAND]
    return [sys.executable, "-I", "-S", __file__]


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                continue  # what was not sent yet can't be any more


def serve(requests: IO[bytes], replies: IO[bytes]) -> None:
    """The other side: answers until `requests` ends. The process exits at the deadline of a call, by a thread of
    faulthandler's that needs no interpreter lock.
    """
    try:
        pattern, case, deadline = marshal.load(requests)
        expression = compiled(pattern, case=case)
        with open(os.devnull, "w") as nowhere:
            while True:
                heads, most = marshal.load(requests)
                texts = [
                    head if isinstance(head, str) else "".join(marshal.load(requests) for _ in range(head))
                    for head in heads
                ]
                faulthandler.dump_traceback_later(deadline, exit=True, file=nowhere)
                found = [_matches(expression, text, most) for text in texts]
                faulthandler.cancel_dump_traceback_later()
                marshal.dump(found, replies)
                replies.flush()
    except (EOFError, OSError):
        return  # the program has gone, or wants no more


def _matches(expression: re.Pattern[str], text: str, most: int) -> list[tuple[int, int]]:
    spans = (match.span() for match in expression.finditer(text))
    return list(itertools.islice((span for span in spans if span[0] < span[1]), most))


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
