"""Prompts are shown as typed, but for fences."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coderapp.text.blocks import LINE_BREAK, CodeBlock, TextBlock, plain_text
from coderapp.text.prompt import prompt_blocks


def test_lines_and_paragraphs() -> None:
    assert prompt_blocks("# a *b*\n  c\n\n \t\n- d\r\ne\rf\n") == [
        TextBlock(f"# a *b*{LINE_BREAK}  c"),
        TextBlock(f"- d{LINE_BREAK}e{LINE_BREAK}f"),
    ]
    assert prompt_blocks("") == prompt_blocks("\n \n") == []


def test_fences() -> None:
    found = prompt_blocks("a\n```py x\nb\n\n``\n~~~\n   ```` \nc\n~~~ d`e\nf\n```\n~~~~~\n``` no`\n~~~")
    assert [(type(block), plain_text(block)) for block in found] == [
        (TextBlock, "a"),
        (CodeBlock, "b\n\n``\n~~~"),
        (TextBlock, "c"),
        (CodeBlock, "f\n```"),
        (TextBlock, "``` no`"),
        (CodeBlock, ""),
    ]
    assert [block.info for block in found if isinstance(block, CodeBlock)] == ["py x", "d`e", ""]
    assert all(block.closed for block in found if isinstance(block, CodeBlock))


def test_a_fence_that_is_not_closed_runs_to_the_end() -> None:
    (code,) = prompt_blocks("```\na\n``` b\n    ```\n")
    assert plain_text(code) == "a\n``` b\n    ```\n"


@given(st.text(alphabet="a`~ \n\t\r😀", max_size=80))
def test_no_character_but_marks_and_white_space_is_lost(text: str) -> None:
    shown = "".join(plain_text(block) for block in prompt_blocks(text))
    infos = "".join(block.info for block in prompt_blocks(text) if isinstance(block, CodeBlock))
    assert shown.count("a") + infos.count("a") == text.count("a")
    assert shown.count("😀") + infos.count("😀") == text.count("😀")
