"""`python -m tests.fuzz [--minutes N] [--only NAMES] [--seed N]`: fuzzes the importers and the loader of our files.

Names are those of the samples (chatgpt, claude, …) and `loader`. The last line of stdout is a JSON object of counts;
the exit code is 1 where something failed. A failure names its case, which `--case` repeats.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.fuzz import importers
from tests.unit.exchange import foreign

SLICE = 20.0
"""Seconds that one part runs before the next has its turn."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--only", default="", metavar="NAMES", help="names with commas between them")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--case", default="", help="one case of the importers, as a failure names it")
    given = parser.parse_args()
    if given.case:
        with tempfile.TemporaryDirectory() as folder:
            importers.one(given.case, Path(folder), importers.Counts())
        return 0
    wanted = tuple(name for name in given.only.split(",") if name)
    names = tuple(name for name in wanted if name in foreign.ALL)
    unknown = set(wanted) - set(foreign.ALL) - {"loader"}
    if unknown:
        parser.error(f"no sample is called {', '.join(sorted(unknown))}; there are {', '.join(foreign.ALL)}, loader")
    parts = ["importers"] if names or not wanted else []
    if (not wanted or "loader" in wanted) and importlib.util.find_spec("tests.fuzz.loader") is not None:
        parts.append("loader")
    totals: dict[str, Any] = {"seed": given.seed}
    end = time.monotonic() + 60 * given.minutes
    turn = 0
    while parts and (left := end - time.monotonic()) > 0:
        part = parts[turn % len(parts)]
        seconds = min(SLICE, left)
        if part == "loader":
            found = importlib.import_module("tests.fuzz.loader").run(seconds, given.seed + turn)
        else:
            found = importers.run(seconds, given.seed + turn, names)
        _add(totals.setdefault(part, {}), found)
        print(f"{part}: {json.dumps(totals[part])[:300]}", file=sys.stderr, flush=True)
        turn += 1
    failed = sum(len(totals[part].get("failures") or ()) for part in parts if part in totals)
    print(json.dumps({**totals, "failed": failed}))
    return 1 if failed else 0


def _add(total: dict[str, Any], found: dict[str, Any]) -> None:
    for name, value in found.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            total[name] = total.get(name, 0) + value
        elif isinstance(value, list):
            total[name] = [*total.get(name, []), *value]


if __name__ == "__main__":
    sys.exit(main())
