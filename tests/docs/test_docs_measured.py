"""Figures in docs/activation.md are those of the last measurement."""

from __future__ import annotations

import re

from markdown_text import PROJECT, page

FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


def test_every_figure_was_measured():
    """Each occurs in benchmarks/results.md, and each row has one."""
    [measured] = re.findall(
        r"<!-- measured: begin -->\n(.*?)<!-- measured: end -->", page("activation"), re.DOTALL
    )
    results = (PROJECT / "benchmarks" / "results.md").read_text(encoding="utf-8")
    rows = [line for line in measured.splitlines() if line.startswith("|")][2:]
    assert rows
    assert [] == [row for row in rows if not FIGURE.search(row) or "to be measured" in row]
    known = set(FIGURE.findall(results))
    assert [] == [figure for row in rows for figure in FIGURE.findall(row) if figure not in known]
