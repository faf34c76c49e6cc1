"""Builds every object of the window's program, connects them, and ends them in order."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from coderapp.core.errors import CoderappError
from coderapp.core.profile import Profile
from coderapp.qt import icons
from coderapp.qt.background import Failure, Worker
from coderapp.qt.books import ProfileBook, SettingsBook, StateBook
from coderapp.qt.connector import Connector
from coderapp.qt.conversation_keeper import ConversationKeeper
from coderapp.qt.endpoint_desk import EndpointDesk
from coderapp.qt.endpoint_process import EndpointProcess
from coderapp.qt.file_reader import FileReader
from coderapp.qt.file_saver import FileSaver
from coderapp.qt.folder_book import FolderBook
from coderapp.qt.keyring_worker import KeyringWorker, KeyStorage
from coderapp.qt.library import Library
from coderapp.qt.stream_worker import StreamWorker
from coderapp.qt.title_suggestion import TitleSuggestion
from coderapp.qt.workspace import Workspace
from coderapp.storage.folders import FolderStore
from coderapp.storage.keys import KeyStore, environment_key
from coderapp.storage.paths import Paths
from coderapp.storage.profiles import ProfileStore
from coderapp.storage.settings import SettingsStore, StateStore
from coderapp.widgets.main_window import MainWindow, WindowParts

if TYPE_CHECKING:
    from coderapp.api.client import Client
    from coderapp.qt.export_desk import ExportDesk
    from coderapp.qt.formulas import Formulas
    from coderapp.qt.highlighter import Highlighter
    from coderapp.qt.import_desk import ImportDesk
    from coderapp.storage.conversations import ConversationStore
    from coderapp.widgets.conversation.tools import ViewTools

T = TypeVar("T")

SWITCH_INTERVAL = 0.0005
"""Seconds after which a busy Python thread lets another run: at the default of 5 ms, a thread that decodes or lexes
beside a stream makes the UI thread miss frames."""

COLLECT_EVERY = 20_000
"""Milliseconds between garbage collections, which run while nothing streams and nobody types: a full pass takes
tens of milliseconds."""


def _client() -> Client:
    from coderapp.api.http_client import HttpClient

    client = HttpClient()
    client.warm_up()
    return client


def make_application(arguments: list[str]) -> QApplication:
    """The QApplication with the program's name, style and icon."""
    QApplication.setApplicationName("coderapp")
    QApplication.setDesktopFileName("coderapp")
    application = QApplication(arguments[:1])
    application.setStyle("Fusion")
    application.setWindowIcon(icons.application_icon())
    return application


class Program(QObject):
    """One window on one data folder. `begin` shows it; `end` stops every thread and process, within about a second."""

    def __init__(
        self,
        paths: Paths,
        *,
        extra_profile: Profile | None = None,
        fresh: bool = False,
        pace: int | None = None,
        client: Callable[[], Client] = _client,
        keys: KeyStorage | None = None,
    ) -> None:
        """`extra_profile` is added for this run and is the default; with `fresh`, no earlier conversation is opened;
        `pace` (tokens per second, 0 unthrottled) is used instead of the setting. `client` makes what reaches endpoints,
        in the thread of the streams; `keys` is used instead of the system's keyring.
        """
        super().__init__()
        self._fresh = fresh
        self._paths = paths
        settings_store, state_store, profile_store = SettingsStore(paths), StateStore(paths), ProfileStore(paths)
        self.settings = SettingsBook(settings_store.load(), self)
        self.state = StateBook(state_store.load(), self)
        known = profile_store.load()
        profiles = [*known.profiles, *([extra_profile] if extra_profile else [])]
        self.profiles = ProfileBook(profiles, extra_profile.id if extra_profile else known.default_id, self)
        self._start_problems = [*settings_store.problems, *state_store.problems, *profile_store.problems]
        folder_store = FolderStore(paths)
        self.folders = FolderBook(folder_store.load(), self)
        self._start_problems += folder_store.problems
        self._disk = Worker("storage", self)
        self._files = Worker("files", self)
        self._reader = Worker("reader", self)
        self.streams = StreamWorker(client, self)
        self.keys = KeyringWorker(keys or KeyStore(), environment_key, parent=self)
        self.endpoint = EndpointProcess(int(self.settings["built_in_pace"]) if pace is None else pace, self)
        self.connector = Connector(self.endpoint, self.keys, self)

        def store() -> ConversationStore:
            from coderapp.storage.conversations import ConversationStore

            made = ConversationStore(paths)
            if paths.incoming.exists():  # an earlier run ended in the middle of an import
                from coderapp.storage.staging import recover

                recover(paths, made)
                self.library.refresh()
            return made

        self.library = Library(paths, self)
        self.keeper = ConversationKeeper(self._disk, store, self, self.library)
        self.workspace = Workspace(
            keeper=self.keeper,
            profiles=self.profiles,
            connector=self.connector,
            streams=self.streams,
            folders=self.folders,
            parent=self,
        )
        self.titles = TitleSuggestion(
            lambda: self.settings["suggest_titles"] is True, self.workspace, self.connector, self.streams, self
        )
        self.desk = EndpointDesk(self.connector, self.keys, self.streams, self)
        self.window = MainWindow(
            WindowParts(
                self.workspace,
                self.settings,
                self.profiles,
                self.state,
                self.desk,
                self._view_tools,
                FileSaver(self._files),
                self.library,
                lambda: self.exports,
                lambda: self.imports,
            )
        )
        self.window.pane.composer.set_file_reader(FileReader(self._files).read)
        self._connect(settings_store, state_store, profile_store, extra_profile)
        self.folders.to_save.connect(lambda names: self._save(lambda: folder_store.save(names)))
        self._collector = QTimer(self, interval=COLLECT_EVERY)
        self._collector.timeout.connect(self._collect)

    def _connect(
        self, settings: SettingsStore, state: StateStore, profiles: ProfileStore, extra: Profile | None
    ) -> None:
        self.settings.to_save.connect(lambda values: self._save(lambda: settings.save(values)))
        self.state.to_save.connect(lambda values: self._save(lambda: state.save(values)))

        def save_profiles(known: list[Profile], default_id: str) -> None:
            kept = [profile for profile in known if extra is None or profile.id != extra.id]
            default = default_id if extra is None or default_id != extra.id else kept[0].id
            self._save(lambda: profiles.save(kept, default))

        self.profiles.to_save.connect(save_profiles)
        self.settings.changed.connect(self._on_setting)
        self.keys.trouble.connect(self.workspace.notice)

    # what the first paint does not need

    @property
    def is_settled(self) -> bool:
        """Whether everything that comes after the first paint is loaded."""
        return self._collector.isActive()

    @cached_property
    def highlighter(self) -> Highlighter:
        from coderapp.qt.highlighter import Highlighter

        return Highlighter(self)

    @cached_property
    def formulas(self) -> Formulas:
        from coderapp.qt.formulas import Formulas

        return Formulas(self)

    @cached_property
    def exports(self) -> ExportDesk:
        from coderapp.qt.export_desk import ExportDesk

        return ExportDesk(self.keeper, lambda: self.workspace.live, self._files, self._paths.root, self)

    @cached_property
    def imports(self) -> ImportDesk:
        from coderapp.qt.import_desk import ImportDesk

        return ImportDesk(self.keeper, self.workspace.bring_in, self._files, self._paths.root, self)

    def _view_tools(self) -> ViewTools:
        from coderapp.widgets.conversation.tools import ViewTools

        return ViewTools(self.highlighter, self._read, self.formulas)

    def _read(self, work: Callable[[], T], done: Callable[[T], None], failed: Failure | None = None) -> None:
        """Long texts are parsed in a thread."""

        def failure(error: CoderappError) -> None:
            self.workspace.notice.emit(f"{error.sentence} {error.advice}".strip())
            if failed is not None:
                failed(error)

        self._reader.submit(work, done, failure)

    def _save(self, write: Callable[[], None]) -> None:
        self._disk.submit(write, lambda _: None, lambda error: self.workspace.notice.emit(f"{error} {error.advice}"))

    def _on_setting(self, name: str) -> None:
        if name == "built_in_pace":
            self.endpoint.set_pace(int(self.settings["built_in_pace"]))

    # the course of things

    def begin(self) -> None:
        """Shows the window; what the first paint does not need comes after it."""
        sys.setswitchinterval(SWITCH_INTERVAL)
        gc.disable()  # from here on other threads run, and one that collects would end widgets where they must not end
        self.window.painted.connect(self._after_first_paint)
        self.window.show()

    def _after_first_paint(self) -> None:
        assert self.window.pane.view is not None  # made now
        last = self.state.get("open_conversation")
        self.workspace.begin("" if self._fresh or not isinstance(last, str) else last)
        for problem in self._start_problems:
            self.workspace.notice.emit(f"{problem.sentence} {problem.advice}".strip())
        self._files.submit(_load_libraries, lambda _: self._settle(), lambda _: self._settle())

    def _settle(self) -> None:
        """Everything is loaded: from here on garbage is collected only while nothing streams."""
        gc.collect()
        gc.freeze()
        gc.disable()
        self._collector.start()

    def _collect(self) -> None:
        if self.workspace.is_quiet and not self.window.pane.composer.is_in_use:
            gc.collect()

    def end(self) -> None:
        """Stops answers, writes everything, ends threads and the endpoint's process."""
        self._collector.stop()
        self.workspace.close()
        self.state.flush()
        self.keys.stop()
        self.streams.stop()
        for made in {"highlighter", "formulas", "exports", "imports"} & self.__dict__.keys():
            self.__dict__[made].stop()
        self._disk.stop()
        self.library.stop()
        self._files.stop()
        self._reader.stop(finish=False)
        self.endpoint.stop()
        gc.enable()


def _load_libraries() -> None:
    """What an answer and the opening of a conversation need, imported in a thread after the first paint."""
    from coderapp.storage import forms
    from coderapp.text import highlight, stream

    assert forms.decode_messages(b"[]") == []
    stream.parse("**a**")
    for language in ("html", "javascript", "css", "python"):
        highlight.warm(language)
