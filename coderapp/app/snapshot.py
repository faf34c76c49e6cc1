"""`coderapp snapshot`: a prompt through the real window, with a picture and the conversation as files."""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path

from coderapp.core import parameters
from coderapp.core.errors import CoderappError, in_words
from coderapp.core.message import JsonValue


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--prompt", required=True, metavar="TEXT", help="what to ask")
    parser.add_argument("--out", required=True, metavar="window.png", help="where the picture goes")
    parser.add_argument("--json", metavar="conversation.json", help="where the conversation goes")
    parser.add_argument(
        "--profile",
        metavar="NAME|URL",
        help="who answers (default: the built-in endpoint); the key for an address is taken from CODERAPP_API_KEY",
    )
    parser.add_argument("--model", metavar="M", help="which of the server's models")
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="a parameter; may be repeated")
    parser.add_argument("--system", metavar="TEXT", help="a system prompt")
    parser.add_argument("--size", default="1280x800", metavar="WxH", help="the window's size (default 1280x800)")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--scroll", choices=("end", "top"), default="end", help="which end of the conversation to show")
    parser.add_argument("--timeout", type=float, default=600.0, metavar="S", help="give up after S seconds")
    parser.add_argument("--data-dir", metavar="DIR", default=argparse.SUPPRESS, help="keep everything in DIR")


def parse_size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{3,5})[x×](\d{3,5})", text)
    if not match:
        raise CoderappError(f"The size {text} can't be read; write it like 1280x800.")
    return int(match[1]), int(match[2])


def parse_sets(pairs: list[str]) -> dict[str, JsonValue]:
    """`NAME=VALUE` pairs, checked against the table. Raises ParameterError or CoderappError."""
    found: dict[str, JsonValue] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise CoderappError(f"--set {pair} can't be read; write NAME=VALUE.")
        row = parameters.row_named(name.strip())
        found[row.name] = row.parse(text)
    return found


def run(arguments: argparse.Namespace) -> int:
    """0, or 1 with one sentence on stderr."""
    try:
        _take(arguments)
    except CoderappError as error:
        print(f"coderapp snapshot: {in_words(error.sentence, error.advice)}", file=sys.stderr)
        return 1
    return 0


def _take(arguments: argparse.Namespace) -> None:
    size = parse_size(arguments.size)
    values = parse_sets(arguments.set)
    if not arguments.prompt.strip():
        raise CoderappError("The prompt is empty.", advice="Give some text with --prompt.")
    for target in (arguments.out, arguments.json):
        if target and not Path(target).absolute().parent.is_dir():
            raise CoderappError(f"The folder of {target} does not exist.")
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if arguments.data_dir:
        _run_in(arguments, arguments.data_dir, size, values)
        return
    # Without a folder of its own it must not meddle with the user's conversations.
    with tempfile.TemporaryDirectory(prefix="coderapp-") as folder:
        _run_in(arguments, folder, size, values)


def _run_in(arguments: argparse.Namespace, folder: str, size: tuple[int, int], values: dict[str, JsonValue]) -> None:
    from coderapp.app.choosing import choose_profile
    from coderapp.app.program import Program, make_application
    from coderapp.app.shot import Shot
    from coderapp.storage.paths import Paths
    from coderapp.storage.profiles import ProfileStore

    paths = Paths.under(folder)
    profile, known = choose_profile(arguments.profile or "built-in", ProfileStore(paths).load().profiles)
    if arguments.model:
        values = {**values, "model": arguments.model}
    for name in values:
        if profile.kind not in parameters.BY_NAME[name].accepted_by:
            raise CoderappError(
                f"{profile.kind.label} takes no {name}.", advice="Leave it out, or choose another profile."
            )
    application = make_application(sys.argv)
    program = Program(paths, extra_profile=None if known else profile, fresh=True, pace=0)
    shot = Shot(program, profile.id, size, arguments.theme)
    shot.finished.connect(application.quit)
    program.begin()
    shot.start(arguments, values)
    application.exec()
    program.end()
    if shot.fault is not None:
        raise shot.fault
