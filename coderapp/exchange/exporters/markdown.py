"""A conversation as Markdown: what models wrote stands as they wrote it, so that their code fences survive."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from coderapp.core.conversation import Conversation
from coderapp.core.exporting import ExportOptions
from coderapp.exchange.exporters.transcript import (
    Entry,
    Piece,
    models,
    moment,
    settings_facts,
    title_of,
    transcript,
)
from coderapp.text.blocks import TOP, CodeBlock, TextBlock

Tick = Callable[[float], None]

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_AT_MARGIN = re.compile(r"(?:(`{3,})[^`]*|(~{3,}).*)\Z")
_PROBE = "coderapp probe"
_SPECIAL = re.compile(r"([\\`*_\[\]<>#&~|$])")


def as_markdown(conversation: Conversation, options: ExportOptions, tick: Tick) -> str:
    """`tick` hears which part of the work is done, 0 to 1."""
    lines = [*_front_matter(conversation), "", f"# {_escaped(title_of(conversation))}", ""]
    if options.details:
        if conversation.system_prompt.strip():
            lines += ["**System prompt**", "", *_quoted(conversation.system_prompt), ""]
        if facts := settings_facts(conversation):
            lines += [f"*{_escaped(' · '.join(facts))}*", ""]
    sections = transcript(conversation, options)
    total = sum(len(section.entries) for section in sections) or 1
    done = 0
    for section in sections:
        if section.title:
            lines += ["---", "", f"# {section.title}", ""]
        for entry in section.entries:
            lines += _entry(entry)
            done += 1
            tick(done / total)
    return "\n".join(lines).rstrip("\n") + "\n"


def _front_matter(conversation: Conversation) -> Iterator[str]:
    """YAML, in which JSON's strings are strings too."""
    yield "---"
    yield f"title: {_yaml(title_of(conversation))}"
    for name, when in (("created", conversation.created), ("updated", conversation.updated)):
        if words := moment(when):
            yield f"{name}: {_yaml(words)}"
    if conversation.tags:
        yield f"tags: [{', '.join(_yaml(tag) for tag in conversation.tags)}]"
    if found := models(conversation):
        yield f"models: [{', '.join(_yaml(model) for model in found)}]"
    yield "---"


def _yaml(text: str) -> str:
    return json.dumps(text.encode("utf-8", "replace").decode(), ensure_ascii=False).replace("\x7f", "\\u007f")


def _entry(entry: Entry) -> Iterator[str]:
    about = " · ".join(filter(None, (entry.when, entry.version)))
    yield f"## {_escaped(entry.author)}{f' ({about})' if about else ''}"
    yield ""
    for piece in entry.pieces:
        yield from _piece(piece)
        yield ""
    if entry.ending:
        yield f"*{_escaped(entry.ending)}*"
        yield ""
    if entry.facts:
        yield f"*{_escaped(' · '.join(entry.facts))}*"
        yield ""


def _piece(piece: Piece) -> Iterator[str]:
    if piece.is_words:
        yield from closed(piece.source).split("\n")
        return
    yield f"**{_escaped(piece.title)}**"
    yield ""
    if piece.is_thought:
        yield from _quoted(piece.source)
        return
    from coderapp.text.excerpt import Excerpt
    from coderapp.text.render_markdown import as_markdown as blocks_as_markdown

    code = piece.code()
    info = f"{code.info} {piece.file_name}" if piece.file_name and " " not in piece.file_name else code.info
    yield blocks_as_markdown([Excerpt(CodeBlock(info, code.lines))])


def _quoted(text: str) -> Iterator[str]:
    for line in closed(text).split("\n"):
        yield f"> {line}".rstrip() if not line.strip() else f"> {line}"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def closed(text: str) -> str:
    """The text with its last fence closed, and nothing open that what follows could fall into."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    if _plainly_closed(text) or _ends(text):
        return text
    # Whatever opened it, the last mark that can be an opener is among these.
    for line in reversed(text.split("\n")):
        if (mark := _FENCE.match(line)) and _ends(f"{text}\n{mark[1]}"):
            return f"{text}\n{mark[1]}"
    return text


def _plainly_closed(text: str) -> bool:
    """Whether that can be told at a glance: every fence begins at the margin and is closed. Parsing takes longer."""
    if "```" not in text and "~~~" not in text:
        return True
    if "$$" in text or "\\[" in text:
        return False  # a formula may go over lines
    mark = ""
    for line in text.split("\n"):
        if "```" not in line and "~~~" not in line:
            continue
        match = _AT_MARGIN.match(line)
        if mark:
            rest = line.lstrip(" ")
            if len(line) - len(rest) < 4 and rest.startswith(mark) and not rest.rstrip(" \t").strip(mark[0]):
                mark = ""
        elif match is None:
            return False
        else:
            mark = match[1] or match[2]
    return not mark


def _ends(text: str) -> bool:
    """Whether a paragraph behind the text is one of its own."""
    from coderapp.text.stream import parse

    return parse(f"{text}\n\n{_PROBE}")[-1] == TextBlock(_PROBE, (), 0, TOP)
