"""Which patterns of clients are run, and that none of them stops the process."""

from __future__ import annotations

import re
import warnings
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coderapp.endpoint.schema import fault
from coderapp.endpoint.tools.patterns import is_cheap


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|aa)+$",
        "(?:a*)*b",
        r"(a)\1",
        "(?=a)a",
        "(?P<x>a)",
        "a*a*a*a*a*b",
        "a?" * 30 + "b",
        "(a{1,9}){9}",
        "a{99999999999}",
        "x" * 201,
        "(a|b)" * 20,
        "^a|b*c*d*",
    ],
)
def test_costly_patterns_are_not_run(pattern: str) -> None:
    assert not is_cheap(pattern, 60)
    began = process_time()
    assert fault("a" * 60 + "!", {"type": "string", "pattern": pattern}) is None
    assert process_time() - began < 5  # exponential cost would be years


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^[A-Z]{3}$", "EUR"),
        (r"^\d{4}-\d{2}-\d{2}$", "2024-01-31"),
        (r"^[^@]+@[^@]+\.[a-z]+$", "a@b.example"),
        ("^(red|green|blue)$", "green"),
        ("colou?r", "a color"),
        (r"^#[0-9a-f]{6}$", "#a1b2c3"),
        ("[]a-]", "x-"),
    ],
)
def test_simple_patterns_are_checked(pattern: str, text: str) -> None:
    assert is_cheap(pattern, len(text))
    assert fault(text, {"pattern": pattern}) is None
    assert fault("§", {"pattern": pattern}) is not None


@settings(max_examples=150, deadline=None)
@given(st.text("ab()|*+?{},19[]^$\\.", max_size=40))
def test_what_is_called_cheap_ends_at_once(pattern: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for text in ("a" * 40 + "!", "ab" * 20 + "!"):
            if is_cheap(pattern, len(text)):
                began = process_time()
                try:
                    re.search(pattern, text)
                except re.error:
                    continue
                assert process_time() - began < 5
