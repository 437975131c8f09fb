"""Any fleet, in any format, with any options: the report's numbers are those of its tally."""

from __future__ import annotations

import tempfile
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
from fleet import files, lines
from fleet.invent import DAY, Fleet
from fleet.periods import date_of
from fleet.tally import Options, Tally
from reporting import check, report

#: Starts a little before the end of a month, of a year, and of a leap year's February.
STARTS = (1_774_483_200, 1_766_534_400, 1_709_078_400)


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    """Return a fleet."""
    return Fleet(
        draw(st.integers(0, 2**32)),
        people=draw(st.integers(1, 3)),
        days=draw(st.integers(1, 45)),
        start=draw(st.sampled_from(STARTS)),
    )


@st.composite
def options_for(draw: st.DrawFn, fleet: Fleet) -> Options:
    """Return options for a fleet."""
    first, last = (fleet.requests[index].time // DAY for index in (0, -1))
    since = draw(st.none() | st.integers(first - 1, last))
    until = draw(st.none() | st.integers(first if since is None else since, last + 1))

    def some(*values: str) -> tuple[str, ...]:
        return draw(st.just(()) | st.tuples(st.sampled_from(values)))

    return Options(
        by=draw(st.sampled_from([None, "day", "week", "month"])),
        since=since,
        until=until,
        lasting=draw(st.integers(1, 8)),
        organizations=some("org-0", "org-1", "org-2", "org-unknown"),
        installers=some("acme-2026-11"),
        channels=some("main", "conda-forge", "acme/label/dev"),
        subdirs=some("noarch", "linux-64"),
        packages=some("numpy", "jpeg"),
        count_redirects=draw(st.booleans()),
    )


def arguments_of(options: Options) -> list[object]:
    """Return the command's arguments for options."""
    given: list[object] = ["--accounts", "--lasting", options.lasting]
    given += ["--by", options.by] if options.by else []
    given += ["--since", date_of(options.since)] if options.since is not None else []
    given += ["--until", date_of(options.until)] if options.until is not None else []
    given += ["--count-redirects"] if options.count_redirects else []
    for name in ("organization", "installer", "channel", "subdir", "package"):
        for value in getattr(options, f"{name}s"):
            given += [f"--{name}", value]
    return given


@hypothesis.settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(hypothesis.HealthCheck),
)
@hypothesis.given(data=st.data(), fleet=fleets())
def test_a_report_has_the_numbers_of_the_tally(data, fleet):
    """Lines are written in one format, with one offset, to some files."""
    options = data.draw(options_for(fleet))
    name = data.draw(st.sampled_from(sorted(lines.WRITERS)))
    zone = lines.offset(data.draw(st.integers(-47, 56)) * 15)
    suffix = data.draw(st.sampled_from(sorted(files.COMPRESSIONS)))
    count = data.draw(st.integers(1, 3))
    writer, _ = lines.WRITERS[name]
    written = [writer(request, zone) for request in fleet.requests]
    with tempfile.TemporaryDirectory() as directory:
        size = len(written) // count + 1
        for first in range(0, len(written), size):
            path = Path(directory) / f"{first}.log{suffix}"
            files.write(path, written[first : first + size])
        found = report(directory, *arguments_of(options))
    check(found, Tally(fleet.requests, options))


@hypothesis.settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(hypothesis.HealthCheck),
)
@hypothesis.given(fleet=fleets(), minimum=st.integers(2, 8))
def test_no_group_is_smaller_than_the_minimum(fleet, minimum):
    """Groups that are shown by name have their true numbers, and "other" is large or unknown."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "access.log"
        files.write(path, [lines.nginx(request) for request in fleet.requests])
        found = report(path, "--by", "week", minimum=minimum)
    tables = Tally(fleet.requests, Options(by="week")).tables()
    for name, keys in (
        ("packages", ("period", "project")),
        ("organizations", ("period", "organization")),
        ("conda_versions", ("period", "conda")),
    ):
        true = {tuple(row[key] for key in keys): row["clients"] for row in tables[name]}
        for row in found[name]:
            values = tuple(row[key] for key in keys)
            if values[1] == "other":
                assert row["clients"] == f"< {minimum}" or row["clients"] >= minimum
            else:
                assert row["clients"] == true[values]
                assert row["clients"] == 0 or row["clients"] >= minimum
    for row, true_row in zip(found["periods"], tables["periods"], strict=True):
        clients = true_row["clients"]
        assert row["clients"] == (f"< {minimum}" if 0 < clients < minimum else clients)
