"""The snippets in `resources/snippets/`: what the built-in model has learnt, one file an answer.

A file is front matter (`key: value` lines between two `---`) and the whole answer in Markdown: an explanation, one
fenced block of code, a few bullets.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LOG = logging.getLogger(__name__)

FRAMEWORKS: dict[str, str] = {
    "html": "HTML",
    "tailwind": "Tailwind CSS",
    "svg": "SVG",
    "react": "React",
    "react-native": "React Native",
    "swiftui": "SwiftUI",
    "compose": "Jetpack Compose",
    "flutter": "Flutter",
    "qml": "QML",
    "python": "Python",
    "javascript": "JavaScript",
    "sql": "SQL",
    "shell": "shell",
}
"""Name in the front matter → name in a sentence."""

THEMES = ("light", "dark", "both", "none")

_FIELDS = ("title", "keywords", "framework", "language", "pattern", "theme", "file")
_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<info>[^\n`]*)\n(?P<code>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL)


class SnippetError(ValueError):
    """A file that is not in the library's format; the sentence says what and where."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """One answer. `body` is the file's Markdown as it stands, without the front matter and the last line's end.

    `body` is `explanation`, the fenced `code` (without its last line's end) and `notes`, in this order.
    """

    slug: str
    title: str
    keywords: tuple[str, ...]
    framework: str
    language: str
    pattern: str
    theme: str
    file: str
    body: str
    explanation: str
    code: str
    notes: str

    @property
    def label(self) -> str:
        """How the snippet is named in a list: the title, and the framework where the title does not say it."""
        name = FRAMEWORKS[self.framework]
        return self.title if name.casefold() in self.title.casefold() else f"{self.title} ({name})"

    def suits(self, theme: str) -> bool:
        """Whether it can be shown for that theme, "" being any."""
        return theme in ("", self.theme) or self.theme == "both"


def parse_snippet(text: str, slug: str) -> Snippet:
    """A file's text as a snippet; `slug` is `framework/name` and stands in errors. Raises SnippetError."""
    text = text.replace("\r\n", "\n")
    if not text.startswith("---\n"):
        raise SnippetError(f"{slug}: the first line must be ---")
    head, mark, body = text[4:].partition("\n---\n")
    if not mark:
        raise SnippetError(f"{slug}: the front matter does not end with ---")
    fields: dict[str, str] = {}
    for number, line in enumerate(head.split("\n"), 2):
        key, colon, value = line.partition(":")
        if not colon or key.strip() not in _FIELDS:
            raise SnippetError(f"{slug}: line {number} is not one of {', '.join(_FIELDS)}")
        fields[key.strip()] = value.strip()
    for name in _FIELDS:
        if not fields.get(name):
            raise SnippetError(f"{slug}: {name} is missing")
    if fields["framework"] not in FRAMEWORKS:
        raise SnippetError(f"{slug}: framework must be one of {', '.join(FRAMEWORKS)}, got {fields['framework']}")
    if fields["theme"] not in THEMES:
        raise SnippetError(f"{slug}: theme must be one of {', '.join(THEMES)}, got {fields['theme']}")
    body = body.strip("\n")
    blocks = list(_FENCE.finditer(body))
    if len(blocks) != 1:
        raise SnippetError(f"{slug}: there must be one fenced block of code, found {len(blocks)}")
    block = blocks[0]
    explanation = body[: block.start()].strip("\n")
    if not explanation:
        raise SnippetError(f"{slug}: the explanation before the code is missing")
    return Snippet(
        slug=slug,
        title=fields["title"],
        keywords=tuple(word.strip() for word in fields["keywords"].split(",") if word.strip()),
        framework=fields["framework"],
        language=fields["language"],
        pattern=fields["pattern"],
        theme=fields["theme"],
        file=fields["file"],
        body=body,
        explanation=explanation,
        code=block["code"].removesuffix("\n"),
        notes=body[block.end() :].strip("\n"),
    )


def _files(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.glob("*/*.md")))


def load_library(folder: Path) -> tuple[Snippet, ...]:
    """All snippets below `folder`, sorted by path. A damaged file is left out and named in the log.

    Raises SnippetError where not one can be read: a model with nothing learnt has nothing to say.
    """
    snippets = []
    for path in _files(folder):
        slug = f"{path.parent.name}/{path.stem}"
        try:
            snippets.append(parse_snippet(path.read_text(encoding="utf-8"), slug))
        except (SnippetError, UnicodeDecodeError) as error:
            _LOG.warning(
                "left out of the library: %s", error if isinstance(error, SnippetError) else f"{slug}: {error}"
            )
    if not snippets:
        raise SnippetError(f"there is no snippet in {folder}; the installation is not complete")
    return tuple(snippets)
