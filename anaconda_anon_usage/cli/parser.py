"""What all command lines of this package share: how they are parsed, and how they end.

Whatever happens, a person gets one line and no traceback, and a program an exit status
that says what kind of failure it was.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import traceback

from .. import __version__
from .._common import debug
from ..activation_scripts import environments
from . import output

#: Exit statuses: what was asked for could not be done; the command line is wrong; Ctrl-C,
#: as shells report it (128 and the number of SIGINT).
FAILED, WRONG, INTERRUPTED = 1, 2, 130


class WrongCommandLine(Exception):
    """The command line is well formed, but has a value that can't be meant."""


class Parser(argparse.ArgumentParser):
    """An ``argparse.ArgumentParser`` that knows ``--version``, and whose errors are one line."""

    def __init__(self, **options):
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**options)
        self.add_argument(
            "--version",
            action="version",
            version=f"anaconda-anon-usage {__version__}",
            help="print the version and exit",
        )

    def error(self, message: str):
        """Print one line and end the process with the status for a wrong command line."""
        output.error(f"{message}; see {self.prog} --help")
        raise SystemExit(WRONG)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json`` to a parser, or to a group of a parser's arguments."""
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def run(parser: argparse.ArgumentParser, arguments: list[str] | None, command=None) -> int:
    """Parse a command line, run its command and return the exit status.

    Args:
        parser: the parser.
        arguments: the command line without the program's name; by default that of the
            process.
        command: called with the parsed arguments, returns the exit status; by default
            what the parser puts into ``run``.
    """
    # A file's name may hold what the terminal's encoding has no characters for.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            options = parser.parse_args(arguments)
            return (command or options.run)(options)
        finally:
            if sys.stdout:
                sys.stdout.flush()  # so that it fails here, if it does
    except BrokenPipeError:
        _discard_stdout()  # the reader has seen enough
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except (WrongCommandLine, environments.NoSuchEnvironment) as error:
        output.error(error)
        return WRONG
    except Exception as error:
        if debug.enabled():
            traceback.print_exc()
        _discard_stdout()
        output.error(f"{type(error).__name__}: {error}")
        return FAILED


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer a shell that asks for completions, and end the process then.

    It asks through argcomplete (https://kislyuk.github.io/argcomplete), which sets a
    variable; without that variable, or without that library, nothing happens.
    """
    if "_ARGCOMPLETE" not in os.environ:
        return
    try:
        import argcomplete
    except ImportError:
        return
    argcomplete.autocomplete(parser)


def _discard_stdout() -> None:
    """Lead stdout nowhere: the interpreter writes what is left in it when it ends.

    From the documentation of Python's signal module, "Note on SIGPIPE".
    """
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stdout.flush()
        return
    with contextlib.suppress(AttributeError, OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
