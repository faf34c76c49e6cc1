"""Code blocks as files: their names, and that no name leads anywhere else."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.core.conversation import Conversation
from coderapp.core.exporting import ExportFormat, ExportOptions
from coderapp.exchange.exporters.code import code_files, hinted_name
from coderapp.exchange.exporters.names import Names, file_stem, safe_path
from coderapp.text.blocks import CodeBlock
from coderapp.text.stream import parse
from tests.unit.exchange.samples import answer, rich

OPTIONS = ExportOptions(ExportFormat.CODE)


def files_of(*texts: str) -> dict[str, str]:
    made = Conversation("20261122-170355-ab12cd", 1.0)
    for number, text in enumerate(texts):
        made.add(answer(f"a{number}", text))
    found = code_files(made, OPTIONS, lambda _: None)
    assert len({file.path for file in found}) == len(found)
    return {file.path: file.text for file in found}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("```python app.py\n1\n```", "app.py"),
        ('```js title="src/x.js"\n1\n```', "src/x.js"),
        ("```\n# tools/run.py\n1\n```", "tools/run.py"),
        ("```js\n// file: src/main.ts\n1\n```", "src/main.ts"),
        ("```html\n<!-- index.html -->\n```", "index.html"),
        ("```css\n/* style.css */\na{}\n```", "style.css"),
        ("```sh\n#!/bin/sh\n# go.sh\nls\n```", "go.sh"),
        ("### `src/app.py`\n\n```python\n1\n```", "src/app.py"),
        ("**2. Dockerfile**\n\n```\nFROM x\n```", "Dockerfile"),
        ("Put this into `lib/a.rb`:\n\n```ruby\n1\n```", "lib/a.rb"),
        ("Change `a.py` and `b.py`:\n\n```python\n1\n```", ""),
        ("It uses `numpy.array`.\n\n```python\n1\n```", ""),
        ("```python\n# version 1.2 of it\n1\n```", ""),
    ],
)
def test_a_file_is_called_what_the_answer_calls_it(text: str, name: str) -> None:
    blocks = parse(text)
    code = blocks[-1]
    assert isinstance(code, CodeBlock)
    assert hinted_name(code, blocks[-2] if len(blocks) > 1 else None) == name


def test_files_of_one_message_stand_in_no_folder() -> None:
    text = "```python app.py\na\n```\n\n```python app.py\nb\n```\n\n```rust\nfn main() {}\n```\n\n```\nwords\n```"
    assert files_of(text) == {
        "app.py": "a\n",
        "app-2.py": "b\n",
        "snippet-3.rs": "fn main() {}\n",
        "snippet-4.txt": "words\n",
    }


def test_each_message_has_a_folder_that_names_its_prompt() -> None:
    found = {file.path for file in code_files(rich(), OPTIONS, lambda _: None)}
    assert found == {
        "02 Write a parser with spaces b/src/parser.py",
        "02 Write a parser with spaces b/index.html",
        "02 Write a parser with spaces b/snippet-3.sh",
        "04 Now with tools please. Ünïcode 日本語/snippet-1.js",
    }


def test_a_folder_and_a_file_of_one_name_are_kept_apart() -> None:
    found = files_of("```py lib.x\n1\n```\n\n```py lib.x/a.py\n2\n```\n\n```py LIB.X/a.py\n3\n```")
    assert found == {"lib.x": "1\n", "lib.x-2/a.py": "2\n", "lib.x-2/a-2.py": "3\n"}


PARTS = st.sampled_from(
    ["..", ".", "/", "\\", "~", "a.py", "C:", "con", "nul.txt", " ", "-", "\u202e", "é", "É", "A.py", "..."]
)
NAMES = st.lists(PARTS, max_size=8).map("".join) | st.text(max_size=40)


@given(st.lists(NAMES, max_size=6))
def test_no_name_leads_out_of_its_folder(names: list[str]) -> None:
    text = "\n\n".join(f'```py title="{name}"\n{number}\n```' for number, name in enumerate(names))
    for path in files_of(text):
        _check(path)


@given(st.lists(NAMES, max_size=8))
def test_paths_are_safe_and_stems_unique(names: list[str]) -> None:
    given_ = Names()
    seen = set()
    for name in names:
        for piece in safe_path(name):
            _check(piece)
        stem = given_.free("", file_stem(name), ".md")
        _check(stem)
        seen.add(stem.casefold())
    assert len(seen) == len(names)


def _check(path: str) -> None:
    for flavour in (PurePosixPath(path), PureWindowsPath(path)):
        assert not flavour.is_absolute()
        assert not flavour.drive
        assert ".." not in flavour.parts
        assert flavour.name
    if hasattr(PureWindowsPath, "is_reserved"):
        assert not PureWindowsPath(path).is_reserved()
    assert all(len(piece.encode()) <= 160 for piece in path.split("/"))
    assert not any(ord(each) < 32 for each in path)


def test_many_blocks_of_one_name_do_not_take_long() -> None:
    text = "\n\n".join("```py a.py\n1\n```" for _ in range(3000))
    assert f"a-{3000}.py" in files_of(text)
