"""What can be exported, in which form: the values that the dialog, the command and the exporters share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ExportFormat(StrEnum):
    """Has a `label`, the `suffix` of its files and a `note` for who chooses."""

    MARKDOWN = "markdown"
    HTML = "html"
    PDF = "pdf"
    TEXT = "text"
    JSON = "json"
    CODE = "code"

    @property
    def label(self) -> str:
        return _ROWS[self][0]

    @property
    def suffix(self) -> str:
        """With its dot. Of the files of code it is that of the archive they go to."""
        return _ROWS[self][1]

    @property
    def note(self) -> str:
        return _ROWS[self][2]

    @property
    def is_prose(self) -> bool:
        """Made for people: what of a conversation goes in can be chosen."""
        return self not in (ExportFormat.JSON, ExportFormat.CODE)


_ROWS = {
    ExportFormat.MARKDOWN: ("Markdown", ".md", "Text with its code fences as the model wrote them."),
    ExportFormat.HTML: (
        "Web page (HTML)",
        ".html",
        "One file with highlighted code, light and dark, fit for printing.",
    ),
    ExportFormat.PDF: ("PDF", ".pdf", "Pages with highlighted code; long lines are wrapped, fonts are embedded."),
    ExportFormat.TEXT: ("Plain text", ".txt", "The words alone, without marks."),
    ExportFormat.JSON: ("JSON (coderapp)", ".json", "Everything there is, with all branches; can be imported again."),
    ExportFormat.CODE: ("Code blocks as files", ".zip", "Each code block as a file of its own, in a ZIP archive."),
}


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """`branches`: every branch instead of the one that is shown. `reasoning`: what models thought aloud. `details`: the
    system prompt, parameters, tokens and times. They say nothing to JSON, which holds everything.
    """

    format: ExportFormat = ExportFormat.MARKDOWN
    branches: bool = False
    reasoning: bool = False
    details: bool = False


@dataclass(frozen=True, slots=True)
class ExportDone:
    """`path` is what was made, with `written` conversations, or files of code. `problems` are sentences about what is
    not in it, or only in part.
    """

    path: str
    written: int
    problems: tuple[str, ...] = ()
