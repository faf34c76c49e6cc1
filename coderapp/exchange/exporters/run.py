"""An export from beginning to end: reads one conversation after another, writes each, makes it count at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from coderapp.core.conversation import Conversation
from coderapp.core.errors import CoderappError, StorageError
from coderapp.core.exporting import ExportDone, ExportFormat, ExportOptions
from coderapp.exchange.exporters.names import Names, file_stem
from coderapp.exchange.exporters.source import Source
from coderapp.exchange.exporters.targets import Archive, Folder, OneFile, Target
from coderapp.exchange.exporters.transcript import moment, title_of
from coderapp.storage.document import Document

Tick = Callable[[float], None]
Render = Callable[[Conversation, ExportOptions, Tick], bytes]
"""Makes a file of a conversation; the last argument hears which part of the work is done."""

MOST_TOLD = 20
"""Problems that are told one by one."""


class NothingToExport(StorageError):
    default_advice = "Choose other conversations, or another format."


def export(
    source: Source,
    ids: Sequence[str],
    target: Path,
    options: ExportOptions,
    *,
    several: bool,
    pdf: Render,
    formula: Callable[[str, bool], str] | None = None,
    progress: Callable[[float, str], None],
    begun: Callable[[Path], None] = lambda _: None,
) -> ExportDone:
    """Exports the conversations to `target`: one to that file; with `several`, however many there are, to a ZIP archive
    (where the name ends so) or to a new folder. `progress` hears which part is done, 0 to 1, and of which
    conversation; whatever it raises ends the export without a trace. `begun` hears where the work is done until it
    counts. `pdf` makes PDFs and `formula` draws formulas for pages: they need Qt, which is not known here.

    Raises StorageError where nothing could be exported.
    """
    if not ids:
        raise NothingToExport("There is no conversation to export.", advice="Write one first.")
    run = _Run(source, options, pdf, formula, not several)
    goal = _goal(target, single=not several and options.format is not ExportFormat.CODE)
    try:
        begun(goal.temporary)
        for number, conversation_id in enumerate(ids):
            run.one(goal, conversation_id, lambda part, name, done=number: progress((done + part) / len(ids), name))  # type: ignore[misc]
        if not run.written:
            raise run.failure()
        run.index(goal)
    except BaseException:
        goal.abandon()
        raise
    goal.finish()
    return ExportDone(str(goal.path), run.written, tuple(run.told()))


def _goal(target: Path, *, single: bool) -> Target:
    if single:
        return OneFile(target)
    return Archive(target) if target.suffix.lower() == ".zip" else Folder(target)


class _Run:
    def __init__(
        self,
        source: Source,
        options: ExportOptions,
        pdf: Render,
        formula: Callable[[str, bool], str] | None,
        single: bool,
    ) -> None:
        self._formula = formula
        self.written = 0
        self._source = source
        self._options = options
        self._pdf = pdf
        self._single = single
        self._names = Names()
        if not single:
            self._names.free("", "index", ".html")  # the page that leads to the others
        self._rows: list[tuple[str, str, str]] = []
        self._problems: list[str] = []
        self._last: CoderappError | None = None

    def one(self, goal: Target, conversation_id: str, tick: Callable[[float, str], None]) -> None:
        try:
            document = self._source.read(conversation_id)
        except StorageError as error:
            if self._single:
                raise
            self._last = error
            self._problems.append(f"{conversation_id} is not in the export: {error.sentence}")
            return
        title = title_of(document.conversation)
        if document.complaints:
            self._problems.append(f"“{title}” is damaged and was exported as far as it can be read.")
        tick(0.0, title)
        when = document.conversation.updated or document.conversation.created
        if self._options.format is ExportFormat.CODE:
            self._put_code(goal, document, when, lambda part: tick(part, title))
            return
        data = self._render(document, lambda part: tick(part, title))
        name = self._names.free("", file_stem(title), self._options.format.suffix)
        goal.put(name, data, when)
        self._rows.append((name, title, moment(when)))
        self.written += 1

    def _render(self, document: Document, tick: Tick) -> bytes:
        conversation, options = document.conversation, self._options
        match options.format:
            case ExportFormat.JSON:
                from coderapp.exchange.exporters.json_file import as_json

                return as_json(document)
            case ExportFormat.HTML:
                from coderapp.exchange.exporters.html import as_html

                return _utf8(as_html(conversation, options, tick, self._formula))
            case ExportFormat.PDF:
                return self._pdf(conversation, options, tick)
            case ExportFormat.TEXT:
                from coderapp.exchange.exporters.plain import as_text

                return _utf8(as_text(conversation, options, tick))
            case _:
                from coderapp.exchange.exporters.markdown import as_markdown

                return _utf8(as_markdown(conversation, options, tick))

    def _put_code(self, goal: Target, document: Document, when: float, tick: Tick) -> None:
        from coderapp.exchange.exporters.code import code_files

        found = code_files(document.conversation, self._options, tick)
        if not found:
            return
        folder = "" if self._single else f"{self._names.free('', file_stem(title_of(document.conversation)))}/"
        for file in found:
            goal.put(folder + file.path, _utf8(file.text), when)
        self.written += len(found)

    def index(self, goal: Target) -> None:
        """The page that leads to the others."""
        if self._options.format is not ExportFormat.HTML or self._single:
            return
        from coderapp.exchange.exporters.html import as_index

        name = "index.html"
        goal.put(name, _utf8(as_index(self._rows)), 0.0)

    def failure(self) -> CoderappError:
        if self._last is not None:
            return self._last
        return NothingToExport("There is no code block in what was to be exported.")

    def told(self) -> list[str]:
        if len(self._problems) <= MOST_TOLD:
            return self._problems
        rest = len(self._problems) - MOST_TOLD
        return [*self._problems[:MOST_TOLD], f"{rest} more could not be exported, or only in part."]


def _utf8(text: str) -> bytes:
    """Halves of characters, which no file can hold, become question marks."""
    return text.encode("utf-8", "replace")
