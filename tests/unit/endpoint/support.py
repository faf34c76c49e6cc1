"""What the endpoint's tests share: three small snippets, answers without a server, a server in a thread."""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from coderapp.core.sampling import SamplingSettings
from coderapp.endpoint.answering import Turn
from coderapp.endpoint.app import Endpoint, EndpointSettings
from coderapp.endpoint.generation import Generation, Limits
from coderapp.endpoint.model import ANSWER_LIMIT, SampleModel
from coderapp.endpoint.sampler import Sampler
from coderapp.endpoint.server import EndpointServer, Listening, bind

KEY = "test-key-0123"

_FILES = {
    "html/login": """---
title: Login form
keywords: login, sign in, form, password
framework: html
language: html
pattern: login
theme: light
file: login.html
---
A **sign-in** form with `autocomplete` hints.

```html title="login.html"
<form>
  <input name="user">
  <input name="pass" type="password">
</form>
```

- Point `action` at your server.
""",
    "html/login-dark": """---
title: Dark login form
keywords: login, sign in, dark, form, password
framework: html
language: html
pattern: login
theme: dark
file: login-dark.html
---
The same on a dark page.

```html title="login-dark.html"
<body style="background: #111">
<form>
  <input name="user">
</form>
</body>
```

- Check the contrast.
""",
    "python/csv": """---
title: Read a CSV file
keywords: csv, read csv, parse csv, file
framework: python
language: python
pattern: csv-parsing
theme: none
file: read.py
---
Rows as dictionaries, with the standard library alone.

```python title="read.py"
import csv


def rows(path: str) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))
```

- Say `encoding="utf-8-sig"` for files with a BOM.
""",
}


def write_library(folder: Path) -> Path:
    for slug, text in _FILES.items():
        path = folder / f"{slug}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


class Writer:
    """Writes answers without a server."""

    def __call__(
        self,
        model: SampleModel,
        prompt: str | Sequence[str],
        style: str = "markdown",
        settings: SamplingSettings | None = None,
        *,
        seed: int = 1,
        most: int = ANSWER_LIMIT,
        stop: tuple[str, ...] = (),
    ) -> str:
        prompts = [prompt] if isinstance(prompt, str) else prompt
        reading, wording = model.read(model.plan([Turn("user", each) for each in prompts]), style)
        sampler = Sampler(settings or SamplingSettings(temperature=0), seed)
        limits = Limits(most, closes=style == "json", stop=stop)
        return "".join(written.text for written in Generation(reading, wording, sampler, limits))


@dataclass(frozen=True, slots=True)
class Running:
    """A server in a thread of this process, and a client for it. The client sends no key of its own."""

    url: str
    client: httpx.Client
    key: str = KEY

    def post(self, path: str, body: Mapping[str, object], **options: object) -> httpx.Response:
        headers = {"WWW-Authenticate": self.key, **options.pop("headers", {})}  # type: ignore[dict-item]
        return self.client.post(path, json=body, headers=headers, **options)  # type: ignore[arg-type]


def run_server(model: SampleModel, settings: EndpointSettings) -> Generator[Running]:
    listener = bind("127.0.0.1", 0)
    ready = threading.Event()
    found: list[Listening] = []

    def is_ready(listening: Listening) -> None:
        found.append(listening)
        ready.set()

    server = EndpointServer(Endpoint(model, settings), listener, is_ready)
    thread = threading.Thread(target=server.run_here)
    thread.start()
    assert ready.wait(10)
    with httpx.Client(base_url=found[0].url, timeout=30, trust_env=False) as client:
        yield Running(found[0].url, client)
        server.stop()
    thread.join(5)
    assert not thread.is_alive()
