"""A server that answers in OpenAI's streaming dialect, at the pace that the prompt asks for.

    python -m tests.benchmarks.sse_server

Prints its port, then a line of JSON for each answer when its last byte is written. The last prompt of a request is the
answer's plan, as JSON (see `Plan`). A line on stdin lets an answer go on that waits after its `ahead` characters. Each
delta is an HTTP chunk of its own, as from servers that write one token at a time.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from dataclasses import asdict, dataclass

import msgspec

from tests.benchmarks.texts import text_of

BURST_S = 0.005
"""Seconds' worth of deltas that one write holds at most."""

_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    b"Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """`kind` and `size` name the text (`texts.text_of`); `rate` is deltas a second, 0 as fast as they are taken;
    `delta` the characters in one; `ahead` characters are sent at full speed first; with `stamped` the answer is the
    time of sending, after `wait` seconds of silence; `endless` goes on until the connection is closed.
    """

    kind: str = "mixed"
    size: int = 1_000
    rate: int = 0
    delta: int = 4
    ahead: int = 0
    stamped: bool = False
    wait: float = 0.0
    endless: bool = False

    @property
    def prompt(self) -> str:
        return json.dumps(asdict(self))

    @property
    def text(self) -> str:
        return text_of(self.kind, self.size)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    body = {"id": "chatcmpl-b3nchm4rk", "object": "chat.completion.chunk", "created": 1_763_800_000, "model": "model"}
    return _chunk(b"data: " + json.dumps({**body, "choices": [choice]}).encode() + b"\n\n")


def _request(connection: socket.socket) -> Plan | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    parts, size = [body], len(body)
    while size < int(lengths[0]):
        parts.append(connection.recv(1 << 20))
        size += len(parts[-1])
    content = msgspec.json.decode(b"".join(parts))["messages"][-1]["content"]
    return Plan(**json.loads(content))


class _Writer:
    def __init__(self, connection: socket.socket, go_on: threading.Event) -> None:
        self._connection = connection
        self._go_on = go_on

    def answer(self, plan: Plan) -> dict[str, float]:
        """Writes the whole answer; returns how it went."""
        send = self._connection.sendall
        send(_HEAD + _event({"role": "assistant", "content": ""}))
        if plan.stamped:
            time.sleep(plan.wait)
            began = last = time.monotonic()
            send(_event({"content": f"{began:.6f}"}))
            deltas = [b""]
        else:
            text = plan.text
            if plan.ahead:
                self._send_fast(self._deltas(text[: plan.ahead], 64))
                self._go_on.wait()
                self._go_on.clear()
            deltas = self._deltas(text[plan.ahead :], plan.delta)
            began = time.monotonic()
            self._send_fast(deltas, endless=plan.endless) if plan.rate == 0 else self._send_paced(deltas, plan.rate)
            last = time.monotonic()
        send(_event({}, "stop") + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")
        rate = len(deltas) / max(last - began, 1e-9)
        return {"began": began, "last": last, "deltas": len(deltas), "rate": round(rate)}

    @staticmethod
    def _deltas(text: str, size: int) -> list[bytes]:
        return [_event({"content": text[start : start + size]}) for start in range(0, len(text), size)]

    def _send_fast(self, deltas: list[bytes], *, endless: bool = False) -> None:
        while True:
            for start in range(0, len(deltas), 100):
                self._connection.sendall(b"".join(deltas[start : start + 100]))
            if not endless:
                return

    def _send_paced(self, deltas: list[bytes], rate: int) -> None:
        """A writer that was held up does not catch up in a burst: the rest of its schedule moves."""
        most = max(1, round(rate * BURST_S))
        start, sent = time.monotonic(), 0
        while sent < len(deltas):
            due = int((time.monotonic() - start) * rate) - sent
            if due > most:
                start += (due - most) / rate
                due = most
            if due > 0:
                self._connection.sendall(b"".join(deltas[sent : sent + due]))
                sent += due
            time.sleep(max(0.0, start + (sent + 1) / rate - time.monotonic()))


def _serve(connection: socket.socket, go_on: threading.Event) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while (plan := _request(connection)) is not None:
            print(json.dumps(_Writer(connection, go_on).answer(plan)), flush=True)
    except OSError:
        print(json.dumps({"broken": time.monotonic()}), flush=True)  # the other side has had enough
    finally:
        connection.close()


def main() -> None:
    go_on = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(connection, go_on), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    for _ in sys.stdin:  # ends with whoever started this
        go_on.set()


if __name__ == "__main__":
    main()
