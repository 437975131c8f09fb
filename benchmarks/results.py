"""What reads results.md: the comparison of two results, and the table in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

RESULTS = Path(__file__).with_name("results.md")
PAGE = Path(__file__).parents[1] / "docs" / "activation.md"

#: What run.py writes between the marks of the page: {table|row|column} is a cell.
DOCUMENTED = """\
| Measurement | Result | For comparison |
| --- | --- | --- |
| delay in bash, heartbeat off, ms | {D|bash|off} | a bare detached fork: {D|bash|floor} |
| delay in bash, heartbeat on, ms | {D|bash|on} | with a server that does not respond: {D|bash|silent} |
| launcher in the background, heartbeat off: processor time, ms | {B|launcher, heartbeat off|processor time, ms} | |
| heartbeat in the background, https: processor time, ms | {B|heartbeat, https|processor time, ms} | `import requests` alone: {B|import requests|processor time, ms} |
| heartbeat in the background, https: memory, MB | {B|heartbeat, https|memory, MB} | `import requests` alone: {B|import requests|memory, MB} |
| processor time that the package adds to `conda search`, ms | {conda commands|conda search|more processor time, ms} | 95% confidence interval in brackets; precision target: at most ±3 ms |

If many environments are activated at the same moment on Linux, heartbeats wait for a free slot, in
no particular order. A heartbeat is dropped if it gets no slot before the deadline, if too many are
already waiting, or if the machine is overloaded. In the median run, {Bursts|30|share} of 30 heartbeats
arrived, {Bursts|100|share} of 100, and {Bursts|1,000|share} of 1,000.
"""
TITLES = {"D": "Activation: delay in the shell, ms", "B": "Background cost of one heartbeat"}

_MARKED = re.compile(r"(?s)(?<=<!-- measured: begin -->\n).*(?=<!-- measured: end -->)")
_ESTIMATE = re.compile(r"(-?[\d.]+) \[(-?[\d.]+), (-?[\d.]+)\]")

Tables = dict[str, dict[str, dict[str, str]]]


def read(text: str) -> Tables:
    """Return the cells of results: by title, first cell of the row, and column."""
    tables: Tables = {}
    for section in re.split(r"(?m)^### ", text)[1:]:
        title, *lines = section.splitlines()
        rows = [
            [cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line[:1] == "|"
        ]
        columns = rows[0] if rows else []
        tables[title] = {row[0]: dict(zip(columns, row)) for row in rows[2:]}
    return tables


def slower(tables: Tables, earlier: Tables) -> list[str]:
    """Return what got slower since earlier results, by more than the intervals of both.

    Every figure with an interval counts; rows and columns that only one of them has do not.
    """
    found = []
    for title, rows in tables.items():
        for row, cells in rows.items():
            for column, cell in cells.items():
                before = earlier.get(title, {}).get(row, {}).get(column, "")
                new, old = _ESTIMATE.fullmatch(cell), _ESTIMATE.fullmatch(before)
                if new and old and float(new[1]) > float(old[3]) and float(new[2]) > float(old[1]):
                    found.append(f"{title}: {row}, {column}: {before} -> {cell}")
    return found


def documented(page: str, tables: Tables) -> str:
    """Return a page with the figures of results between its marks."""

    def cell(found: re.Match[str]) -> str:
        title, row, column = found.groups()
        return tables[TITLES.get(title, title)][row][column]

    text = re.sub(r"\{([^|}]+)\|([^|}]+)\|([^|}]+)\}", cell, DOCUMENTED)
    return _MARKED.sub(lambda _: text, page)
