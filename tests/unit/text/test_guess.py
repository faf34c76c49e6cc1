"""Languages of code that does not say what it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.text.guess import guess_language
from coderapp.text.languages import LANGUAGES, fence

_HERE = Path(__file__)
_CODE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SAMPLES = sorted((_HERE.parent / "samples").glob("*.txt"))


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("#!/usr/bin/env python3\nx", "python"),
        ("#!/bin/sh\nx", "bash"),
        ("<!DOCTYPE html>\n<p>", "html"),
        ('<?xml version="1.0"?>\n<a/>', "xml"),
        ('{"a": [1, 2]}', "json"),
        ("def f(x):\n    return x\n", "python"),
        ("package main\n\nfunc main() {\n\tx := 1\n}", "go"),
        ('fn main() {\n    println!("a");\n}', "rust"),
        ("SELECT a, b\nFROM t\nWHERE a > 1", "sql"),
        ("#include <iostream>\nint main() { std::cout << 1; }", "cpp"),
        ("FROM python:3.12\nRUN pip install x", "docker"),
        ("diff --git a/x b/x\n@@ -1 +1 @@\n-a\n+b", "diff"),
        ("<?php\necho 1;", "php"),
        ("sudo apt-get install git\ncd x", "bash"),
        ("", ""),
        ("hello there, this is plain text", ""),
        ("Total   3\nUsed    1", ""),
    ],
)
def test_marks(code: str, language: str) -> None:
    assert guess_language(code.split("\n")) == language


def _check(cases: list[tuple[str, list[str]]]) -> None:
    """Unsure is no fault, wrong is one."""
    guesses = [(want, guess_language(lines)) for want, lines in cases]
    assert sum(guess not in ("", want) for want, guess in guesses) <= 0.03 * len(cases)
    assert sum(guess == want for want, guess in guesses) >= 0.7 * len(cases)


def test_snippets() -> None:
    found = []
    for path in sorted((_HERE.parents[3] / "resources" / "snippets").glob("*/*.md")):
        match = _CODE.search(path.read_text(encoding="utf-8"))
        assert match, path
        found.append((fence(match[1]).language.name, match[2].split("\n")))
    _check(found)


def test_samples() -> None:
    _check([(path.stem, path.read_text(encoding="utf-8").split("\n")) for path in _SAMPLES])


@given(st.lists(st.text(max_size=30), max_size=10))
def test_any_text(lines: list[str]) -> None:
    assert guess_language(lines) in {"", *(row.name for row in LANGUAGES)}


def test_only_the_beginning_is_looked_at() -> None:
    assert guess_language(["x " * 10_000, *["plain"] * 100_000, "#include <stdio.h>"]) == ""
