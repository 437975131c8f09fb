"""Figures in docs/activation.md are those of the last measurement, and results are compared."""

from __future__ import annotations

import random
import runpy
import statistics

import pytest
from markdown_text import PROJECT, page

RESULTS = runpy.run_path(str(PROJECT / "benchmarks" / "results.py"))
MEASURE = runpy.run_path(str(PROJECT / "benchmarks" / "measure.py"))

TABLE = """\
# Results

### Background cost

|           | time, ms |              ratio |
| --------- | -------: | -----------------: |
| heartbeat |     12.5 | {} |
"""


def test_the_figures_in_the_documentation_are_those_of_the_last_results():
    """`make bench` writes them to the page; `benchmarks/results.py` has the sentences."""
    text = (PROJECT / "benchmarks" / "results.md").read_text(encoding="utf-8")
    measured = page("activation")
    assert RESULTS["documented"](measured, RESULTS["read"](text)) == measured


def test_a_figure_comes_from_the_row_and_the_column_that_are_named(monkeypatch):
    """The same figure in another cell does not count."""
    monkeypatch.setitem(
        RESULTS["documented"].__globals__, "DOCUMENTED", "{Background cost|heartbeat|time, ms}\n"
    )
    marked = "<!-- measured: begin -->\n{}<!-- measured: end -->\n"
    tables = RESULTS["read"](TABLE.format("1.00 [0.98, 1.02]"))
    assert marked.format("12.5\n") == RESULTS["documented"](marked.format("old\n"), tables)


def test_a_figure_that_is_not_in_the_results_is_an_error(monkeypatch):
    """A renamed row must be renamed in the documentation as well."""
    monkeypatch.setitem(
        RESULTS["documented"].__globals__, "DOCUMENTED", "{Background cost|other|time, ms}\n"
    )
    marked = "<!-- measured: begin -->\n<!-- measured: end -->\n"
    with pytest.raises(KeyError):
        RESULTS["documented"](marked, RESULTS["read"](TABLE))


@pytest.mark.parametrize(
    "now, named",
    [
        ("1.10 [1.05, 1.15]", True),
        ("1.10 [0.99, 1.15]", False),
        ("1.02 [1.01, 1.03]", False),
        ("0.80 [0.78, 0.82]", False),
        ("12.5", False),
    ],
)
def test_what_got_slower_by_more_than_its_interval_is_named(now, named):
    """Each value must be outside of the other's interval."""
    before = RESULTS["read"](TABLE.format("1.00 [0.97, 1.03]"))
    found = RESULTS["slower"](RESULTS["read"](TABLE.format(now)), before)
    expected = [f"Background cost: heartbeat, ratio: 1.00 [0.97, 1.03] -> {now}"]
    assert (expected if named else []) == found


@pytest.mark.parametrize("noise, precise", [(4, True), (400, False)])
def test_pairs_are_measured_until_the_difference_is_precise(noise, precise):
    """After 400 pairs, the figure is only the interval."""
    source = random.Random(0)
    measured = []

    def pair() -> tuple[float, float]:
        measured.append((source.gauss(500, noise), source.gauss(502, noise)))
        return measured[-1]

    found = MEASURE["paired_difference"](pair, 3, 400, 60)
    interval = f"between {found.low:.1f} and {found.high:.1f} (precision target missed)"
    value = f"{found.value:.1f} [{found.low:.1f}, {found.high:.1f}]"
    assert precise == (found.high - found.low <= 6)
    assert precise == (len(measured) < 400)
    assert (value if precise else interval) == found.difference(3)


def test_an_interval_nearly_always_contains_the_median():
    """In 95 of 100 samples, more or less."""
    source = random.Random(0)
    samples = [[source.gauss(1, 0.1) for _ in range(41)] for _ in range(60)]
    found = [MEASURE["bootstrap"](statistics.median, sample) for sample in samples]
    covered = sum(each.low <= 1 <= each.high for each in found)
    assert 53 <= covered
