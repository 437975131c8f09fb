"""Measurements: interleaved runs, medians, and processes that are watched until they end.

All cases of a table take turns, so that they run under the same conditions. The results are
ratios of medians. Background processes are adopted (with PR_SET_CHILD_SUBREAPER, so only on
Linux) and waited for, which gives the cost and the end of each.
"""

from __future__ import annotations

import ctypes
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

_PR_SET_CHILD_SUBREAPER = 36

#: Resamples of a bootstrap.
RESAMPLES = 1000

#: The maximum wait in seconds.
PATIENCE = 60

# Starts a program in the background and prints its ID. sh is small, and the peak memory of a
# child is at least that of the process that forked it.
_IN_BACKGROUND = '"$@" </dev/null >/dev/null 2>&1 & echo $!'


class Samples(list):
    """Figures of one case, one for each round."""

    @property
    def median(self) -> float:
        """The median."""
        return statistics.median(self)

    def text(self, scale: float = 1e3, digits: int = 2) -> str:
        """Return median, minimum and maximum, by default in thousandths."""
        low, middle, high = (f"{x * scale:.{digits}f}" for x in (min(self), self.median, max(self)))
        return f"{middle} ({low}-{high})"

    def minus(self, other: Samples) -> Samples:
        """Return the differences of the rounds, because a round has the same conditions."""
        return Samples(a - b for a, b in zip(self, other))


def interleaved(cases: dict, rounds: int) -> dict:
    """Run all cases in turn and return the Samples of each.

    Args:
        cases: functions without arguments, by name. They return a figure, or an object from which
            column() takes figures.
        rounds: the number of measurements of each. Unless it is 1, each case first runs once
            more without a measurement.
    """
    warmups = 1 if rounds > 1 else 0
    samples = {name: Samples() for name in cases}
    # Shuffle the cases, so that a case is not always affected by the same predecessor.
    order = random.Random(0)
    for number in range(warmups + rounds):
        for name in order.sample(list(cases), len(cases)):
            figure = cases[name]()
            if number >= warmups:
                samples[name].append(figure)
    return samples


def column(samples: Samples, name: str) -> Samples:
    """Return one attribute of the objects in samples."""
    return Samples(getattr(sample, name) for sample in samples)


class Estimate(NamedTuple):
    """A statistic and its 95% confidence interval."""

    value: float
    low: float
    high: float

    def text(self, digits: int = 2) -> str:
        """Return the form that results.py reads: ``0.83 [0.81, 0.85]``."""
        value, low, high = (f"{figure:.{digits}f}" for figure in self)
        return f"{value} [{low}, {high}]"

    def is_precise(self, precision: float) -> bool:
        """Return whether the interval is at most as wide as plus or minus a precision."""
        return self.high - self.low <= 2 * precision

    def difference(self, precision: float) -> str:
        """Return a difference in ms, or only its interval if it is not precise."""
        if self.is_precise(precision):
            return self.text(digits=1)
        return f"between {self.low:.1f} and {self.high:.1f} (precision target missed)"


def bootstrap(statistic: Callable[..., float], *columns: Samples) -> Estimate:
    """Estimate a statistic from rounds, which are resampled as a whole.

    Args:
        statistic: a function of as many lists of figures as there are columns.
        columns: figures of the same rounds.
    """
    rounds = list(zip(*columns))
    pick = random.Random(0)
    found = sorted(statistic(*zip(*pick.choices(rounds, k=len(rounds)))) for _ in range(RESAMPLES))
    low, high = found[RESAMPLES // 40], found[-1 - RESAMPLES // 40]
    return Estimate(statistic(*columns), low, high)


def paired_ratio(figures: Samples, references: Samples) -> Estimate:
    """Return the median ratio of the rounds."""
    return bootstrap(statistics.median, Samples(a / b for a, b in zip(figures, references)))


def paired_difference(
    pair: Callable[[], tuple[float, float]], precision: float, pairs: int, seconds: float
) -> Estimate:
    """Measure pairs until the median difference is precise, and return it.

    Args:
        pair: measures once without and once with what is measured.
        precision: the half-width of the interval that is sufficient.
        pairs: the maximum number of pairs.
        seconds: the maximum time, after which the last pair is completed.
    """
    differences = Samples()
    until = time.monotonic() + seconds
    while True:
        without, with_it = pair()
        differences.append(with_it - without)
        enough = len(differences) >= pairs or time.monotonic() > until
        if enough or len(differences) % 20 == 0:
            found = bootstrap(statistics.median, differences)
            if enough or found.is_precise(precision):
                return found


@dataclass
class Table:
    """A table for the terminal and for Markdown."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells) -> None:
        """Append a row."""
        self.rows.append(tuple(str(cell) for cell in cells))

    def markdown(self) -> str:
        """Return the table as Markdown with aligned columns."""
        lines = [self.columns, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]

        def line(cells: Iterable[str]) -> str:
            padded = (
                cell.ljust(width) if number == 0 else cell.rjust(width)
                for number, (cell, width) in enumerate(zip(cells, widths))
            )
            return f"| {' | '.join(padded)} |"

        ruler = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        text = [f"### {self.title}", "", line(self.columns), line(ruler), *map(line, self.rows)]
        for note in self.notes:
            text += ["", note]
        return "\n".join(text) + "\n"


def goal(holds: bool) -> str:
    """Return the text for a goal that is reached or missed."""
    return "yes" if holds else "**no**"


@dataclass(frozen=True)
class Usage:
    """The cost of a process, including that of children it has waited for."""

    wall: float
    user: float
    system: float
    #: Peak memory in MB.
    memory: float

    @property
    def cpu(self) -> float:
        """User and system time."""
        return self.user + self.system


def adopt_orphans() -> None:
    """Become the parent of all background processes that descendants start."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "background processes cannot be adopted")


def children() -> set[int]:
    """Return the IDs of all children of this process, including adopted ones."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        try:
            found.update(map(int, (task / "children").read_text().split()))
        except OSError:  # the thread has ended
            continue
    return found


def wait_for(pid: int, started: float) -> Usage:
    """Wait for the end of a child and return its cost.

    Args:
        pid: its ID.
        started: the time.perf_counter() of its start.
    """
    _, _, usage = os.wait4(pid, 0)
    return Usage(
        time.perf_counter() - started,
        usage.ru_utime,
        usage.ru_stime,
        usage.ru_maxrss / 1024,
    )


def run(argv: list, environ: dict[str, str]) -> Usage:
    """Run a program in the background, as the launcher is run, and return its cost."""
    for _ in range(3):
        started = time.perf_counter()
        starter = subprocess.run(
            ["/bin/sh", "-c", _IN_BACKGROUND, "sh", *argv],
            env=environ,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        try:
            return wait_for(int(starter.stdout), started)
        except ChildProcessError:
            # Seen once in thousands of runs, at a load of 50, for an unknown reason.
            print("measure: a process was lost, running it again", file=sys.stderr)
    raise RuntimeError(f"{argv[0]}: cannot wait for the process")


class Reaper(threading.Thread):
    """Waits for new children, and records their cost.

    Args:
        known: children to ignore.
    """

    def __init__(self, known: set[int]):
        super().__init__(daemon=True)
        self.known = known
        self.started = time.perf_counter()
        self.usages: list[Usage] = []
        self._end = threading.Event()
        self.start()

    def run(self) -> None:
        """Collect until finish() was called and no child is left."""
        until = None
        while until is None or time.perf_counter() < until:
            waiting = children() - self.known
            for pid in waiting:
                try:
                    # Do not wait, because the next one may have ended already.
                    done, _, usage = os.wait4(pid, os.WNOHANG)
                except ChildProcessError:
                    continue
                if done:
                    wall = time.perf_counter() - self.started
                    memory = usage.ru_maxrss / 1024
                    self.usages.append(Usage(wall, usage.ru_utime, usage.ru_stime, memory))
            if self._end.is_set():
                until = until or time.perf_counter() + PATIENCE
                if not waiting:
                    return
            time.sleep(0.005)

    def finish(self) -> list[Usage]:
        """Wait until no child is left, and return the cost of all of them."""
        self._end.set()
        self.join()
        return self.usages


def wait_until(condition: Callable, seconds: float = PATIENCE):
    """Return the first true value of condition(), or the last one after some seconds."""
    until = time.perf_counter() + seconds
    while True:
        value = condition()
        if value or time.perf_counter() > until:
            return value
        time.sleep(0.002)
