"""What the built-in endpoint costs: start to ready, tokens a second over HTTP, memory.

    python -m tests.benchmarks.endpoint [--quick]

Prints what it measures; the last line is one JSON object. Times are wall-clock: run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

_ROOT = Path(__file__).resolve().parents[2]
_SERVE = "import sys; from coderapp.endpoint import serve; sys.exit(serve.main())"
_PROMPTS = (
    "login form",
    "dashboard in React",
    "pricing table, dark",
    "settings screen in SwiftUI",
    "read a csv in python",
)
_SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "temperature_0": {"temperature": 0},
    "temperature_0.7": {"temperature": 0.7},
    "top_p_0.9": {"top_p": 0.9},
    "penalties_0.5": {"frequency_penalty": 0.5, "presence_penalty": 0.5},
    "all_set": {"temperature": 0.7, "top_p": 0.9, "frequency_penalty": 0.3, "presence_penalty": 0.3},
    "temperature_2": {"temperature": 2, "max_tokens": 1500},
    "negative_penalty": {"frequency_penalty": -0.3, "max_tokens": 1500},
    "logprobs_5": {"logprobs": True, "top_logprobs": 5},
}


@contextmanager
def _endpoint() -> Generator[tuple[dict[str, str], float, int]]:
    """A running endpoint: its ready line, the seconds that it took, its process id."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", _SERVE], cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    took = time.perf_counter() - began
    try:
        yield ready, took, process.pid
    finally:
        process.terminate()
        process.wait(5)
        process.stdout.close()


def _kilobytes(pid: int) -> dict[str, int]:
    """PSS and RSS from the kernel's own sums; empty where it does not tell."""
    found: dict[str, int] = {}
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return found
    for line in lines:
        name, _, rest = line.partition(":")
        if name in ("Pss", "Rss"):
            found[name] = int(rest.split()[0])
    return found


def _stream(client: httpx.Client, url: str, body: dict[str, Any]) -> tuple[int, float, float]:
    """Tokens, seconds from the request to the last byte, seconds to the first byte."""
    began = time.perf_counter()
    first = 0.0
    parts = []
    with client.stream("POST", f"{url}/coder", json={**body, "stream": True, "format": "markdown"}) as response:
        for part in response.iter_raw():
            first = first or time.perf_counter()
            parts.append(part)
    ended = time.perf_counter()
    last = b"".join(parts).split(b"\n\n")[-3]
    return json.loads(last.removeprefix(b"data: "))["total_output_tokens"], ended - began, first - began


def main() -> None:
    parser = argparse.ArgumentParser(description="What the built-in endpoint costs")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    quick = parser.parse_args().quick
    starts = []
    for _ in range(2 if quick else 5):
        with _endpoint() as (_, took, _pid):
            starts.append(took)
    report: dict[str, Any] = {"start_to_ready_s": round(statistics.median(starts), 3)}
    print(f"start to ready: {statistics.median(starts):.3f} s, median of {len(starts)}")
    rates: dict[str, float] = {}
    firsts: list[float] = []
    with _endpoint() as (ready, _, pid):
        report["pss_ready_mb"] = round(_kilobytes(pid).get("Pss", 0) / 1024, 1)
        headers = {"WWW-Authenticate": ready["key"]}
        with httpx.Client(headers=headers, trust_env=False, timeout=60) as client:
            _stream(client, ready["url"], {"messages": "warm up"})
            for name, settings in _SETTINGS.items():
                tokens = 0
                seconds = 0.0
                for seed, prompt in enumerate(_PROMPTS[: 2 if quick else None]):
                    count, took, first = _stream(client, ready["url"], {"messages": prompt, "seed": seed, **settings})
                    tokens += count
                    seconds += took
                    firsts.append(first)
                rates[name] = round(tokens / seconds)
                print(f"{name}: {rates[name]:,.0f} tokens/s ({tokens} tokens)")
        memory = _kilobytes(pid)
    report["first_byte_ms"] = round(1000 * statistics.median(firsts), 1)
    report["tokens_per_second"] = rates
    report["pss_mb"] = round(memory.get("Pss", 0) / 1024, 1)
    report["rss_mb"] = round(memory.get("Rss", 0) / 1024, 1)
    print(f"memory after all that: PSS {report['pss_mb']} MB, RSS {report['rss_mb']} MB; load {os.getloadavg()[0]:.1f}")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
