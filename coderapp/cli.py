"""The command line: the window, the built-in endpoint, a picture, a report. Imports only what the command needs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from coderapp import __version__

Command = Callable[[argparse.Namespace], int]


def _window(arguments: argparse.Namespace) -> int:
    from coderapp.app.window import run
    from coderapp.storage.paths import Paths

    return run(Paths.under(arguments.data_dir))


def _serve(arguments: argparse.Namespace) -> int:
    from coderapp.endpoint.serve import run

    return run(arguments)


def _snapshot(arguments: argparse.Namespace) -> int:
    from coderapp.app.snapshot import run

    return run(arguments)


def _doctor(arguments: argparse.Namespace) -> int:
    from coderapp.app.doctor import run

    return run(arguments)


def _export(arguments: argparse.Namespace) -> int:
    from coderapp.app.export import run

    return run(arguments)


def _import(arguments: argparse.Namespace) -> int:
    from coderapp.app.importing import run

    return run(arguments)


def _parser(command: str) -> argparse.ArgumentParser:
    """The whole grammar; of the subcommands' arguments only those of `command`, whose module is imported for them."""
    parser = argparse.ArgumentParser(
        prog="coderapp", description="Talk to code-generating language models. Without a command: opens the window."
    )
    parser.add_argument("--version", action="version", version=f"coderapp {__version__}")
    parser.add_argument("--data-dir", metavar="DIR", help="keep everything in DIR instead of the platform's folder")
    parser.set_defaults(command=_window)
    commands = parser.add_subparsers(title="commands", metavar="")
    serve = commands.add_parser("serve", help="run the built-in endpoint on loopback")
    snapshot = commands.add_parser("snapshot", help="send a prompt through the window and write a picture of it")
    doctor = commands.add_parser("doctor", help="report what works here and what does not")
    export = commands.add_parser("export", help="write conversations as Markdown, HTML, PDF, JSON, text or code files")
    import_ = commands.add_parser("import", help="take conversations in from exports of other programs, or of this one")
    serve.set_defaults(command=_serve)
    snapshot.set_defaults(command=_snapshot)
    doctor.set_defaults(command=_doctor)
    export.set_defaults(command=_export)
    import_.set_defaults(command=_import)
    if command == "serve":
        from coderapp.endpoint import serve as module

        module.add_arguments(serve)
    elif command == "snapshot":
        from coderapp.app import snapshot as shot

        shot.add_arguments(snapshot)
    elif command == "doctor":
        from coderapp.app import doctor as report

        report.add_arguments(doctor)
    elif command == "export":
        from coderapp.app import export as exporting

        exporting.add_arguments(export)
    elif command == "import":
        from coderapp.app import importing

        importing.add_arguments(import_)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["find-process"]:  # what a frozen program starts instead of Python: see text/find_process
        from coderapp.text.find_process import serve

        serve(sys.stdin.buffer, sys.stdout.buffer)
        return 0
    if given == ["import-process"]:  # the window reads exports in a process of its own
        from coderapp.exchange.import_process import serve as serve_import

        serve_import(sys.stdin.buffer, sys.stdout.buffer)
        return 0
    command = next((word for word in given if word in ("serve", "snapshot", "doctor", "export", "import")), "")
    chosen = _parser(command).parse_args(given)
    run: Command = chosen.command
    return run(chosen)


def window() -> int:
    """The GUI script."""
    return main()
