"""What the streaming benchmark sends: mixed Markdown, one long fence, hostile inputs, a long conversation.

Every text is the same in each run and process. Mixed Markdown and fences carry a mark every few lines (`m00042q`), by
which a run tells, independently of Markdown, that what was sent is on screen.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from coderapp.core.conversation import Conversation
from coderapp.core.message import FinishReason, Generation, Message, Role, TextPart, TokenUsage

MARK = re.compile(r"m\d{5}q")

_WORDS = re.findall(
    r"\w+",
    "the parser keeps each value that arrives and a buffer of bytes so every line stays where it was written while "
    "function returns index cache request header token window layout paint event stream model answer number table",
)

_PYTHON = """
def resolve_{mark}(items: list[str], *, limit: int = {number}) -> dict[str, int]:
    \"\"\"Counts what is there, up to a limit.\"\"\"
    found: dict[str, int] = {{}}
    for place, item in enumerate(items):
        if place >= limit or item.startswith("#"):
            continue  # comments don't count
        found[item.strip()] = found.get(item.strip(), 0) + 1
    return {{name: count for name, count in found.items() if count > {number} % 7}}
"""
_SCRIPT = """
export async function load_{mark}(url, {{ retries = {number}, signal }} = {{}}) {{
  for (let attempt = 0; attempt < retries; attempt += 1) {{
    const response = await fetch(`${{url}}?attempt=${{attempt}}`, {{ signal }});
    if (response.ok) return response.json(); // the first that works
    await new Promise((resolve) => setTimeout(resolve, 2 ** attempt * 100));
  }}
  throw new Error("No answer after " + retries + " tries");
}}
"""
_PAGE = """
<section class="card {mark}" data-number="{number}">
  <h2>Total of {number}</h2>
  <style>.card > h2 {{ color: #4a5568; margin: 0 auto; padding: {number}px; }}</style>
  <a href="/items?page={number}&amp;sort=name" onclick="open_it(event, {number})">Next page</a>
</section>
"""
_CODE = (("python", _PYTHON), ("javascript", _SCRIPT), ("html", _PAGE))


def marks(text: str) -> list[str]:
    """The marks of a text, in order."""
    return MARK.findall(text)


def _sentence(dice: random.Random, words: int) -> str:
    return " ".join(dice.choices(_WORDS, k=words)).capitalize() + "."


def _section(dice: random.Random, number: int) -> str:
    mark = f"m{number:05}q"
    language, code = _CODE[number % len(_CODE)]
    paragraph = (
        f"{_sentence(dice, 24)} See **{mark}** with `value_{number}`, _{_sentence(dice, 3)}_ {_sentence(dice, 16)}"
    )
    items = "\n".join(f"- {_sentence(dice, 8)} `{dice.choice(_WORDS)}`" for _ in range(3))
    steps = "\n".join(f"{place}. {_sentence(dice, 7)}" for place in range(1, 4))
    rows = "\n".join(f"| {dice.choice(_WORDS)} | {dice.randrange(1000)} | {_sentence(dice, 3)} |" for _ in range(4))
    parts = [
        f"## {_sentence(dice, 4)}",
        paragraph,
        items if number % 2 else steps,
        f"```{language}{code.format(mark=mark, number=number)}```",
        f"| name | count | note |\n| --- | ---: | --- |\n{rows}" if number % 4 == 0 else _sentence(dice, 30),
        f"> {_sentence(dice, 14)} [{dice.choice(_WORDS)}](https://example.org/{number})",
    ]
    return "\n\n".join(parts) + "\n\n"


def mixed(size: int, seed: int = 1) -> str:
    """Markdown as models write it: headings, paragraphs, lists, tables, quotes, code in three languages."""
    dice = random.Random(seed)
    parts: list[str] = []
    length = number = 0
    while length < size:
        parts.append(_section(dice, number))
        length += len(parts[-1])
        number += 1
    return "".join(parts)[:size]


def fence(size: int) -> str:
    """One Python block that is closed at the end."""
    parts = ["```python\n"]
    length = number = 0
    while length < size:
        parts.append(_PYTHON.format(mark=f"m{number:05}q", number=number))
        length += len(parts[-1])
        number += 1
    return "".join(parts)[: size - 4].rstrip("\n`") + "\n```"


def _repeated(unit: Callable[[int], str], size: int, before: str = "") -> str:
    parts = [before]
    length, number = len(before), 0
    while length < size:
        parts.append(unit(number))
        length += len(parts[-1])
        number += 1
    return "".join(parts)[:size]


HOSTILE: dict[str, Callable[[int], str]] = {
    "paragraph": lambda size: _repeated(
        lambda n: f"word{n} and **more** of `it` {'on a new line' * (n % 9 == 0)}\n", size
    ),
    "list_items": lambda size: _repeated(lambda n: "- a\n", size),
    "table": lambda size: _repeated(lambda n: f"| {n} | b | c |\n", size, "| x | y | z |\n| --- | --- | --- |\n"),
    "nested_quotes": lambda size: ">" * (size // 2) + " deep " + ">" * (size // 2 - 6),
    "nested_lists": lambda size: _repeated(lambda n: " " * (2 * min(n, 400)) + "- a\n", size),
    "long_line": lambda size: _repeated(lambda n: f"word{n} ", size),
    "long_word": lambda size: "x" * size,
    "open_fence": lambda size: _repeated(lambda n: f"let value{n} = `${{{n}}}` /* {n}\n", size, "````js\n"),
    "fence_line": lambda size: "```json\n" + _repeated(lambda n: f'{{"n":{n},"t":["a","b"]}},', size - 8),
    "backticks": lambda size: "`" * size,
    "backtick_runs": lambda size: _repeated(lambda n: "`" * (n % 200 + 1) + " ", size),
    "brackets": lambda size: "[" * size,
    "emphasis": lambda size: _repeated(lambda n: ("*a **b _c __d ", "*_a_", "**", "_*")[n % 4], size),
    "links": lambda size: _repeated(lambda n: f"[a{n}](b{n} [c](<d> ![e][f{n}]", size),
    "definitions": lambda size: _repeated(lambda n: f"[r{n}]: /u{n} 't'\n", size),
    "quote_paragraph": lambda size: "> " + _repeated(lambda n: f"word{n} with _some_ text ", size - 2),
    "html": lambda size: _repeated(lambda n: f"<div a='{n}'><b>text</b> <!-- {n}\n", size),
    "entities": lambda size: _repeated(lambda n: "&amp;&lt;&#x41;\\*&", size),
    "math": lambda size: _repeated(lambda n: f"$x_{n}$ and $y \\( z \\[ ", size),
    "indented": lambda size: _repeated(lambda n: f"    code {n}\n" if n % 50 else "\ntext\n\n", size),
}
"""Inputs that make a naive renderer slow, by name; each takes the number of characters that it is to have."""

NAMED_BY_ISSUE = (
    "paragraph",
    "list_items",
    "table",
    "nested_quotes",
    "nested_lists",
    "long_line",
    "open_fence",
    "backticks",
)


def text_of(kind: str, size: int) -> str:
    """`mixed`, `fence`, or the name of a hostile input."""
    if kind == "mixed":
        return mixed(size)
    return fence(size) if kind == "fence" else HOSTILE[kind](size)


def conversation(count: int, name: str) -> Conversation:
    """`count` messages, prompts and answers in turn, of 200 to 2,000 characters, with code in every other answer."""
    dice = random.Random(7)
    nodes: list[tuple[str, Message]] = []
    parent = ""
    pool = mixed(120_000, seed=3)
    starts = [found.start() for found in re.finditer(r"^## ", pool, re.MULTILINE)]
    for number in range(count):
        size = dice.randint(200, 2_000)
        if number % 2 == 0:
            text = f"Prompt {number}. " + " ".join(_sentence(dice, 9) for _ in range(max(1, size // 60)))
            message = Message(f"p{number}", Role.USER, (TextPart(text),), 1_700_000_000.0 + number)
        else:
            start = dice.choice(starts[:-8])
            text = pool[start : start + size]
            if text.count("```") % 2:
                text += "\n```"
            generation = Generation(
                "Benchmark", "model", {"temperature": 0.2}, TokenUsage(200, 300), 1_700_000_000.0 + number, 0.4, 6.0,
                FinishReason.STOP,
            )  # fmt: skip
            message = Message(f"a{number}", Role.ASSISTANT, (TextPart(text),), 1_700_000_000.0 + number, generation)
        nodes.append((parent, message))
        parent = message.id
    return Conversation.restore(name, 1_700_000_000.0, nodes, {}, updated=1_700_000_000.0 + count, profile_id="bench")
