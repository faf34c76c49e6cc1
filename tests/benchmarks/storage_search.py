"""How long the search through everything takes, with snippets, fifty hits a page."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from coderapp.core.search import Order
from coderapp.storage.index_search import Searcher
from tests.benchmarks.storage_data import sources

COMMON = ("the", "function", "const", "return", "value", "class", "self", "import", "is", "a", "def", "object")
RARE = ("zipfile", "quopri", "nonlocal", "useEffect", "onSubmit", "getElementById", "bisect", "colorsys", "zxqvw")
PAIRS = ("the function", "return value", "import os", "class object", "in the of", "self def", "if not", "for item in")
PHRASES = ('"the function"', '"return value"', '"is not a"', '"raise ValueError"', '"built-in function"', '"of the"')
CODE = (
    "snake_case", "get_running_loop", "self._loop", "asyncio.run(", "super().__init__(", "os.path.join", "__init__",
    "sys.stdout.write", "e.preventDefault()", "Path(__file__)",
)  # fmt: skip
PARTS = ("Effect", "ing", "tion", "oop", "alue", "ttribut", "eturn", "ptio", "rror", "ode", "ist", "ect", "seEff")
FILTERS = (
    "lang:python the", "lang:py has:code return", "model:gpt class", "folder:work the", "tag:bug const", "has:code",
    "is:archived the", "is:pinned import", "before:2024-01 the", "after:2025-06 def", "role:user why", "lang:sql",
    "title:class", "title:class the", "in:hobby tag:later value", "-is:archived object", "model:qwen lang:css color",
)  # fmt: skip
NEGATIONS = ("the -function", "exception handler -asyncio", "-the", "return -value", "class -self", 'value -"of the"')
SIGNS = ("数据", "返回值", "函数", "エラー", "연결", "데이터", "数", "这个函数", "使い方")
ACCENTS = ("clé", "cle", "éléments", "Schaltfläche", "función")


def queries() -> Sequence[str]:
    """What is typed, letter by letter for some words, as a search that follows the typing asks."""
    dice = random.Random(5)
    words = sorted({word for text in dice.sample(sources().sentences, 300) for word in text.split() if word.isalpha()})
    typed = [word[:length] for word in dice.sample(words, 40) for length in (1, 2, 3, 5)]
    two = [f"{dice.choice(words)} {dice.choice(words)[:length]}" for length in (1, 2, 3, 4, 5, 6) for _ in range(8)]
    fixed = (*COMMON, *RARE, *PAIRS, *PHRASES, *CODE, *PARTS, *FILTERS, *NEGATIONS, *SIGNS, *ACCENTS)
    return [*dict.fromkeys([*fixed, *typed, *two])]


def quantile(values: Sequence[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]


def search(index: Path, language_of: Callable[[str], str], rounds: int) -> dict[str, Any]:
    """Milliseconds of all the queries, `rounds` times, by order: on the clock and of the processor."""
    searcher = Searcher(index, language_of)
    searcher.search("warm")
    found: dict[str, Any] = {}
    for order in Order:
        clock: list[float] = []
        processor: list[float] = []
        slow: list[tuple[float, str]] = []
        for _ in range(rounds):
            for query in queries():
                began, spent = time.perf_counter(), time.thread_time()
                searcher.search(query, order)
                processor.append((time.thread_time() - spent) * 1000)
                clock.append((time.perf_counter() - began) * 1000)
                slow.append((processor[-1], query))
        name = "newest" if order is Order.NEWEST else "ranked"
        found[f"search_{name}_p99_ms"] = round(quantile(clock, 0.99), 1)
        found[f"search_{name}_p50_ms"] = round(quantile(clock, 0.5), 1)
        found[f"search_{name}_p99_cpu_ms"] = round(quantile(processor, 0.99), 1)
        found[f"search_{name}_slowest"] = {query: round(took, 1) for took, query in sorted(slow)[-8:]}
    searcher.close()
    return found
