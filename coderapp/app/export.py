"""`coderapp export`: conversations as files of other kinds, without a window, also while one is open."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from coderapp.app.loading import load_forms
from coderapp.core.conversation import Conversation
from coderapp.core.errors import CoderappError, in_words
from coderapp.core.exporting import ExportDone, ExportFormat, ExportOptions
from coderapp.exchange.exporters.names import default_name
from coderapp.exchange.exporters.run import export
from coderapp.exchange.exporters.source import Source
from coderapp.storage.errors import UnknownConversation
from coderapp.storage.paths import Paths

PART = 3
"""The exit code where something is exported and something is not."""

STEP_S = 0.1
"""Seconds between two reports of how far it is."""

_SUFFIXES = {form.suffix: form for form in ExportFormat if form is not ExportFormat.CODE}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", metavar="ID", help="conversations, by the ids that --list shows")
    parser.add_argument("--all", action="store_true", help="every conversation")
    parser.add_argument("--list", action="store_true", help="print id, time of the last change and title of each")
    parser.add_argument(
        "--format", choices=[form.value for form in ExportFormat], help="by default as --out ends, else markdown"
    )
    parser.add_argument(
        "--out",
        metavar="PATH",
        help="the file; for several conversations a new folder, or an archive where it ends with .zip; - for the"
        " standard output (default: a file in this folder, named after the title)",
    )
    parser.add_argument("--branches", action="store_true", help="every branch, not only the one that is shown")
    parser.add_argument("--reasoning", action="store_true", help="with what models thought aloud")
    parser.add_argument("--details", action="store_true", help="with the system prompt, parameters, tokens and times")
    parser.add_argument("--data-dir", metavar="DIR", default=argparse.SUPPRESS, help="the data folder to read")
    parser.add_argument("--job", action="store_true", help=argparse.SUPPRESS)  # for the window: see qt/export_process


def run(arguments: argparse.Namespace) -> int:
    """0, PART, 1 where nothing was exported, 2 where the command makes no sense, 130 after Ctrl+C."""
    if arguments.job:
        return _run_job(sys.stdin.read())
    signal.signal(signal.SIGTERM, _on_terminate)
    try:
        load_forms()
        source = Source(Paths.under(arguments.data_dir))
        if arguments.list:
            return _list(source)
        return _export(arguments, source)
    except CoderappError as error:
        print(f"coderapp export: {in_words(error.sentence, error.advice)}", file=sys.stderr)
        return 2 if isinstance(error, _Usage) else 1
    except KeyboardInterrupt:
        print("\ncoderapp export: Stopped; nothing was written.", file=sys.stderr)
        return 130


def _on_terminate(number: int, frame: object) -> None:
    raise SystemExit(128 + number)  # what is half-written is removed on the way out


class _Usage(CoderappError):
    pass


def _list(source: Source) -> int:
    for head in source.list():
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(head.updated))
        print(f"{head.id}\t{when}\t{_printable(head.title)}")
    return 0


def _printable(text: str) -> str:
    """One line that the terminal can show, whatever its encoding."""
    line = " ".join(text.split())
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return line.encode(encoding, "replace").decode(encoding)


def _export(arguments: argparse.Namespace, source: Source) -> int:
    if arguments.ids and arguments.all:
        raise _Usage("Ids and --all exclude each other.", advice="Give one of them.")
    heads = {head.id: head for head in source.list()} if arguments.all else {}
    ids = list(dict.fromkeys(heads if arguments.all else arguments.ids))
    if not ids and not arguments.all:
        raise _Usage("There is nothing to export yet.", advice="Name conversations, or say --all; --list shows them.")
    form = _format(arguments)
    options = ExportOptions(form, arguments.branches, arguments.reasoning, arguments.details)
    _check_ids(source, ids)
    if arguments.out == "-":
        return _to_stdout(source, ids, options)
    several = arguments.all or len(ids) > 1
    target = _target(arguments.out, source, "" if several else ids[0], form)
    done = export(source, ids, target, options, several=several, pdf=_pdf(form), formula=_formula, progress=_progress())
    _clear_progress()
    kind = "code file" if form is ExportFormat.CODE else "conversation"
    print(f"Exported {done.written:,} {kind}{'s' * (done.written != 1)}.", file=sys.stderr)
    print(_printable(done.path))
    return _told(done)


def _told(done: ExportDone) -> int:
    for problem in done.problems:
        print(f"coderapp export: {problem}", file=sys.stderr)
    return PART if done.problems else 0


def _check_ids(source: Source, ids: Sequence[str]) -> None:
    """One that is misspelt is told before anything is done."""
    if len(ids) > 1:
        known = {head.id for head in source.list()}
        if missing := [name for name in ids if name not in known]:
            raise UnknownConversation(f"There is no conversation {missing[0]}.", advice="--list shows what there is.")


def _format(arguments: argparse.Namespace) -> ExportFormat:
    if arguments.format:
        return ExportFormat(arguments.format)
    return _SUFFIXES.get(Path(arguments.out or "").suffix.lower(), ExportFormat.MARKDOWN)


def _target(out: str | None, source: Source, single: str, form: ExportFormat) -> Path:
    """Where it goes; `single` is the id of the one conversation, "" for several. Names that were not given are free."""
    path = Path(os.path.abspath(os.path.expanduser(out))) if out else Path.cwd()
    if out and not (single and path.is_dir()):
        return path
    title = source.read(single).conversation.title if single else ""
    name = default_name(title, form, time.strftime("%Y-%m-%d"), several=not single)
    stem, suffix = os.path.splitext(name)
    number = 1
    while (free := path / name).exists():
        number += 1
        name = f"{stem}-{number}{suffix}"
    return free


def _to_stdout(source: Source, ids: Sequence[str], options: ExportOptions) -> int:
    if len(ids) != 1 or options.format in (ExportFormat.PDF, ExportFormat.CODE):
        raise _Usage(
            "Only one conversation, and no PDF or archive, goes to the standard output.", advice="Give --out PATH."
        )
    import tempfile

    with tempfile.TemporaryDirectory(prefix="coderapp-") as folder:
        target = Path(folder, f"out{options.format.suffix}")
        done = export(
            source,
            ids,
            target,
            options,
            several=False,
            pdf=_pdf(options.format),
            formula=_formula,
            progress=lambda *_: None,
        )
        data = target.read_bytes()
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # as when `head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return _told(done)


def _progress() -> Callable[[float, str], None]:
    """A line on stderr that is written over, where somebody sees it."""
    if not sys.stderr.isatty():
        return lambda part, name: None
    last = 0.0

    def show(part: float, name: str) -> None:
        nonlocal last
        if time.monotonic() - last >= STEP_S:
            last = time.monotonic()
            print(f"\r\033[K{part:4.0%}  {_printable(name)[:60]}", end="", file=sys.stderr, flush=True)

    return show


def _clear_progress() -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


PdfMaker = Callable[[Conversation, ExportOptions, Callable[[float], None]], bytes]


def _pdf(form: ExportFormat) -> PdfMaker:
    """What makes PDFs. It needs Qt, but no display."""

    def unused(conversation: Conversation, options: ExportOptions, tick: Callable[[float], None]) -> bytes:
        raise AssertionError("not a PDF")

    if form is not ExportFormat.PDF:
        return unused
    from coderapp.qt.pdf import as_pdf, use_fonts

    use_fonts()
    return _held(as_pdf)


def _held(work: PdfMaker) -> PdfMaker:
    """The same, with the signals that end the program waiting for the next step: between two calls of a painter they
    would take away what it paints on.
    """

    def made(conversation: Conversation, options: ExportOptions, tick: Callable[[float], None]) -> bytes:
        caught: list[int] = []
        before = {
            number: signal.signal(number, lambda number, frame: caught.append(number))
            for number in (signal.SIGINT, signal.SIGTERM)
        }

        def step(part: float) -> None:
            if caught:
                raise _Ended
            tick(part)

        try:
            return work(conversation, options, step)
        except _Ended:
            return b""  # the signal says the rest
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            if caught:
                signal.raise_signal(caught[0])

    return made


class _Ended(Exception):
    pass


def _formula(tex: str, display: bool) -> str:
    """Imports what draws formulas when there is one."""
    from coderapp.qt.formula_svg import formula_svg

    return formula_svg(tex, display)


# for the window


def _run_job(text: str) -> int:
    """A job from the window (see qt/export_process): JSON on stdin, a line of JSON for each step on stdout."""
    if hasattr(os, "nice"):
        os.nice(5)  # the window comes first
    job = json.loads(text)
    unsaved: Mapping[str, str] = job["unsaved"]
    source = Source(Paths.under(job["data_dir"]), {name: data.encode() for name, data in unsaved.items()})
    last = 0.0

    def progress(part: float, name: str) -> None:
        nonlocal last
        if time.monotonic() - last >= STEP_S:
            last = time.monotonic()
            _say({"part": round(part, 4), "name": name})

    try:
        form = ExportFormat(job["format"])
        options = ExportOptions(form, job["branches"], job["reasoning"], job["details"])
        ids = job["ids"] or [head.id for head in source.list()]
        done = export(
            source,
            ids,
            Path(job["target"]),
            options,
            several=len(job["ids"]) != 1,
            pdf=_pdf(form),
            formula=_formula,
            progress=progress,
            begun=lambda path: _say({"temporary": str(path)}),
        )
    except CoderappError as error:
        _say({"sentence": error.sentence, "advice": error.advice})
        return 1
    _say({"path": done.path, "written": done.written, "problems": list(done.problems)})
    return 0


def _say(value: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()
