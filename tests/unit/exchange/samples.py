"""Conversations to export: with every kind of part and block, with branches, and with words that mean harm."""

from __future__ import annotations

from coderapp.core.conversation import Conversation
from coderapp.core.errors import Problem
from coderapp.core.message import (
    FilePart,
    FinishReason,
    Generation,
    Message,
    Part,
    ReasoningPart,
    Role,
    TextPart,
    TokenUsage,
    ToolCallPart,
    ToolResultPart,
)

CREATED = 1_795_000_000.0

HOSTILE = "</script></style></title></pre><img src=x onerror=alert(1)><!-- \" ' & ]]>"

ANSWER = """Here is the parser, in **two** files. See [the docs](https://example.org/docs) and `shlex.split`.

### src/parser.py

```python
# a comment that is quite long: it goes on and on until it does not fit the page any more, and then some more of it
def parse(text: str) -> list[str]:
    \"\"\"Splits a line.\"\"\"
    return [word for word in text.split(" ") if word != ""]
```

And the page that shows it:

```html index.html
<!DOCTYPE html>
<p class="note">It's &amp; </p>
<script>alert("never run")</script>
```

1. First, *read* the line.
2. Then split it:
   - at spaces
   - at ~~commas~~ tabs
     ```bash
     python -m parser "a b"
     ```

> A quote, with a formula: $a^2 + b^2 = c^2$.

$$\\int_0^1 x^2\\,dx = \\frac{1}{3}$$

| name | value | what it is for |
| :--- | ----: | :--- |
| `n` | 12 | how many words there may be in a line before it is refused |
| `m` | 1,000 | their length |

---

Done.
"""

UNCLOSED = "It was cut off here:\n\n````js\nconst a = `x`;\n```\nstill code"


def message(name: str, role: Role, *parts: Part | str, **how: object) -> Message:
    made = tuple(TextPart(part) if isinstance(part, str) else part for part in parts)
    generation = Generation(**how) if how else None  # type: ignore[arg-type]
    return Message(name, role, made, CREATED, generation)


def answer(name: str, *parts: Part | str, **how: object) -> Message:
    given: dict[str, object] = {"profile": "Local", "model": "coder-7b", "finish": FinishReason.STOP}
    return message(name, Role.ASSISTANT, *parts, **{**given, **how})


def rich(conversation_id: str = "20261122-170355-ab12cd") -> Conversation:
    """Four messages on the path, and two versions of the first answer."""
    made = Conversation(conversation_id, CREATED)
    made.system_prompt = "Be brief.\nPrefer Python."
    made.parameters = {"temperature": 0.2}
    made.draft = "a draft of mine"
    made.add(
        message(
            "p1",
            Role.USER,
            FilePart("notes & more.py", "text/plain", "x = '''\n```\n'''\n"),
            "# Write a parser\n  with spaces\n\n- <b>for</b> me",
        )
    )
    made.add(answer("a1", "The first version: ```nothing```.\n\n```js\nlet a = 1\n```"))
    how = {"parameters": {"temperature": 0.2, "seed": 7}, "usage": TokenUsage(120, 480), "duration": 3.25}
    made.add_sibling(
        "a1", answer("a2", ReasoningPart("The user wants *a parser*.\n\n```py\nthink()\n```"), ANSWER, **how)
    )
    made.add(message("p2", Role.USER, "Now with tools, please. Ünïcode: 日本語, 🎉"))
    call = ToolCallPart("c1", "search", '{"query": "shlex", "limit": 3}')
    problem = Problem("ServerFailed", "The server failed with 500", raw="Authorization: Bearer sk-live-RAW-REPLY")
    made.add(answer("a3", UNCLOSED, call, finish=FinishReason.FAILED, problem=problem))
    made.add(message("t1", Role.TOOL, ToolResultPart("c1", "search", '{"found": []}')))
    made.title = "Parser & <friends>: a/b \\ c"
    return made
