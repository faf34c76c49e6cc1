"""`coderapp import`: conversations from files of other programs, and our own, without a window."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coderapp.app.loading import load_forms
from coderapp.core.errors import CoderappError, StorageError, in_words
from coderapp.exchange.importers.importing import Cancelled, Importer, Progress
from coderapp.exchange.importers.summary import Summary
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.lock import DataFolderLock
from coderapp.storage.paths import Paths
from coderapp.storage.staging import Staging, commit, recover


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="an export: JSON, JSONL, ZIP, or a folder of them")
    parser.add_argument("--folder", default="", metavar="NAME", help="put all of it into this folder of the list")
    parser.add_argument("--dry-run", action="store_true", help="say what would come in, and change nothing")
    parser.add_argument("--verbose", action="store_true", help="name every place where something was kept as raw text")
    parser.add_argument("--data-dir", metavar="DIR", default=argparse.SUPPRESS, help="keep everything in DIR")


def run(arguments: argparse.Namespace) -> int:
    """0 where something came in or was here before, 3 where a part of it did not; 1 with a sentence on stderr where
    nothing did."""
    try:
        load_forms()
        summary = _import(arguments)
    except (CoderappError, StorageError) as error:
        print(f"coderapp import: {in_words(error.sentence, error.advice)}", file=sys.stderr)
        return 1
    except (Cancelled, KeyboardInterrupt):
        print("coderapp import: stopped; nothing was imported.", file=sys.stderr)
        return 130
    print(summary.headline(done=not arguments.dry_run))
    for sentence in summary.details():
        print(sentence)
    if arguments.verbose:
        for place in summary.places:
            print(f"  {place}")
    if not (summary.anything or summary.duplicates):
        return 1
    return 3 if summary.faults else 0


def _import(arguments: argparse.Namespace) -> Summary:
    files = [Path(name).expanduser().absolute() for name in arguments.files]
    if missing := next((path for path in files if not path.exists()), None):
        raise CoderappError(f"There is no file {missing}.", advice="Check the name.")
    paths = Paths.under(arguments.data_dir)
    if arguments.dry_run:
        with tempfile.TemporaryDirectory(prefix="coderapp-import-") as apart:
            return _read(paths, Staging(Paths(Path(apart))), files, arguments.folder)
    with DataFolderLock(paths):
        return _take_in(paths, files, arguments.folder)


def _take_in(paths: Paths, files: list[Path], folder: str) -> Summary:
    store = ConversationStore(paths)
    recover(paths, store)
    staging = Staging(paths)
    try:
        summary = _read(paths, staging, files, folder)
        if summary.anything:
            staging.ready(summary.to_json())
            commit(paths, staging.job, store)
    finally:
        staging.discard_unless_committed()
        store.close()
    for problem in store.take_problems():
        print(f"coderapp import: {in_words(problem.sentence, problem.advice)}", file=sys.stderr)
    return summary


def _read(paths: Paths, staging: Staging, files: list[Path], folder: str) -> Summary:
    staging.begin()
    with _progress() as report:
        return Importer(paths, staging, folder=folder, report=report).run(files)


@contextmanager
def _progress() -> Iterator[_Line]:
    line = _Line()
    try:
        yield line
    finally:
        line.end()


class _Line:
    """A line on stderr that is written over, where somebody can see it."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._used = False

    def __call__(self, progress: Progress) -> None:
        if self._shown and progress.total:
            self._used = True
            share = 100 * progress.done // progress.total
            words = f"{share:3} %, {progress.conversations} conversations, {progress.file}"
            print(f"\r\x1b[K{words[:100]}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._used:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
