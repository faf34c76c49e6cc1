"""The project's commands: python3 packaging/dev.py COMMAND

    setup             system libraries, .venv, the locked dependencies
    run [ARG ...]     opens the window, or makes a picture of it where there is no display; ARGs go to coderapp
    test [ARG ...]    every check; with ARGs only the tests, and the ARGs go to pytest
    lock [--upgrade]  renews the lock files after a change of pyproject.toml; --upgrade takes newer versions

Each command sets up what it needs, which takes no time when it is there already.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

OLDEST, NEWEST = (3, 11), (3, 13)
PICTURE = "coderapp-window.png"
PICTURE_PROMPT = "A login form in HTML and CSS"
WINDOWLESS = frozenset({"snapshot", "serve", "doctor", "-h", "--help", "--version"})
"""What coderapp does without a display."""


def main(arguments: list[str]) -> int:
    """Runs the command and returns the exit code."""
    # Only this file has to load on other Pythons: the rest is imported once it is clear that it can be.
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        here = ".".join(map(str, sys.version_info[:2]))
        typed = " ".join(["packaging/dev.py", *arguments])
        print(f"coderapp needs Python 3.11, 3.12 or 3.13; this is {here}. Try: python3.12 {typed}", file=sys.stderr)
        return 1
    from dev_console import Stop

    try:
        return _dispatch(arguments)
    except Stop as stop:
        sys.stdout.flush()
        print(stop, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


def has_display(platform: str, env: Mapping[str, str]) -> bool:
    """Whether a window can be shown: always on macOS and Windows, elsewhere if a display server is named."""
    return platform in ("darwin", "win32") or bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY"))


def program_arguments(arguments: list[str], *, display: bool) -> list[str]:
    """The arguments for coderapp: those given, or those that make a picture where a window cannot be shown."""
    if display or not WINDOWLESS.isdisjoint(arguments):
        return arguments
    return ["snapshot", "--prompt", PICTURE_PROMPT, "--out", PICTURE, *arguments]


def _dispatch(arguments: list[str]) -> int:
    import dev_checks
    import dev_environment
    import dev_locks
    import dev_system
    from dev_console import Stop, say

    command, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    if command == "run" or arguments == ["setup"]:
        dev_system.ensure("run")
        dev_environment.ensure("run")
        if command == "run":
            return _run(rest)
        say("Ready. Next: python3 packaging/dev.py run")
    elif command == "test":
        dev_system.ensure("test")
        dev_environment.ensure("test")
        dev_checks.run_all(rest)
    elif command == "lock" and rest in ([], ["--upgrade"]):
        dev_locks.renew(upgrade=bool(rest))
    elif command in ("help", "-h", "--help"):
        say((__doc__ or "").strip())
    else:
        raise Stop(f"There is no such command: {' '.join(arguments)}\n\n{(__doc__ or '').strip()}")
    return 0


def _run(arguments: list[str]) -> int:
    from dev_console import ROOT, say
    from dev_environment import python_path

    passed_on = program_arguments(arguments, display=has_display(sys.platform, os.environ))
    command = [str(python_path()), "-m", "coderapp", *passed_on]
    if passed_on == arguments:
        if sys.platform == "win32":
            return subprocess.call(command)
        sys.stdout.flush()
        os.execv(command[0], command)
    say("There is no display here: making a picture of the window instead.")
    code = subprocess.call(command, cwd=ROOT)
    if code == 0:
        say(f"The picture is {ROOT / PICTURE}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
