"""Data folders for the benchmarks of storage: thousands of conversations about code, with the words that such have.

Prose comes from the documentation that Python ships, code from its library and from our own snippets, so that words
are as common and as rare as in life. The same for the same size and Python; made once, kept in a temporary folder.
"""

from __future__ import annotations

import os
import random
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from coderapp.core.conversation import Conversation
from coderapp.core.message import FinishReason, Generation, Message, Role, TextPart, TokenUsage
from coderapp.storage import schema
from coderapp.storage.document import Document

_FORM = 1
"""Of the folders: an older one is not used again."""

START = 1_700_000_000.0
SPAN = 2 * 365 * 86_400.0

_MODELS = ("pixlab-coder", "gpt-4o", "qwen2.5-coder:32b", "claude-sonnet-4", "llama-3.1-8b-instruct", "deepseek-chat")
_FOLDERS = ("", "", "", "Work", "Work/Backend", "Hobby", "Reading")
_TAGS = ("bug", "idea", "later", "react", "database")
_CJK = (
    "请解释这个函数的返回值是什么意思", "如何在组件中使用状态", "这个错误是什么原因造成的", "数据库连接超时怎么办",
    "この関数の使い方を教えてください", "エラーの原因を調べる", "데이터베이스 연결 오류를 고쳐 주세요",
)  # fmt: skip
_ACCENTS = ("Où est la clé de l'élément ?", "Die Schaltfläche lässt sich nicht drücken.", "¿Por qué falla la función?")
_ASKS = (
    "How do I",
    "Why does this not work:",
    "Please rewrite",
    "Explain",
    "What is the best way to",
    "Fix the bug in",
)
_FENCES = {".py": "python", ".js": "javascript", ".jsx": "jsx", ".tsx": "tsx", ".html": "html", ".css": "css",
           ".sh": "bash", ".sql": "sql", ".svg": "xml", ".qml": "qml", ".kt": "kotlin", ".dart": "dart",
           ".swift": "swift"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sources:
    sentences: Sequence[str]
    code: Sequence[tuple[str, list[str]]]


def sources() -> Sources:
    from pydoc_data import topics

    prose = " ".join(topics.topics.values())
    sentences = [
        " ".join(found.split()) for found in re.findall(r"[A-Z][^.:\n]{30,200}(?:\n[^.:\n]{1,90}){0,2}\.", prose)
    ]
    library = Path(os.__file__).parent
    own = Path(__file__).parents[2] / "resources" / "snippets"
    paths = [*sorted(library.glob("*.py")), *sorted((library / "asyncio").glob("*.py")), *sorted(own.rglob("*.*"))]
    code = [
        (_FENCES[path.suffix], path.read_text(encoding="utf-8", errors="replace").splitlines())
        for path in paths
        if path.suffix in _FENCES
    ]
    return Sources(sentences, code)


def conversations(count: int, messages: int, seed: int = 1) -> Iterator[Conversation]:
    """`count` conversations with `messages` in all, prompts and answers in turn."""
    dice = random.Random(seed)
    texts = sources()
    left = messages
    for number in range(count):
        mean = left / (count - number)
        size = max(1, round(mean * dice.uniform(0.4, 1.6))) if number < count - 1 else left
        left -= size
        yield _conversation(dice, texts, number, size)


def _conversation(dice: random.Random, texts: Sources, number: int, size: int) -> Conversation:
    created = round(START + dice.random() * SPAN, 3)
    model = dice.choice(_MODELS)
    moment, parent = created, ""
    nodes: list[tuple[str, Message]] = []
    for place in range(size):
        moment = round(moment + dice.expovariate(1 / 90), 3)
        if place % 2 == 0:
            message = Message(f"p{place}", Role.USER, (TextPart(_prompt(dice, texts)),), moment)
        else:
            generation = Generation(
                "Benchmark", model, {"temperature": 0.2}, TokenUsage(200, 300), moment, 0.4, 6.0, FinishReason.STOP
            )
            message = Message(f"a{place}", Role.ASSISTANT, (TextPart(_answer(dice, texts)),), moment, generation)
        nodes.append((parent, message))
        parent = message.id
    return Conversation.restore(
        f"bench-{number:06}", created, nodes, {},
        title=dice.choice(texts.sentences)[:60], updated=moment, folder=dice.choice(_FOLDERS),
        tags=(dice.choice(_TAGS),) if dice.random() < 0.2 else (), pinned=dice.random() < 0.01,
        archived=dice.random() < 0.1, profile_id="bench",
    )  # fmt: skip


def _prompt(dice: random.Random, texts: Sources) -> str:
    lot = dice.random()
    if lot < 0.03:
        return dice.choice(_CJK)
    if lot < 0.05:
        return dice.choice(_ACCENTS)
    text = f"{dice.choice(_ASKS)} {' '.join(dice.choices(texts.sentences, k=dice.randint(1, 3)))}"
    return f"{text}\n\n{_code(dice, texts, 12)}" if lot > 0.8 else text


def _answer(dice: random.Random, texts: Sources) -> str:
    parts = [" ".join(dice.choices(texts.sentences, k=dice.randint(1, 4))) for _ in range(dice.randint(1, 4))]
    if dice.random() < 0.7:
        parts.insert(dice.randint(0, len(parts)), _code(dice, texts, dice.choice((8, 15, 30))))
    if dice.random() < 0.02:
        parts.append("。".join(dice.choices(_CJK, k=3)))
    return "\n\n".join(parts)


def _code(dice: random.Random, texts: Sources, lines: int) -> str:
    language, code = dice.choice(texts.code)
    start = dice.randrange(max(len(code) - lines, 1))
    body = "\n".join(line for line in code[start : start + lines] if "```" not in line)
    return f"```{language}\n{body}\n```"


def folder_of(count: int, messages: int) -> Path:
    """A data folder with these, without an index."""
    version = f"{sys.version_info.major}{sys.version_info.minor}"
    root = Path(tempfile.gettempdir(), f"coderapp-bench-{_FORM}-{version}-{count}-{messages}")
    done = root / "complete"
    if not done.exists():
        (root / "conversations").mkdir(parents=True, exist_ok=True)
        for conversation in conversations(count, messages):
            (root / "conversations" / f"{conversation.id}.json").write_bytes(schema.encode(Document(conversation)))
        done.touch()
    return root
