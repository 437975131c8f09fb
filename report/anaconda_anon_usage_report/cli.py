"""The command ``aau-report``."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from rich.console import Console

from .arguments import parse
from .engine import EngineError, EngineUnavailable, open_engine
from .measures.calendar import TooManyPeriods
from .measures.data import COLUMNS
from .measures.definitions import TABLES
from .measures.options import ReportOptions
from .output import print_json, print_tables, write_csv, write_page
from .output.escape import printable
from .output.progress import Progressing
from .reading import Options, ReadingError, read
from .results import Report, make_report
from .store.commands import COMMANDS, run
from .store.contents import opened
from .store.report import read_beside, read_remote, read_stored, split, url_of

#: Exit statuses besides those of ReadingError. Ctrl-C as shells report it (128 + SIGINT).
FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, by default the process's, and return the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        with _terminable():
            if arguments and arguments[0] in COMMANDS:
                run(arguments)
            else:
                options = parse(arguments)
                _write(_report(options), options)
            sys.stdout.flush()
            return 0
    except ReadingError as error:
        return _fail(error.message, error.status)
    except TooManyPeriods as error:
        return _fail(str(error), WRONG_USAGE)
    except EngineUnavailable as error:
        return _fail(str(error), WRONG_USAGE)
    except EngineError as error:
        return _fail(f"database: {error}", FAILED)
    except BrokenPipeError:
        # As with `| head`. See the "Note on SIGPIPE" of Python's signal module.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        name = f"cannot write {error.filename}: " if error.filename else ""
        return _fail(f"{name}{error.strerror}", FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED


def _report(options: argparse.Namespace) -> Report:
    """Read the logs and count."""
    chosen = ReportOptions(
        since=options.since,
        until=options.until,
        by=options.by,
        lasting=options.lasting,
        accounts=options.accounts,
        organizations=tuple(options.organization),
        installers=tuple(options.installer),
        channels=tuple(options.channel),
        subdirs=tuple(options.subdir),
        packages=tuple(options.package),
        inventory=_inventory(options.inventory),
        unused_days=options.unused_days,
        min_clients=options.min_clients,
    )
    parsing = Options(
        count_redirects=options.count_redirects,
        heartbeat_path=options.heartbeat_path,
        strip_prefix=tuple(options.strip_prefix or Options.strip_prefix),
        channels=tuple(options.channel),
    )
    with contextlib.ExitStack() as stack:
        progress = stack.enter_context(Progressing())
        url = url_of(options.logs)
        directory, logs = split(options.logs) if url is None else (None, [])
        if directory is None:
            reading = read(
                logs,
                format=options.format,
                options=parsing,
                on_bytes=progress.advance,
                required=url is None,
            )
        else:
            stored = stack.enter_context(opened(directory))
            reading = read_beside(
                directory,
                stored,
                logs,
                format=options.format,
                options=parsing,
                on_bytes=progress.advance,
            )
        progress.start("reading", reading.size)
        engine = stack.enter_context(open_engine(options.engine, options.memory, options.master))
        if url is not None:
            requests = read_remote(url, reading, engine)
        elif directory is None:
            requests = engine.read(reading, COLUMNS)
        else:
            requests = read_stored(directory, stored, reading, engine, options.accounts)
        progress.start("counting", None)
        return make_report(requests, reading, chosen, options.table or tuple(TABLES))


def _write(report: Report, options: argparse.Namespace) -> None:
    if options.csv is not None:
        files = write_csv(report, options.csv)
        sys.stderr.write(f"wrote {len(files)} files to {printable(str(options.csv))}\n")
    if options.html is not None:
        write_page(report, options.html)
        sys.stderr.write(f"wrote {printable(str(options.html))}\n")
    if options.json:
        print_json(report)
    elif options.csv is None and options.html is None:
        print_tables(report, Console(highlight=False, markup=False, emoji=False), options.top)


def _inventory(path: Path | None) -> tuple[str, ...]:
    """Return the lines of the inventory."""
    if path is None:
        return ()
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ReadingError(f"cannot read {path}: {error.strerror}", WRONG_USAGE) from None
    return tuple(line.strip() for line in text.splitlines() if line.strip())


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the command like Ctrl-C, so that temporary files are removed."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _fail(message: str, status: int) -> int:
    sys.stderr.write(f"aau-report: error: {printable(message)}\n")
    return status
