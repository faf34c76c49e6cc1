"""When .venv is left alone, added to or made anew; and that the stamp survives being written down."""

import dataclasses

import pytest
from dev_environment import Found, Plan, Stamp, decide, fingerprint
from dev_system import Purpose
from hypothesis import given
from hypothesis import strategies as st

STAMP = Stamp(
    root="/src/coderapp",
    python="3.11",
    installing=False,
    fingerprints={"run": "r1", "test": "t1"},
    entries=("httpx", "httpx-0.28.1.dist-info"),
)
FOUND = Found("3.11", STAMP, frozenset({"httpx", "httpx-0.28.1.dist-info", "extra"}))


def plan(found: Found, purpose: Purpose = "run", digest: str = "r1", python: str = "3.11") -> Plan:
    made, why = decide(found, root="/src/coderapp", python=python, purpose=purpose, fingerprint=digest)
    assert bool(why) == (made != "ready")
    return made


def test_left_alone() -> None:
    assert plan(FOUND) == "ready"
    assert plan(FOUND, "test", "t1") == "ready"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"exists": False, "python": None, "stamp": None}, "remake"),
        ({"python": None}, "remake"),
        ({"python": "3.12"}, "remake"),
        ({"stamp": None}, "install"),
        ({"stamp": dataclasses.replace(STAMP, installing=True)}, "remake"),
        ({"stamp": dataclasses.replace(STAMP, root="/elsewhere")}, "remake"),
        ({"stamp": dataclasses.replace(STAMP, fingerprints={"test": "t1"})}, "install"),
        ({"entries": frozenset({"httpx-0.28.1.dist-info"})}, "remake"),
        ({"entries": frozenset({"httpx", "httpx-0.29.0.dist-info"})}, "install"),
        ({"entries": frozenset()}, "install"),
    ],
)
def test_mended(changed: dict[str, object], expected: Plan) -> None:
    found = dataclasses.replace(FOUND, **changed)  # type: ignore[arg-type]  # field names from the table
    assert plan(found) == expected


def test_renewed_lock_is_installed() -> None:
    assert plan(FOUND, digest="r2") == "install"
    assert plan(FOUND, "test", "t2") == "install"


@given(
    st.builds(
        Stamp,
        root=st.text(),
        python=st.text(),
        installing=st.booleans(),
        fingerprints=st.dictionaries(st.text(), st.text()),
        entries=st.lists(st.text()).map(tuple),
    )
)
def test_stamp_survives(stamp: Stamp) -> None:
    assert Stamp.loads(stamp.dumps()) == stamp


@given(st.integers(0, len(STAMP.dumps()) - 1))
def test_cut_stamp_is_none(length: int) -> None:
    assert Stamp.loads(STAMP.dumps()[:length]) is None


@pytest.mark.parametrize("text", ["[]", "null", "{}", '"x"', '{"root": "", "python": "", "installing": false}'])
def test_foreign_stamp_is_none(text: str) -> None:
    assert Stamp.loads(text) is None


def test_fingerprint_counts_what_is_installed() -> None:
    pyproject = '[project]\nname = "x"\n[tool.ruff]\nline-length = 110\n'
    same = fingerprint(pyproject, {"a.lock": b"1"}, "3.11")
    assert fingerprint(pyproject.replace("110", "99"), {"a.lock": b"1"}, "3.11") == same
    assert fingerprint(pyproject.replace('"x"', '"y"'), {"a.lock": b"1"}, "3.11") != same
    assert fingerprint(pyproject, {"a.lock": b"2"}, "3.11") != same
    assert fingerprint(pyproject, {"b.lock": b"1"}, "3.11") != same
    assert fingerprint(pyproject, {"a.lock": b"1"}, "3.12") != same
