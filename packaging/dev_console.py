"""What the developer sees: sentences, commands that run in view, and how a command ends early."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_TAIL_BYTES = 1 << 16


class Stop(Exception):
    """Ends the command with exit code 1 and this sentence, which says what happened and what to do next."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended. ``tail`` is the end of what it printed, at most 64 KB of it."""

    code: int
    seconds: float
    tail: str
    timed_out: bool = False


def say(sentence: str) -> None:
    """Prints to stdout; goes silent, but lets the command go on, once nobody reads that any more."""
    try:
        print(sentence, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def shown(command: Sequence[str]) -> str:
    """The command as one would type it from the project's root, paths inside it relative."""
    prefix = str(ROOT) + os.sep
    return shlex.join(word.removeprefix(prefix) for word in command)


def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    limit_s: float = 3600,
    quiet: bool = False,
    sweep: bool = False,
) -> Outcome:
    """Runs a command in the project's root, its output passed on as it comes unless ``quiet``.

    It and all that it started are killed after ``limit_s`` seconds and when the developer interrupts; with
    ``sweep`` what it left running is killed also when it ended by itself.

    Raises:
        Stop: The command cannot be started.
    """
    started = time.monotonic()
    try:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise Stop(f"{command[0]} could not be started ({error.strerror}): {shown(command)}") from error
    tail = bytearray()
    reader = threading.Thread(target=_pass_on, args=(process, tail, quiet), daemon=True)
    reader.start()
    timed_out = False
    try:
        code = process.wait(limit_s)
        if sweep:
            _kill(process)
    except subprocess.TimeoutExpired:
        timed_out = True
        _kill(process)
        code = process.wait()
    except BaseException:
        _kill(process)
        raise
    reader.join(5)  # not for ever: a daemon that was started may hold the pipe open
    return Outcome(code, time.monotonic() - started, bytes(tail).decode(errors="replace"), timed_out)


def _pass_on(process: subprocess.Popen[bytes], tail: bytearray, quiet: bool) -> None:
    assert process.stdout is not None
    with process.stdout as stream:
        while chunk := os.read(stream.fileno(), 8192):
            tail += chunk
            del tail[:-_TAIL_BYTES]
            if quiet:
                continue
            try:
                sys.stdout.buffer.write(chunk)
                sys.stdout.buffer.flush()
            except BrokenPipeError:  # nobody reads on: the command goes on all the same
                quiet = True


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kills the process and, where there are process groups, what it left running."""
    if sys.platform == "win32":
        if process.poll() is None:
            process.kill()
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # nobody is left


def last_line(text: str) -> str:
    """The last line with anything in it, or a word that there was none."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
