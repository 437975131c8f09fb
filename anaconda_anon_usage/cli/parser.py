"""What all commands share: parsing, output and exit statuses.

Whatever fails, users get one line instead of a traceback, and programs get an exit status
that shows the kind of failure.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

from .. import __version__
from .._common import debug_enabled, printable, redact
from ..activation_scripts import NoSuchEnvironment

#: Exit statuses: the command failed; the command line is wrong; Ctrl-C, as shells report
#: it (128 plus the number of SIGINT).
FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130


class WrongCommandLine(Exception):
    """The command line is well formed but has an invalid value."""


class Parser(argparse.ArgumentParser):
    """An ``argparse.ArgumentParser`` with ``--version`` and one-line errors."""

    purpose = ""  # the first line of the help, before the usage

    def __init__(self, **options: Any):
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)
        version = f"anaconda-anon-usage {__version__}"
        summary = "print the version and exit"
        self.add_argument("--version", action="version", version=version, help=summary)

    def format_help(self) -> str:
        """Return the help."""
        return f"{self.purpose}\n\n{super().format_help()}"

    def error(self, message: str) -> NoReturn:
        """Print one line and exit with the status for a wrong command line."""
        print_error(f"{message}; see {self.prog} --help")
        raise SystemExit(WRONG_USAGE)


def add_environment(parser: argparse.ArgumentParser, with_all: bool = False) -> None:
    """Add the options that choose an environment to a parser, with or without ``--all``."""
    group = parser.add_mutually_exclusive_group()
    name = "name of the environment (default: the active one, else base)"
    group.add_argument("-n", "--name", help=name)
    group.add_argument("-p", "--prefix", help="path of the environment")
    if with_all:
        group.add_argument("--all", action="store_true", help="all environments known to conda")


def add_json(parser: argparse._ActionsContainer) -> None:
    """Add ``--json`` to a parser, or to a group of a parser's arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(parser: argparse.ArgumentParser, arguments: list[str] | None) -> int:
    """Parse a command line, run its command and return the exit status.

    The parser's default ``run`` is a function that takes the parsed arguments and returns
    the exit status.
    """
    # Paths may contain characters that the terminal's encoding lacks.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            options = parser.parse_args(arguments)
            status: int = options.run(options)
            return status
        finally:
            if sys.stdout:
                sys.stdout.flush()  # so that a failure is caught here
    except BrokenPipeError:
        _discard_stdout()  # as with `| head -1`
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except (WrongCommandLine, NoSuchEnvironment) as error:
        print_error(error)
        return WRONG_USAGE
    except Exception as error:
        if debug_enabled() and sys.stderr:
            sys.stderr.write(redact(traceback.format_exc()))
        _discard_stdout()
        print_error(redact(f"{type(error).__name__}: {error}"))
        return FAILED


def print_error(message: object) -> None:
    """Print one line to stderr, whatever the message contains."""
    line = printable(" ".join(str(message).splitlines()))
    try:
        sys.stderr.write(f"anaconda-anon-usage: error: {line}\n")  # print() may use stdout
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):
        pass  # it is absent or closed


def print_json(value: object) -> None:
    """Print JSON in ASCII: file names need not be valid in any encoding."""
    print(json.dumps(value, indent=2))


def table(rows: Sequence[tuple[str, ...]], gap: int = 1) -> str:
    """Return rows as lines whose columns are aligned, with a gap after the longest cell."""
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) + gap for column in zip(*cells)]
    padded = ("".join(map(str.ljust, row, widths)) for row in cells)
    return "\n".join(line.rstrip() for line in padded)


def _discard_stdout() -> None:
    """Redirect stdout to the null device; see "Note on SIGPIPE" in Python's signal docs."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stdout.flush()
        return
    with contextlib.suppress(AttributeError, OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
