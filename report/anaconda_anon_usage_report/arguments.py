"""Define the command line, with the definitions of all measures in its help."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

from . import __version__
from .engine import ENGINES, MEMORY
from .measures.definitions import CLIENTS, KEYS, MEASURES, POPULATIONS, TABLES
from .measures.options import PERIODS
from .reading import FORMATS, Options

_EPOCH = date(1970, 1, 1)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse a command line, by default the process's; exit if it is invalid."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.since is not None and options.until is not None and options.until < options.since:
        parser.error("--until is before --since")
    if options.html is not None:
        options.by = options.by or "week"
        if options.table:
            options.table.append("periods")  # of which the page shows the last complete one
    return options


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="aau-report",
        usage="%(prog)s [options] LOG...\n       %(prog)s {collect,forget,expire} --help",
        description="Report how conda is used, from the access logs of its channels.",
        epilog=definitions(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"anaconda-anon-usage-report {__version__}"
    )
    parser.add_argument(
        "logs",
        nargs="+",
        metavar="LOG",
        help="a log, which may be compressed with gzip or zstd; a directory of logs; a pattern; "
        "- for stdin; or a store that `collect` created (with pyspark, also the URL of a copy)",
    )
    reading = parser.add_argument_group("reading")
    add_parsing(reading)
    reading.add_argument(
        "--engine",
        choices=ENGINES,
        default=ENGINES[0],
        help="what computes the report (default: %(default)s)",
    )
    reading.add_argument(
        "--master",
        metavar="URL",
        help="cluster of --engine pyspark, such as local[4] (default: Spark's own configuration)",
    )
    _add_selection(parser.add_argument_group("what is reported"))
    _add_output(parser.add_argument_group("output"))
    return parser


def add_parsing(group: argparse._ActionsContainer) -> None:
    """Add the options of reading logs."""
    group.add_argument(
        "--format",
        choices=sorted(FORMATS),
        help="format of the logs (default: detected in the first 100 lines of each log)",
    )
    group.add_argument(
        "--count-redirects",
        action="store_true",
        help="count responses with status 302 or 307 for package files as downloads",
    )
    group.add_argument(
        "--heartbeat-path",
        metavar="PATH",
        help="end of another path of heartbeats, besides noarch/activate-0.0.0-0.conda",
    )
    group.add_argument(
        "--strip-prefix",
        action="append",
        metavar="PATH",
        help="path prefix that is not part of the channel; can be repeated (default: "
        + ", ".join(Options.strip_prefix)
        + ")",
    )
    group.add_argument(
        "--memory",
        type=_at_least(100),
        default=MEMORY,
        metavar="MB",
        help="memory limit of DuckDB, which writes the rest to disk (default: %(default)s)",
    )


def _add_selection(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--since", type=_day, metavar="DATE", help="first UTC day to report")
    group.add_argument("--until", type=_day, metavar="DATE", help="last UTC day to report")
    group.add_argument(
        "--by",
        choices=PERIODS,
        help="report each UTC day, ISO week or month (default: week with --html)",
    )
    for name, metavar in (
        ("organization", "TOKEN"),
        ("installer", "TOKEN"),
        ("channel", "NAME"),
        ("subdir", "NAME"),
    ):
        hint = ", and never hide this channel" if name == "channel" else ""
        group.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar=metavar,
            help=f"report only requests with this {name}{hint}; can be repeated",
        )
    group.add_argument(
        "--package",
        action="append",
        default=[],
        metavar="NAME",
        help="also report the versions of this package; can be repeated",
    )
    group.add_argument(
        "--inventory",
        type=Path,
        metavar="FILE",
        help="list of the channel's files, one per line, to report unused packages",
    )
    group.add_argument(
        "--unused-days",
        type=_at_least(1),
        default=90,
        metavar="N",
        help="days without a download after which a package is unused (default: %(default)s)",
    )
    group.add_argument(
        "--lasting",
        type=_at_least(1),
        default=1,
        metavar="DAYS",
        help="minimum days between the first and last request of a lasting client "
        "(default: %(default)s)",
    )
    group.add_argument("--accounts", action="store_true", help="also count accounts")
    group.add_argument(
        "--min-clients",
        type=_at_least(1),
        default=5,
        metavar="N",
        help='merge groups of fewer than N clients into "other" (default: %(default)s)',
    )


def _add_output(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--json", action="store_true", help="print JSON")
    group.add_argument("--csv", type=Path, metavar="DIR", help="write CSV files to a directory")
    group.add_argument("--html", type=Path, metavar="FILE", help="write a page for a browser")
    group.add_argument(
        "--table",
        action="append",
        choices=list(TABLES),
        metavar="NAME",
        help="report only this table and the totals; can be repeated",
    )
    group.add_argument(
        "--top",
        type=_at_least(1),
        default=20,
        metavar="N",
        help="print at most N rows of a table (default: %(default)s)",
    )


def definitions() -> str:
    """Return the definitions of all measures, columns and tables, as lines for the help."""
    populations = "Most measures are computed for all requests and, with a suffix, for two"
    lines = textwrap.wrap(f"{CLIENTS} {populations} populations:", 90)
    for suffix, (title, sentence) in POPULATIONS.items():
        if suffix:
            lines += _entry(suffix, f"{title}. {sentence}")
    for heading, items in (("measures", MEASURES), ("columns", KEYS), ("tables", TABLES)):
        lines += ["", f"{heading}:"]
        for name, item in items.items():
            lines += _entry(name, item.sentence)
    return "\n".join(lines)


def _entry(name: str, sentence: str) -> Iterator[str]:
    yield f"  {name}"
    yield from textwrap.wrap(sentence, 90, initial_indent=" " * 6, subsequent_indent=" " * 6)


def _day(text: str) -> int:
    """Return a date as the number of days since 1970-01-01."""
    try:
        return (date.fromisoformat(text) - _EPOCH).days
    except ValueError:
        raise argparse.ArgumentTypeError(f"invalid date {text!r} (use YYYY-MM-DD)") from None


def _at_least(minimum: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least {minimum}")
        return int(text)

    return number
