"""The code blocks of a conversation as files, under the names that fences, headings and first lines give them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from coderapp.core.conversation import Conversation
from coderapp.core.exporting import ExportOptions
from coderapp.core.message import Role
from coderapp.exchange.exporters.names import Names, file_stem, safe_path
from coderapp.exchange.exporters.transcript import Entry, transcript
from coderapp.text.blocks import Block, CodeBlock, TextBlock
from coderapp.text.guess import guess_language
from coderapp.text.languages import fence, suggested_file_name

LONGEST_INTRODUCTION = 200
"""Characters of a paragraph that may name the file below it."""

_NAME = r"(?:[\w@.+()\[\]-]+[/\\])*(?:[\w@+()\[\]-][\w@.+()\[\]-]*\.[A-Za-z]\w{0,11}|Dockerfile|Makefile|Procfile)"
_ONLY = re.compile(rf"(?:\d+[.)]\s*)?(?:file(?:name)?:?\s*)?[`\"'*]*({_NAME})[`\"'*]*\s*:?", re.IGNORECASE)
_QUOTED = re.compile(rf"[`\"']({_NAME})[`\"']")
_COMMENT = re.compile(
    rf"\s*(?:#|//|--|;|%|/\*+|<!--|\{{/\*|\"\"\")\s*(?:file(?:name)?:\s*|path:\s*)?({_NAME})\s*(?:\*/\}}?|-->|\"\"\")?\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CodeFile:
    """`path` is relative, with slashes, and stays within its folder."""

    path: str
    text: str


def code_files(conversation: Conversation, options: ExportOptions, tick: Callable[[float], None]) -> list[CodeFile]:
    """Of every message that has code: in a folder for each, or in none where only one message has some. Attached files
    are not among them: whoever attached them has them.
    """
    sections = transcript(conversation, options)
    total = sum(len(section.entries) for section in sections) or 1
    digits = max(2, len(str(max((section.entries[-1].number for section in sections if section.entries), default=0))))
    folders: list[tuple[str, list[tuple[list[str], str]]]] = []
    taken = Names()
    prompt = ""
    done = 0
    for section in sections:
        for entry in section.entries:
            if entry.message.role is Role.USER:
                prompt = entry.message.text
            if found := list(_blocks(entry)):
                stem = f"{entry.number:0{digits}} {file_stem(_few_words(prompt) or entry.author)}"
                folders.append((taken.free("", stem), found))
            done += 1
            tick(done / total)
    files = []
    for folder, blocks in folders:
        names = Names()
        base = f"{folder}/" if len(folders) > 1 else ""
        for pieces, text in blocks:
            files.append(CodeFile(base + _placed(pieces, names), text))
    return files


def _blocks(entry: Entry) -> Iterator[tuple[list[str], str]]:
    number = 0
    for piece in entry.pieces:
        if not piece.is_words:
            continue
        above: Block | None = None
        for block in piece.blocks():
            if isinstance(block, CodeBlock) and any(line.strip() for line in block.lines):
                number += 1
                yield _path(block, above, number), "\n".join(block.lines) + "\n"
            above = block


def _path(block: CodeBlock, above: Block | None, number: int) -> list[str]:
    named = hinted_name(block, above)
    if named and (path := safe_path(named)):
        return path
    info = block.info or guess_language(block.lines)
    return [suggested_file_name(info, stem=f"snippet-{number}")]


def hinted_name(block: CodeBlock, above: Block | None) -> str:
    """What the fence, the first line or the paragraph above calls the file; "" where nothing names one."""
    if named := fence(block.info).file_name:
        return named
    first = next((line for line in block.lines if not line.startswith("#!")), "")
    if len(first) < LONGEST_INTRODUCTION and (match := _COMMENT.fullmatch(first)):
        return match[1]
    if isinstance(above, TextBlock) and len(above.text) <= LONGEST_INTRODUCTION:
        if match := _ONLY.fullmatch(above.text.strip()):
            return match[1]
        marked = [above.text[span.start : span.start + span.length] for span in above.spans]
        said = [text for text in marked if re.fullmatch(_NAME, text)]
        said = said or [match[1] for match in _QUOTED.finditer(above.text)]
        if len(said) == 1 and (above.level or above.text.rstrip().endswith(":")):
            return said[0]
    return ""


def _placed(pieces: Sequence[str], names: Names) -> str:
    """A free path. A folder that has the name of a file that is there gets another: no system has both."""
    folder = ""
    for piece in pieces[:-1]:
        folder += f"{names.folder(folder, piece)}/"
    stem, dot, suffix = pieces[-1].rpartition(".")
    if not stem:
        stem, dot, suffix = pieces[-1], "", ""
    return folder + names.free(folder, stem, dot + suffix)


def _few_words(prompt: str) -> str:
    words = re.findall(r"\w[\w.+#-]*", prompt[:200])[:6]
    return " ".join(words)[:40].strip(" .-")
