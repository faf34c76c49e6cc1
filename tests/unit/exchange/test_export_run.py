"""Exports to files, folders and archives: whole or not at all, and nothing is changed in the data folder."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from coderapp.core.conversation import Conversation
from coderapp.core.errors import StorageError
from coderapp.core.exporting import ExportDone, ExportFormat, ExportOptions
from coderapp.core.message import Role
from coderapp.exchange.exporters.names import default_name
from coderapp.exchange.exporters.run import NothingToExport, export
from coderapp.exchange.exporters.source import Source
from coderapp.exchange.exporters.targets import Archive, Folder, OneFile, remove_remains
from coderapp.storage import schema
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.document import Document
from coderapp.storage.errors import DiskFull, UnknownConversation
from coderapp.storage.paths import Paths
from tests.unit.exchange.samples import answer, message, rich

FIRST, SECOND = "20261122-170355-ab12cd", "20261121-170355-ab12ce"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.under(tmp_path / "data")


@pytest.fixture
def store(paths: Paths) -> ConversationStore:
    store = ConversationStore(paths)
    store.create(rich(FIRST))
    store.create(rich(SECOND))
    return store


def no_pdf(conversation: Conversation, options: ExportOptions, tick: Callable[[float], None]) -> bytes:
    raise AssertionError


def run(paths: Paths, ids: list[str], target: Path, form: ExportFormat, **how: bool) -> ExportDone:
    return export(
        Source(paths),
        ids,
        target,
        ExportOptions(form, **how),
        several=len(ids) > 1,
        pdf=no_pdf,
        progress=lambda part, name: None,
    )


def files(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_one_conversation_goes_to_one_file(paths: Paths, store: ConversationStore, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("old")
    done = run(paths, [FIRST], target, ExportFormat.JSON)
    assert (done.path, done.written, done.problems) == (str(target), 1, ())
    back = schema.decode(FIRST, target.read_bytes())
    assert list(back.conversation.messages) == list(rich().messages)
    assert sorted(os.listdir(tmp_path)) == ["data", "out.json"]


def test_several_go_to_a_folder_or_an_archive_with_names_of_their_own(
    paths: Paths, store: ConversationStore, tmp_path: Path
) -> None:
    run(paths, [FIRST, SECOND], tmp_path / "all", ExportFormat.HTML)
    run(paths, [FIRST, SECOND], tmp_path / "all.zip", ExportFormat.HTML)
    stem = "Parser & _friends_ a_b _ c"
    assert set(files(tmp_path / "all")) == {f"{stem}.html", f"{stem}-2.html", "index.html"}
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == files(tmp_path / "all")


def test_an_export_changes_nothing_and_sees_what_the_journal_holds(
    paths: Paths, store: ConversationStore, tmp_path: Path
) -> None:
    store.add_message(FIRST, message("new", Role.USER, "in the journal only"))
    before = files(paths.root)
    assert any(name.endswith(".journal") for name in before)
    run(paths, [FIRST], tmp_path / "out.md", ExportFormat.MARKDOWN)
    assert "in the journal only" in (tmp_path / "out.md").read_text()
    assert files(paths.root) == before


def test_what_is_unsaved_is_exported_as_it_is_on_screen(paths: Paths, store: ConversationStore, tmp_path: Path) -> None:
    newer = rich()
    newer.add(message("unsaved", Role.USER, "only on screen"))
    source = Source(paths, {FIRST: schema.encode(Document(newer))})
    export(
        source,
        [FIRST],
        tmp_path / "out.txt",
        ExportOptions(ExportFormat.TEXT),
        several=False,
        pdf=no_pdf,
        progress=lambda part, name: None,
    )
    assert "only on screen" in (tmp_path / "out.txt").read_text()


def test_what_can_not_be_read_is_told_and_the_rest_is_exported(
    paths: Paths, store: ConversationStore, tmp_path: Path
) -> None:
    (paths.conversations / "20260101-000000-000000.json").mkdir()
    path = paths.conversations / f"{SECOND}.json"
    path.write_bytes(path.read_bytes()[:-60])
    ids = [head.id for head in Source(paths).list()]
    assert set(ids) == {FIRST, SECOND, "20260101-000000-000000"}
    before = files(paths.root)
    done = run(paths, ids, tmp_path / "out", ExportFormat.TEXT)
    assert done.written == 2
    assert len(done.problems) == 2
    assert any("could not be read" in problem for problem in done.problems)
    assert any("is damaged" in problem for problem in done.problems)
    assert files(paths.root) == before


def test_one_of_a_later_version_is_exported_as_far_as_it_can_be_read(
    paths: Paths, store: ConversationStore, tmp_path: Path
) -> None:
    store.close()
    path = paths.conversations / f"{FIRST}.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"version": 99, "mood": "new"}), encoding="utf-8")
    for form in (ExportFormat.JSON, ExportFormat.TEXT):
        done = run(paths, [FIRST], tmp_path / f"out.{form.value}", form)
        assert (done.written, list(done.problems)) == (1, [])
    made = json.loads((tmp_path / "out.json").read_bytes())
    assert (made["version"], made["mood"], len(made["messages"])) == (schema.VERSION, "new", len(rich()))


@pytest.mark.parametrize("name", ["out", "out.zip", "out.md"])
def test_an_export_that_is_stopped_leaves_nothing(
    paths: Paths, store: ConversationStore, tmp_path: Path, name: str
) -> None:
    target = tmp_path / name
    if name != "out":
        target.write_text("precious")
    ids = [FIRST] if name == "out.md" else [FIRST, SECOND]
    temporary: list[Path] = []

    def stop(part: float, title: str) -> None:
        if part > 0.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(
            Source(paths),
            ids,
            target,
            ExportOptions(),
            several=len(ids) > 1,
            pdf=no_pdf,
            progress=stop,
            begun=temporary.append,
        )
    assert sorted(os.listdir(tmp_path)) == sorted({"data"} | ({name} if name != "out" else set()))
    assert name == "out" or target.read_text() == "precious"
    assert temporary
    assert temporary[0].parent == tmp_path


@pytest.mark.parametrize("name", ["out", "out.zip", "out.md"])
def test_a_full_disk_is_told_and_leaves_nothing(
    paths: Paths, store: ConversationStore, tmp_path: Path, name: str
) -> None:
    import resource
    import signal

    resources = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, resources[1]))
    try:
        with pytest.raises(DiskFull) as failed:
            run(paths, [FIRST] if name == "out.md" else [FIRST, SECOND], tmp_path / name, ExportFormat.MARKDOWN)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, resources)
        signal.signal(signal.SIGXFSZ, handler)
    assert name in failed.value.sentence
    assert os.listdir(tmp_path) == ["data"]


def test_a_folder_with_something_in_it_is_left_alone(paths: Paths, store: ConversationStore, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(StorageError, match="is there already"):
        run(paths, [FIRST, SECOND], tmp_path / "mine", ExportFormat.TEXT)
    (tmp_path / "empty").mkdir()
    run(paths, [FIRST, SECOND], tmp_path / "empty", ExportFormat.TEXT)
    assert len(os.listdir(tmp_path / "empty")) == 2
    with pytest.raises(StorageError, match="does not exist"):
        run(paths, [FIRST], tmp_path / "no" / "where.txt", ExportFormat.TEXT)
    with pytest.raises(StorageError, match="is a folder"):
        run(paths, [FIRST], tmp_path / "mine", ExportFormat.TEXT)
    assert sorted(os.listdir(tmp_path)) == ["data", "empty", "mine"]


def test_nothing_to_export_is_a_sentence(paths: Paths, tmp_path: Path) -> None:
    store = ConversationStore(paths)
    empty = Conversation(FIRST, 1_795_000_000.0)
    empty.add(answer("a", "no code"))
    store.create(empty)
    with pytest.raises(NothingToExport):
        run(paths, [], tmp_path / "out", ExportFormat.TEXT)
    with pytest.raises(NothingToExport, match="no code block"):
        run(paths, [FIRST], tmp_path / "out.zip", ExportFormat.CODE)
    with pytest.raises(UnknownConversation):
        run(paths, ["20990101-000000-000000"], tmp_path / "out.md", ExportFormat.TEXT)
    assert os.listdir(tmp_path) == ["data"]


def test_code_of_several_stands_in_folders(paths: Paths, store: ConversationStore, tmp_path: Path) -> None:
    done = run(paths, [FIRST, SECOND], tmp_path / "code.zip", ExportFormat.CODE)
    with zipfile.ZipFile(tmp_path / "code.zip") as archive:
        names = archive.namelist()
    assert done.written == len(names) == 8
    assert len({name.split("/")[0] for name in names}) == 2
    assert all(name.count("/") >= 2 for name in names)


def test_a_deletion_that_was_cut_short_is_not_listed(paths: Paths, store: ConversationStore) -> None:
    store.add_message(SECOND, message("new", Role.USER, "x"))
    data = (paths.conversations / f"{SECOND}.journal").read_bytes()
    store.delete(SECOND)
    (paths.conversations / f"{SECOND}.journal").write_bytes(data)
    assert [head.id for head in Source(paths).list()] == [FIRST]


def test_reading_while_the_window_writes_never_loses_a_change(paths: Paths, store: ConversationStore) -> None:
    """The file may be folded between the two reads; each change that was made before is there."""
    import threading

    made = 0
    stop = threading.Event()

    def write() -> None:
        nonlocal made
        number = 0
        while not stop.is_set():
            store.add_message(FIRST, message(f"n{number}", Role.USER, "x"), sync=False)
            store.fold(FIRST)
            number += 1
            made = number

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(60):
            least = made
            found = Source(paths).read(FIRST)
            assert len(found.conversation) >= len(rich()) + least
            assert found.complaints == []
    finally:
        stop.set()
        writer.join()


def test_default_names() -> None:
    assert default_name("A/b", ExportFormat.PDF, "2026-11-22", several=False) == "A_b.pdf"
    assert default_name("", ExportFormat.CODE, "2026-11-22", several=False) == "conversation.zip"
    assert default_name("A", ExportFormat.HTML, "2026-11-22", several=True) == "coderapp export 2026-11-22.zip"


@pytest.mark.parametrize(("name", "kind"), [("out.md", OneFile), ("out", Folder), ("out.zip", Archive)])
def test_a_target_that_is_taken_in_the_meantime_is_told_and_left(
    tmp_path: Path, name: str, kind: type[OneFile | Folder | Archive]
) -> None:
    goal = kind(tmp_path / name)
    goal.put("a", b"x", 0.0)
    (tmp_path / name).mkdir()
    (tmp_path / name / "mine").write_text("precious")
    with pytest.raises(StorageError, match=name):
        goal.finish()
    assert os.listdir(tmp_path) == [name]
    assert (tmp_path / name / "mine").read_text() == "precious"


@pytest.mark.parametrize("when", [-1e12, 0.0, 1e12, float("inf"), 1e18])
def test_archives_know_no_times_outside_of_theirs(tmp_path: Path, when: float) -> None:
    goal = Archive(tmp_path / "x.zip")
    goal.put("a", b"x", when)
    goal.finish()
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.getinfo("a").date_time == (1980, 1, 1, 0, 0, 0)


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x").write_text("x")
    (tmp_path / "file").write_text("x")
    for name in ("folder", "file", "nothing"):
        remove_remains(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_what_is_damaged_or_unsaved_is_listed_too(paths: Paths, store: ConversationStore, tmp_path: Path) -> None:
    (paths.conversations / "20260101-000000-000000.json").mkdir()
    unsaved = Conversation("20260102-000000-000000", 1_795_000_000.0, title="only on screen")
    source = Source(paths, {unsaved.id: schema.encode(Document(unsaved))})
    listed = {head.id: head for head in source.list()}
    assert set(listed) == {FIRST, SECOND, "20260101-000000-000000", unsaved.id}
    assert listed[unsaved.id].title == "only on screen"
    assert listed["20260101-000000-000000"].reason
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError):
        Source(Paths.under(tmp_path / "file")).list()
    assert list(Source(Paths.under(tmp_path / "nowhere")).list()) == []


def test_many_problems_are_not_told_one_by_one(paths: Paths, store: ConversationStore, tmp_path: Path) -> None:
    ids = [FIRST, *(f"20990101-000000-{number:06}" for number in range(30))]
    done = run(paths, ids, tmp_path / "out", ExportFormat.TEXT)
    assert done.written == 1
    assert len(done.problems) == 21
    assert "10 more" in done.problems[-1]
    with pytest.raises(UnknownConversation):
        run(paths, ids[1:], tmp_path / "other", ExportFormat.TEXT)
