"""Compare aau-report with GoAccess: ``python benchmarks/run.py [--lines N ...]``.

Both read the same generated log, one after the other, while it is in the page cache. Prints a
table; ``--output`` also writes it to a file.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import Run, run

GENERATOR = Path(__file__).parent / "generate.py"

#: The time that one run may take, for each million lines.
SECONDS = 120

MEBIBYTE = 1024**2


def main() -> int:
    """Run the benchmark and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--lines", type=int, nargs="+", default=[1_000_000, 10_000_000], help="sizes of the logs"
    )
    parser.add_argument("--directory", type=Path, help="where the logs are written")
    parser.add_argument("--note", default="", help="a sentence about the circumstances")
    parser.add_argument("--output", type=Path, help="a Markdown file for the table")
    options = parser.parse_args()
    if not shutil.which("goaccess"):
        parser.error("goaccess is not installed (apt-get install goaccess)")
    rows = []
    with tempfile.TemporaryDirectory(dir=options.directory, prefix="aau-bench-") as directory:
        for lines in options.lines:
            rows += measure_all(Path(directory), lines)
    text = "\n".join(["# Results", "", _head(options.note), "", *_table(rows), ""])
    print(text)
    if options.output:
        options.output.write_text(text)
    return 0


def measure_all(directory: Path, lines: int) -> list[tuple[str, int, Run]]:
    """Return the name, number of lines and measurement of each program.

    Args:
        directory: where the log and the programs' files are written.
        lines: the number of lines of the log.
    """
    log = directory / "access.log"
    # In another process, because the kernel's figure for a program's memory begins with the memory
    # of the process that starts it.
    subprocess.run([sys.executable, GENERATOR, log, str(lines)], check=True)
    print(f"{lines:,} lines, {log.stat().st_size / 1e9:.2f} GB", file=sys.stderr)
    report = [sys.executable, "-m", "anaconda_anon_usage_report", log, "--json"]
    goaccess = [
        *("goaccess", log, "--no-global-config", "--log-format=COMBINED", "--no-progress"),
        *("-o", directory / "goaccess.json"),
    ]
    seconds = SECONDS * max(1, lines / 1_000_000)
    rows = []
    for name, command in (("GoAccess", goaccess), ("aau-report", report)):
        _read(log)
        rows.append((name, lines, run(command, seconds)))
        print(name, rows[-1][2], file=sys.stderr)
    # Neither program may have skipped lines.
    general = json.loads((directory / "goaccess.json").read_text())["general"]
    assert (general["valid_requests"], general["failed_requests"]) == (lines, 0), general
    log.unlink()
    return rows


def _read(path: Path) -> None:
    """Read a file, so that it is in the page cache."""
    with path.open("rb", buffering=0) as file:
        while file.read(MEBIBYTE):
            pass


def _table(rows: list[tuple[str, int, Run]]) -> list[str]:
    """Return the lines of a Markdown table."""
    table = [
        "| Lines | Program | Duration | Lines a second | Processor time per line | Peak memory |"
        " Largest process | Throughput |",
        "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    reference = {lines: used.wall for name, lines, used in rows if name == "GoAccess"}
    for name, lines, used in rows:
        table.append(
            f"| {lines:,} | {name} | {used.wall:.1f} s | {lines / used.wall:,.0f}"
            f" | {used.cpu / lines * 1e6:.2f} µs | {used.memory / MEBIBYTE:,.0f} MiB"
            f" | {used.largest / MEBIBYTE:,.0f} MiB | {reference[lines] / used.wall:.2f} × |"
        )
    return table


def _head(note: str) -> str:
    """Return a paragraph about the machine and the versions."""
    version = subprocess.run(["goaccess", "--version"], capture_output=True, text=True)
    found = re.search(r"GoAccess - ([\d.]*\d)", version.stdout)
    return (
        f"Measured on {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d} with"
        f" {os.cpu_count()} CPUs ({_processor()}), Python {platform.python_version()}, GoAccess"
        f" {found[1] if found else 'of an unknown version'}. {note}".rstrip()
    )


def _processor() -> str:
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


if __name__ == "__main__":
    sys.exit(main())
