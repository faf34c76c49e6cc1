"""A disk that reports errors at any write, sync, rename or the like.

After a single error what failed did not happen, and nothing else suffers. After several in a row a record may be in the
journal that was said to have failed: the program then saves the conversation whole, and so does this test.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from coderapp.core.errors import StorageError
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.paths import Paths
from tests.unit.storage.test_crash import CHANGING, ONE, Step, begun, ended, perform, steps


@dataclass(slots=True)
class Disk:
    """Fails from its step `first` on, `count` times."""

    first: int
    count: int
    steps: int = 0
    failures: int = 0

    def fails(self) -> bool:
        self.steps += 1
        if self.first <= self.steps < self.first + self.count:
            self.failures += 1
            return True
        return False


@contextmanager
def faulty(first: int, count: int, number: int = errno.EIO) -> Iterator[Disk]:
    """Within, the calls that change the disk fail as the Disk says; a write that fails has written half."""
    disk = Disk(first, count)
    real: dict[str, Callable[..., Any]] = {name: getattr(os, name) for name in (*CHANGING, "open", "write")}
    error = OSError(number, os.strerror(number))

    def changing(name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if disk.fails():
                raise error
            return real[name](*arguments, **options)

        return call

    def open_(path: Any, flags: int, *arguments: Any, **options: Any) -> Any:
        if flags & os.O_CREAT and disk.fails():
            raise error
        return real["open"](path, flags, *arguments, **options)

    def write(descriptor: int, data: bytes) -> Any:
        if disk.fails():
            real["write"](descriptor, bytes(data)[: len(data) // 2])
            raise error
        return real["write"](descriptor, data)

    for name in CHANGING:
        setattr(os, name, changing(name))
    os.open, os.write = open_, write  # type: ignore[assignment]
    try:
        yield disk
    finally:
        for name, function in real.items():
            setattr(os, name, function)


def suffer(folder: str, plan: list[Step], disk: Disk | None, number: int, *, of_version_1: bool) -> int:
    """Performs the plan on a faulty disk, then on a good one looks whether all is there; the steps on disk."""
    store, model = begun(folder, of_version_1=of_version_1)
    paths = Paths.under(folder)
    first, count = (disk.first, disk.count) if disk else (10**9, 0)
    with faulty(first, count, number) as real:
        behind = False
        for step in plan:
            said = None
            try:
                if behind:  # as the program does where a conversation could not be saved whole
                    store.rewrite(model)
                    behind = False
                model = perform(store, model, step)
            except StorageError as error:
                said = error
            if said is not None:
                assert said.sentence.endswith(".")
                assert said.advice
                if step[0] in ("reopen", "trash"):  # may have come as far as closing it
                    model = ended(model)
                behind = behind or step[0] == "rewrite" or count > 1
        with suppress(StorageError):
            store.sync()
    rows = store.trashed()
    if rows and not store.list():
        store.restore(rows[0].trashed)
    if behind:
        store.rewrite(model)
    store.close()
    problems = [problem.sentence for problem in store.take_problems()]
    fresh = ConversationStore(paths)
    (head,) = fresh.list()
    assert ended(fresh.load(ONE)) == ended(model), (head, problems)
    assert not [problem for problem in fresh.take_problems() if "cut off in mid-write" not in problem.sentence]
    fresh.close()
    return real.steps


@settings(max_examples=150, deadline=None)
@given(
    steps,
    st.floats(0, 1),
    st.sampled_from((1, 2, 5, 10**6)),
    st.sampled_from((errno.EIO, errno.ENOSPC, errno.EROFS, errno.EACCES)),
    st.booleans(),
)
def test_what_fails_did_not_happen(plan: list[Step], where: float, count: int, number: int, of_version_1: bool) -> None:
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=base) as whole:
        total = suffer(whole, plan, None, number, of_version_1=of_version_1)
    with tempfile.TemporaryDirectory(dir=base) as broken:
        disk = Disk(1 + int(where * max(0, total - 1)), count)
        suffer(broken, plan, disk, number, of_version_1=of_version_1)
