"""Tooltips that show text as it is: Qt takes what looks like markup for markup."""

from __future__ import annotations

from html import escape

LONGEST = 300
"""Characters that a tooltip shows at most."""


def plain_tip(text: str) -> str:
    """For words that come from outside: a prompt, a server, a model. Long ones are cut, and break their lines."""
    shown = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return f"<qt>{escape(shown)}</qt>" if shown else ""
