"""A conversation as plain text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from coderapp.core.conversation import Conversation
from coderapp.core.exporting import ExportOptions
from coderapp.exchange.exporters.transcript import (
    Entry,
    moment,
    settings_facts,
    title_of,
    transcript,
)
from coderapp.text.excerpt import Excerpt, as_plain

_WIDTH = 78


def as_text(conversation: Conversation, options: ExportOptions, tick: Callable[[float], None]) -> str:
    """`tick` hears which part of the work is done, 0 to 1."""
    title = title_of(conversation)
    lines = [title, "=" * min(len(title), _WIDTH), ""]
    if when := moment(conversation.created):
        lines += [when, ""]
    if options.details:
        if conversation.system_prompt.strip():
            lines += ["System prompt:", conversation.system_prompt.strip(), ""]
        if facts := settings_facts(conversation):
            lines += [" · ".join(facts), ""]
    sections = transcript(conversation, options)
    total = sum(len(section.entries) for section in sections) or 1
    done = 0
    for section in sections:
        if section.title:
            lines += ["=" * _WIDTH, section.title, ""]
        for entry in section.entries:
            lines += _entry(entry)
            done += 1
            tick(done / total)
    return "\n".join(lines).rstrip("\n") + "\n"


def _entry(entry: Entry) -> Iterator[str]:
    head = " · ".join(filter(None, (entry.author, entry.when, entry.version)))
    yield head
    yield "-" * min(len(head), _WIDTH)
    yield ""
    for piece in entry.pieces:
        if piece.title:
            yield f"[{piece.title}]"
        yield as_plain(Excerpt(block) for block in piece.blocks())
        yield ""
    for words in (entry.ending, " · ".join(entry.facts)):
        if words:
            yield f"({words})"
            yield ""
