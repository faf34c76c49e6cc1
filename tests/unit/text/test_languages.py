"""Info strings and file names."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pygments.lexers import get_lexer_by_name

from coderapp.text.languages import LANGUAGES, fence, suggested_file_name


@pytest.mark.parametrize(
    ("info", "name", "file_name"),
    [
        ("", "text", ""),
        ("python", "python", ""),
        ("PY", "python", ""),
        ("python app.py", "python", "app.py"),
        ("python:src/app.py", "python", "src/app.py"),
        ('js title="a b.js"', "javascript", "a b.js"),
        ("ts filename='x.ts' {1,3}", "typescript", "x.ts"),
        ("{path=a.py}", "python", "a.py"),
        ("{.rust}", "rust", ""),
        ("{.rust .numbers}", "rust", ""),
        ("app.py", "python", "app.py"),
        ("Dockerfile", "docker", ""),
        ("x/Makefile", "make", "x/Makefile"),
        ("sql,ignore", "sql", ""),
        ("c++", "cpp", ""),
        ("C#", "csharp", ""),
        ("js{1,4}", "javascript", ""),
        ("foo.unknown", "text", "foo.unknown"),
        ("brainfuck", "brainfuck", ""),
        ("???", "text", ""),
    ],
)
def test_info_strings(info: str, name: str, file_name: str) -> None:
    said = fence(info)
    assert (said.language.name, said.file_name) == (name, file_name)


def test_every_language_is_one_that_pygments_knows() -> None:
    names = [name for row in LANGUAGES for name in (row.name, *row.aliases)]
    assert len(names) == len(set(names))
    for row in LANGUAGES:
        get_lexer_by_name(row.name)
        assert fence(row.name).language is row
        assert not row.extension or row.extension.startswith(".")


@pytest.mark.parametrize(
    ("info", "name"),
    [
        ("", "snippet.txt"),
        ("python", "snippet.py"),
        ("docker", "Dockerfile"),
        ("make", "Makefile"),
        ("python src/app.py", "app.py"),
        ("python ..\\..\\app.py", "app.py"),
        ('x title="/etc/passwd"', "passwd"),
        ('py title="../.."', "snippet.py"),
        ('py title="a/b/"', "snippet.py"),
        ('py title=".env"', ".env"),
        ('py title="con.py"', "_con.py"),
        ('py title="LPT1"', "_LPT1"),
        ('py title="nul .tar.gz"', "_nul .tar.gz"),
        ('py title="console.py"', "console.py"),
        ('py title="a:b*.py"', "a_b_.py"),
        ('py title="a.py. . "', "a.py"),
        ('py title="x\u202egpj.exe"', "x_gpj.exe"),
        ('py title="' + "é" * 200 + '.py"', "é" * 58 + ".py"),
        ('py title="a.' + "b" * 300 + '"', "a." + "b" * 118),
    ],
)
def test_file_names(info: str, name: str) -> None:
    assert suggested_file_name(info) == name


_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)( *\..*)?", re.IGNORECASE)


@given(
    st.one_of(
        st.text(max_size=60),
        st.text(max_size=200).map(lambda name: f'py title="{name}"'),
        st.sampled_from(["CON", "nul.txt", "Com1.a.b", "..", "/", "\\", "a/..", "aux .x"]).map('x title="{}"'.format),
    ),
    st.sampled_from(["snippet", "", "..", "a/b", "con", " "]),
)
@example("", "con")
@example("???", "")
def test_file_names_are_safe(info: str, stem: str) -> None:
    name = suggested_file_name(info, stem=stem)
    assert name
    assert name == name.strip()
    assert not name.endswith(".")
    assert not set('<>:"/\\|?*') & set(name)
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in name)
    assert len(name.encode()) <= 121
    assert not _RESERVED.fullmatch(name)
