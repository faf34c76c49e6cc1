"""Files that go along with a prompt: their fences, names and sizes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.core import attachments
from coderapp.core.attachments import as_fenced, free_name, longest_run, prompt_parts, shown_name, text_for_model
from coderapp.core.conversation import Conversation, with_text
from coderapp.core.message import FilePart, Message, ReasoningPart, Role, TextPart

NOTES = FilePart("notes.txt", "text/plain", "one\ntwo\n")


def prompt(*parts: TextPart | FilePart | ReasoningPart) -> Message:
    return Message("m", Role.USER, parts)


def test_files_come_first_then_the_words() -> None:
    assert prompt_parts("Why?", [NOTES]) == (NOTES, TextPart("Why?"))
    assert prompt_parts("Why?") == (TextPart("Why?"),)
    assert prompt_parts(" \n", [NOTES]) == (NOTES,)
    message = prompt(NOTES, TextPart("Why?"))
    assert (message.text, message.files) == ("Why?", (NOTES,))
    assert text_for_model(message) == "File: notes.txt\n```\none\ntwo\n```\n\nWhy?"
    assert text_for_model(prompt(NOTES)) == "File: notes.txt\n```\none\ntwo\n```"
    assert text_for_model(prompt(TextPart("Why?"))) == "Why?"
    two = text_for_model(prompt(NOTES, FilePart("b", "text/plain", ""), TextPart("x")))
    assert two == "File: notes.txt\n```\none\ntwo\n```\n\nFile: b\n```\n\n```\n\nx"


@given(st.text(st.sampled_from("`~a\n"), max_size=60) | st.text(max_size=60))
def test_nothing_in_a_file_closes_its_fence(text: str) -> None:
    runs = [len(run) for run in re.findall("`+", text)]
    assert longest_run(text, "`") == max(runs, default=0)
    heading, fence, rest = as_fenced(FilePart("f", "text/plain", text)).split("\n", 2)
    assert heading == "File: f"
    assert set(fence) == {"`"}
    assert len(fence) >= 3
    assert fence not in text
    assert rest.endswith(fence)
    body = rest.removesuffix(fence)
    assert body in (text, text + "\n")
    assert body.endswith("\n")


def test_a_run_of_a_million_is_found_quickly() -> None:
    assert longest_run("x" + "`" * 1_000_000 + "y", "`") == 1_000_000


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a.py", "a.py"), ("a\n```\nb", "a ``` b"), ("\u202egpj.exe", "gpj.exe"), ("", "unnamed"), ("\t", "unnamed")],
)
def test_names_stand_in_one_line(name: str, shown: str) -> None:
    assert shown_name(name) == shown


def test_a_long_name_keeps_its_ends() -> None:
    shown = shown_name("a" * 300 + "z" * 300 + ".py")
    assert len(shown) == 200
    assert shown.startswith("aaa")
    assert shown.endswith("z.py")


def test_names_that_are_taken_get_a_number() -> None:
    assert free_name("a.txt", []) == "a.txt"
    assert free_name("a.txt", ["a.txt"]) == "a-2.txt"
    assert free_name("a.txt", ["a.txt", "a-2.txt"]) == "a-3.txt"
    assert free_name("Makefile", ["Makefile"]) == "Makefile-2"
    assert free_name(".bashrc", [".bashrc"]) == ".bashrc-2"


def test_sizes_and_lines() -> None:
    words = [attachments.size_words(count) for count in (0, 1, 999, 1000, 999_949, 999_950, 10_000_000)]
    assert words == ["0 bytes", "1 byte", "999 bytes", "1.0 KB", "999.9 KB", "1.0 MB", "10.0 MB"]
    assert [attachments.byte_count(text) for text in ("", "ab", "ä", "😀", "\ud83d")] == [0, 2, 2, 4, 3]
    assert [attachments.line_count(text) for text in ("", "a", "a\n", "a\nb", "\n\n")] == [0, 1, 1, 2, 2]


def test_a_conversation_is_called_after_its_file_where_there_are_no_words() -> None:
    only_file = Conversation("c", 0.0)
    only_file.add(prompt(NOTES))
    assert only_file.title == "notes.txt"
    with_words = Conversation("c", 0.0)
    with_words.add(prompt(NOTES, TextPart("Why so?")))
    assert with_words.title == "Why so?"


def test_other_words_keep_the_files_before_them() -> None:
    changed = with_text(prompt(NOTES, TextPart("Why?"), ReasoningPart("hm")), "How?")
    assert changed.parts == (NOTES, TextPart("How?"), ReasoningPart("hm"))
