"""What a conversation is called after its first prompt."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.core.conversation import TITLE_LENGTH, UNTITLED, title_from

FAMILY = "👩‍👩‍👧‍👦"


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("Draw a card", "Draw a card"),
        ("  Draw\n\n a\tcard \r\n", "Draw a card"),
        ("## Draw a card", "Draw a card"),
        ("- > * `x` wins", "x` wins"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
        ("", UNTITLED),
        (" \n\t\u00a0\u3000", UNTITLED),
        ("###", UNTITLED),
        ("> - * #", UNTITLED),
        ("???", "???"),
        (":" * 100, UNTITLED),
        (", " * 100, UNTITLED),
        ("\n" * 5000 + "Draw a card", "Draw a card"),
        ("Draw\x00a\x1b[31mcard\x7f\x85", "Draw a [31mcard"),
        ("\ufeffDraw a\u200b card", "Draw a card"),
        ("\x00\x01\u200b", UNTITLED),
        ("half \ud83d of a pair", "half of a pair"),
        ("اكتب صفحة تسجيل الدخول", "اكتب صفحة تسجيل الدخول"),
        ("\u202egnp.exe\u202c then \u2067rtl\u2069", "gnp.exe then rtl"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # Persian needs its non-joiner
        (f"Draw {FAMILY} 🏳️‍🌈", f"Draw {FAMILY} 🏳️‍🌈"),
    ],
)
def test_title(prompt: str, title: str) -> None:
    assert title_from(prompt) == title


def test_a_long_prompt_is_cut_at_a_word_without_its_comma() -> None:
    words = "A pricing page with three plans, a toggle for the year, and a table"
    assert title_from(words) == "A pricing page with three plans, a toggle for the year, and…"
    assert title_from("A pricing page with three plans, a toggle for the year, unbelievably") == (
        "A pricing page with three plans, a toggle for the year…"
    )


def test_a_word_is_cut_where_no_blank_is_in_the_second_half() -> None:
    assert title_from("Explain " + "x" * 100) == "Explain " + "x" * 51 + "…"


@pytest.mark.parametrize(
    "cluster",
    [
        FAMILY,
        "👍🏽",
        "🇩🇪",
        "e\u0301",
        "1\ufe0f\u20e3",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "नि",
    ],
)
@pytest.mark.parametrize("before", range(8))
def test_what_is_seen_as_one_character_is_not_parted(cluster: str, before: int) -> None:
    title = title_from("x" * before + cluster * 80)
    assert title.endswith("…")
    assert len(title) <= TITLE_LENGTH
    whole = title[before:-1]
    assert whole == cluster * (len(whole) // len(cluster))
    assert whole


def test_marks_without_end_are_cut_all_the_same() -> None:
    assert title_from("e" + "\u0301" * 100) in ("e…", "e" + "\u0301" * 58 + "…")
    assert len(title_from("\u0301" * 100)) == TITLE_LENGTH


@given(st.text(st.characters(), max_size=200) | st.text("ab ,.\n#-\u0301\u200d🇩🇪👍🏽\ud800", max_size=200))
def test_any_prompt_gives_one_line_that_can_be_shown(prompt: str) -> None:
    title = title_from(prompt)
    assert 1 <= len(title) <= TITLE_LENGTH
    assert title == title.strip()
    assert not any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in title)
    assert "  " not in title
    assert title == UNTITLED or any(not each.isspace() for each in title)
    assert title.encode()
