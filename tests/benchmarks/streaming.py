"""Long answers and long conversations in the real window, held against a bare QPlainTextEdit and `setMarkdown`.

    python -m tests.benchmarks.streaming [--quick] [--only NAME,...] [--profile NAME] [--list]

Every measurement runs in a process of its own, offscreen, with the program on a temporary data folder. Stalls are what
a 2 ms timer of the UI thread comes late by; `own_p99` and `own_max` leave out what the thread waited for a processor
that others had. Processor times are those of the whole process. The last line is one JSON object; the run fails
where characters are lost or a measurement does not end.

NAME is a measurement of `--list`, or the beginning of some. `--profile` prints where the UI thread of that measurement
spends its time (and slows it down). A key ending in `_700k` is of the longest text, which is shorter with `--quick`:
`sizes` tells.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.texts import HOSTILE, NAMED_BY_ISSUE

_ROOT = Path(__file__).resolve().parents[2]
_LIMIT_S = 900
FLUSH = 67
"""Characters in a flush: 1,000 tokens a second at 60 frames a second."""

Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """`function` is `module:name` of this folder. `needs` names a measurement whose `size` it takes as `viewport`."""

    function: str
    arguments: Found
    viewport: bool = False


def tasks(quick: bool, folder: str) -> dict[str, Task]:
    """Every measurement by its name, in order. `folder` is where the long conversation is, or will be."""
    sizes = (
        {"50k": 10_000, "200k": 30_000, "700k": 80_000} if quick else {"50k": 50_000, "200k": 200_000, "700k": 700_000}
    )
    fence, each, hostile = (30_000, 4_000, 10_000) if quick else (300_000, 50_000, 200_000)
    made: dict[str, Task] = {"store": Task("opening:store", {"folder": folder, "count": 2_000 if quick else 10_000})}
    streams = {name: ("mixed", size, FLUSH) for name, size in sizes.items()}
    streams |= {"fence": ("fence", fence, FLUSH), "per_delta": ("mixed", each, 4)}
    for name, (kind, size, flush) in streams.items():
        shape = {"kind": kind, "size": size, "flush": flush}
        made[f"program_{name}"] = Task("costs:stream", shape)
        made[f"edit_{name}"] = Task("limits:edit", shape, viewport=True)
    samples = {"sizes": list(sizes.values()), "samples": 4 if quick else 12, "flush": FLUSH}
    made["naive"] = Task("limits:set_markdown", samples, viewport=True)
    seconds = 1.5 if quick else 12
    for rate in (1_000, 5_000, 20_000):
        paced = {"rate": rate, "size": round(rate * 4 * min(seconds, 600_000 / rate / 4))}
        made[f"stall_{rate}"] = Task("live:stalls", paced)
    paced = {"rate": 1_000, "size": round(4_000 * seconds)}
    made["stall_1000_with_10k_above"] = Task("live:stalls", {**paced, "above": folder})
    made["stall_1000_with_600k_shown"] = Task("live:stalls", {**paced, "shown": 60_000 if quick else 600_000})
    made["stall_burst"] = Task("live:stalls", {"rate": 0, "size": sizes["700k"], "burst": True})
    made["stall_eight_streams"] = Task("live:eight", {"rate": 1_000, "size": 3_000 if quick else 40_000})
    made["first_token"] = Task("live:first_token", {"times": 8 if quick else 40})
    made["stop"] = Task("live:stop", {"times": 4 if quick else 40})
    made["keys"] = Task(
        "live:keys", {"rate": 5_000, "size": 60_000 if quick else 300_000, "times": 20 if quick else 100}
    )
    made["open_10k"] = Task("opening:long_conversation", {"folder": folder, "frames": 30 if quick else 300})
    made["start"] = Task(
        "opening:start", {"folder": folder, "runs": 1 if quick else 5, "rest_s": 1.0 if quick else 10.0}
    )
    for name in NAMED_BY_ISSUE if quick else HOSTILE:
        made[f"hostile_{name}"] = Task("costs:hostile", {"kind": name, "size": hostile, "flush": FLUSH})
    return made


def run(name: str, task: Task, viewport: list[int], *, profiled: bool = False) -> Found:
    """One measurement in a process of its own. Its `failed` says why it did not end well."""
    arguments = {**task.arguments, **({"viewport": viewport} if task.viewport else {})}
    command = [sys.executable, "-m", "tests.benchmarks.streaming", "--child", task.function]
    command += ["--arguments", json.dumps(arguments), *(["--profiled"] if profiled else [])]
    environment = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM") or "offscreen"}
    began = time.monotonic()
    try:
        done = subprocess.run(
            command,
            cwd=_ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=None if profiled else subprocess.PIPE,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"did not end within {_LIMIT_S} s"}
    if done.returncode:
        print(done.stderr or "", file=sys.stderr)
        last = (done.stderr or "").strip().splitlines()[-1:] or ["it said nothing"]
        return {"failed": f"exit code {done.returncode}: {last[0]}"}
    found: Found = json.loads(done.stdout.splitlines()[-1])
    figures = {key: value for key, value in found.items() if not isinstance(value, dict)}
    print(
        f"{name:28} {time.monotonic() - began:6.1f} s  load {os.getloadavg()[0]:.1f}  {json.dumps(figures)}", flush=True
    )
    return found


def child(function: str, arguments: Found, *, profiled: bool) -> None:
    """In the child: does it, prints what it found."""
    from tests.benchmarks import measuring

    if profiled:
        measuring.profile()
    module, name = function.split(":")
    found = getattr(importlib.import_module(f"tests.benchmarks.{module}"), name)(**arguments)
    measuring.print_profile()
    print(json.dumps(found), flush=True)


def _ratio(found: dict[str, Found], name: str, key: str) -> float | None:
    """What the program took over what the bare edit took."""
    ours, limit = found.get(f"program_{name}", {}).get(key), found.get(f"edit_{name}", {}).get(key)
    return round(ours / limit, 3) if ours is not None and limit else None


def _exponent(found: dict[str, Found], made: dict[str, Task], side: str) -> float | None:
    """The slope of log processor time over log size."""
    points = [
        (math.log(made[name].arguments["size"]), math.log(found[name]["cpu_s"]))
        for name in (f"{side}_50k", f"{side}_200k", f"{side}_700k")
        if found.get(name, {}).get("cpu_s")
    ]
    if len(points) < 2:
        return None
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    above = sum((x - middle_x) * (y - middle_y) for x, y in points)
    return round(above / sum((x - middle_x) ** 2 for x, _ in points), 3)


def summary(found: dict[str, Found], made: dict[str, Task], *, quick: bool) -> Found:
    """The keys by which runs are compared, then everything that was measured; None where it was not."""

    def one(name: str, key: str) -> Any:
        return found.get(name, {}).get(key)

    def group(prefix: str) -> Found:
        return {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)}

    failed = {name: value["failed"] for name, value in found.items() if "failed" in value}
    return {
        "cpu_ratio_700k": _ratio(found, "700k", "cpu_s"),
        "cpu_ratio_200k": _ratio(found, "200k", "cpu_s"),
        "cpu_ratio_50k": _ratio(found, "50k", "cpu_s"),
        "cpu_ratio_fence": _ratio(found, "fence", "cpu_s"),
        "cpu_ratio_per_delta": _ratio(found, "per_delta", "cpu_s"),
        "growth_exponent": _exponent(found, made, "program"),
        "growth_exponent_edit": _exponent(found, made, "edit"),
        "stall_ms": group("stall_"),
        "hostile": group("hostile_"),
        "memory_ratio": _ratio(found, "700k", "memory_mb"),
        "first_token_ms_p95": one("first_token", "p95"),
        "stop_ms_p99": one("stop", "p99"),
        "open_10k": found.get("open_10k"),
        "start": found.get("start"),
        "key_ms_p99": one("keys", "p99"),
        "lost_characters": sum(value.get("lost", 0) + value.get("late_characters", 0) for value in found.values()),
        "naive": found.get("naive"),
        "sizes": {name: task.arguments["size"] for name, task in made.items() if "size" in task.arguments},
        "quick": quick,
        "failed": failed,
        "load": [round(value, 1) for value in os.getloadavg()],
        "measured": group("program_")
        and {name: found[name] for name in found if name.startswith(("program_", "edit_"))},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, few repeats; checks that all works")
    parser.add_argument("--only", default="", help="measurements, or how their names begin, parted by commas")
    parser.add_argument("--profile", default="", metavar="NAME", help="profile one measurement")
    parser.add_argument("--list", action="store_true", help="name the measurements")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--arguments", default="{}", help=argparse.SUPPRESS)
    parser.add_argument("--profiled", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        child(chosen.child, json.loads(chosen.arguments), profiled=chosen.profiled)
        return
    with tempfile.TemporaryDirectory(prefix="coderapp-benchmark-") as folder:
        made = tasks(chosen.quick, folder)
        if chosen.list:
            print("\n".join(made))
            return
        wanted = [name for name in (chosen.profile or chosen.only).split(",") if name]
        names = [name for name in made if not wanted or any(name.startswith(part) for part in wanted)]
        if not names:
            raise SystemExit(f"there is no measurement {', '.join(wanted)}; --list names them")
        if any(folder in map(str, made[name].arguments.values()) for name in names) and "store" not in names:
            names.insert(0, "store")
        found: dict[str, Found] = {}
        viewport = [480, 600]
        for name in names:
            found[name] = run(name, made[name], viewport, profiled=bool(chosen.profile) and name != "store")
            viewport = found[name].get("size", viewport)
            if "failed" in found[name]:
                print(f"{name}: {found[name]['failed']}", flush=True)
    result = summary(found, made, quick=chosen.quick)
    print(json.dumps(result))
    if result["failed"] or result["lost_characters"]:
        sys.exit("a measurement failed, or characters were lost: see the lines above")


if __name__ == "__main__":
    main()
