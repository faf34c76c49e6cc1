"""`coderapp serve`: the built-in endpoint as a process. Light to import: the server is imported when it runs."""

from __future__ import annotations

import argparse
import gc
import json
import os
import secrets
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coderapp.endpoint.server import Listening

KEY_VARIABLE = "CODERAPP_ENDPOINT_KEY"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `coderapp serve`."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=0, help="port to listen on; 0 takes a free one (default)")
    parser.add_argument(
        "--key",
        help=f"API key that requests must carry; - reads it from the first line of standard input (default: the "
        f"environment variable {KEY_VARIABLE}, else a random one)",
    )
    parser.add_argument(
        "--tokens-per-second",
        type=_rate,
        default=0.0,
        metavar="N",
        help="pace of the answers; 0 is unthrottled (default)",
    )
    parser.add_argument(
        "--parent-pid",
        type=int,
        metavar="PID",
        help="end when this process ends (default: the process that started this one; 0: never)",
    )


def run(args: argparse.Namespace) -> int:
    """Serve with the options of `add_arguments` until told to stop. Returns the exit status."""
    key = args.key
    if key == "-":
        key = sys.stdin.readline().strip()
        if not key:
            print("coderapp serve: standard input holds no key; --key - reads it from the first line", file=sys.stderr)
            return 2
    return main(args.host, args.port, key, args.tokens_per_second, args.parent_pid)


def main(
    host: str = "127.0.0.1",
    port: int = 0,
    key: str | None = None,
    tokens_per_second: float = 0.0,
    parent_pid: int | None = None,
) -> int:
    """Serve until SIGTERM, SIGINT, or the parent's end. Prints {"url", "key"} as one line when ready.

    `key` None takes `CODERAPP_ENDPOINT_KEY` from the environment (and removes it there), else makes a random one.
    """
    key = key or os.environ.pop(KEY_VARIABLE, "").strip() or secrets.token_urlsafe(24)
    if not (key.isascii() and key.isprintable() and " " not in key):
        print(
            "coderapp serve: the key must be of ASCII letters, digits and signs, since it travels in a header",
            file=sys.stderr,
        )
        return 2
    gc.disable()  # nothing that the start makes becomes garbage; `server.serve` switches it on again
    try:
        from coderapp.endpoint import server

        return server.serve(host, port, key, tokens_per_second, parent_pid, _announcement(key))
    finally:
        gc.enable()


def _announcement(key: str) -> Callable[[Listening], None]:
    def announce(listening: Listening) -> None:
        print(json.dumps({"url": listening.url, "key": key}), flush=True)

    return announce


def _port(text: str) -> int:
    port = int(text) if text.isdigit() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, got {text}")
    return port


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 <= rate < float("inf"):
        raise argparse.ArgumentTypeError(f"tokens per second is a number from 0 upwards, got {text}")
    return rate
