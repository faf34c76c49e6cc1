"""Thousands of conversations and a hundred thousand messages: start, search, opening, writing, import.

    python -m tests.benchmarks.storage [--quick] [--only NAME,...]

NAME is one of index, search, start, opening, writes, import. The last line is one JSON object. With `--quick` there are
fewer of
everything and the keys keep their names: `quick` and `sizes` tell. Times are on the clock; `load` is how many processes
wanted a processor meanwhile, and keys with `cpu` say what of the times was the thread's own.

- `start_extra_ms_5000`: what a cold start takes longer with the conversations than with none, from the process's
  beginning until the list is painted; `start_first_paint_extra_ms` the same until anything is.
- `open_10k_ms`: from the click to the first paint of a conversation of 10,000 messages; `open_10k_memory_ratio`: what
  the process grows by, over the size of its file. Medians of five processes, as `…_while_indexing…` are for a folder
  whose index has to be made.
- `index_messages_per_s`: messages from their files into an index that was not there.
- `search_newest_p99_ms`, `search_ranked_p99_ms`: of some 260 queries (storage_search.py), with 50 hits and snippets.
- `write_amplification`: bytes written for those of an answer that streams into a long conversation.
- `import_500mb_peak_mb`: the most memory that the import of a 500 MB export takes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.storage_data import folder_of
from tests.benchmarks.storage_import import measure as measure_import
from tests.benchmarks.storage_start import make_index, run_child
from tests.benchmarks.storage_start import measure as measure_start
from tests.benchmarks.storage_writes import measure as measure_writes

Found = dict[str, Any]


def index(folder: str, target: str) -> Found:
    """Makes an index from nothing, in a process of its own."""
    from coderapp.qt.index_keeping import language_of
    from coderapp.storage.index import Index
    from coderapp.storage.index_files import reconcile

    made = Index(Path(target), language_of)
    began, spent = time.perf_counter(), time.process_time()
    steps = reconcile(made, Path(folder, "conversations"))
    while not made.complete:
        next(steps)
    took, spent = time.perf_counter() - began, time.process_time() - spent
    joined = time.process_time()
    for _ in steps:
        pass
    count = made.count()
    made.close()
    return {
        "index_messages_per_s": round(count / took),
        "index_messages_per_cpu_s": round(count / spent),
        "index_join_cpu_s": round(time.process_time() - joined, 2),
        "index_mb": round(os.path.getsize(target) / 1e6, 1),
        "indexed": count,
    }


def search(target: str, rounds: int) -> Found:
    from coderapp.qt.index_keeping import language_of
    from tests.benchmarks import storage_search

    return storage_search.search(Path(target), language_of, rounds)


def opening(messages: int, runs: int) -> Found:
    """In a process of its own each: beside the index that is there, and while it is being made."""
    with tempfile.TemporaryDirectory(prefix="coderapp-open-") as folder:
        run_child("opening:store", {"folder": folder, "count": messages})
        size = sum(path.stat().st_size for path in Path(folder, "conversations").glob("*.json")) / 1e6
        opened: dict[bool, list[Found]] = {True: [], False: []}
        for there in (True, False):
            for _ in range(runs + 1):
                for path in Path(folder).glob("index.sqlite*"):
                    path.unlink()
                if there:
                    make_index(Path(folder))
                opened[there].append(run_child("opening:long_conversation", {"folder": folder, "frames": 20}))

    def middle(there: bool, key: str) -> float:
        kept = [float(found[key]) for found in opened[there][1:]]  # the first fills caches
        return round(statistics.median(kept), 1)

    return {
        "open_10k_ms": middle(True, "ms"),
        "open_10k_memory_ratio": round(middle(True, "mb") * 1.048576 / size, 2),
        "open_10k_while_indexing_ms": middle(False, "ms"),
        "open_10k_while_indexing_memory_ratio": round(middle(False, "mb") * 1.048576 / size, 2),
    }


def parts(quick: bool, temporary: str) -> dict[str, Callable[[], Found]]:
    count, messages = (500, 10_000) if quick else (5_000, 100_000)
    target = str(Path(temporary, "index.sqlite"))
    return {
        "index": lambda: run_child("storage:index", {"folder": str(folder_of(count, messages)), "target": target}),
        "search": lambda: run_child("storage:search", {"target": target, "rounds": 1 if quick else 3}),
        "start": lambda: measure_start(count, messages, 2 if quick else 7),
        "opening": lambda: opening(2_000 if quick else 10_000, 1 if quick else 5),
        "writes": lambda: measure_writes(quick=quick),
        "import": lambda: measure_import(20 if quick else 500),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", metavar="NAME,...")
    chosen = parser.parse_args()
    result: Found = {"quick": chosen.quick}
    if chosen.quick:
        result["sizes"] = {"conversations": 500, "messages": 10_000, "open": 2_000, "import_mb": 20}
    with tempfile.TemporaryDirectory(prefix="coderapp-storage-") as temporary:
        made = parts(chosen.quick, temporary)
        wanted = [name for name in chosen.only.split(",") if name] or list(made)
        if unknown := set(wanted) - made.keys():
            raise SystemExit(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(made)}")
        if "search" in wanted and "index" not in wanted:
            wanted.insert(0, "index")
        for name in wanted:
            began = time.monotonic()
            found = made[name]()
            took, load = time.monotonic() - began, os.getloadavg()[0]
            print(f"{name}: {took:.1f} s, load {load:.1f}: {json.dumps(found)}", flush=True)
            result |= {key: value for key, value in found.items() if not isinstance(value, dict)}
    result["load"] = round(os.getloadavg()[0], 1)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
