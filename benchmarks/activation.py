"""1. The delay of an activation in each shell, for every state of the network."""

from __future__ import annotations

import os
import re
import select
import shutil
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import measure
from measure import PATIENCE, Estimate, Samples, Table, bootstrap, goal, interleaved, paired_ratio
from parts import Parts, Server

# Repetitions of a case in a round. Cases that do not start Python are cheap.
CHEAP_REPEATS = 3

#: References for the script: attributes of a Shell.
BARE = ("nothing", "floor", "waited")

#: Goals.
FLOORS = 1.5
SHARE_OF_ACTIVATION = 0.01


@dataclass(frozen=True)
class Shell:
    """A shell, and how it reads a line, runs it, and reports the end.

    ``floor`` starts a process that is neither a job nor a child of the shell, as the scripts must
    do. ``waited`` starts a process and waits for it.
    """

    name: str
    command: tuple[str, ...]
    version: str
    loop: str = 'while read -r line; do eval "$line"; echo ready; done'
    source: str = '. "$STUB"'
    forget: str = "unset _ANACONDA_HEARTBEAT_1"
    nothing: str = ":"
    floor: str = "( /bin/sh -c ':' & )"
    waited: str = "/bin/sh -c ':'"
    extension: str = ".sh"


SHELLS = (
    Shell("bash", ("bash", "--norc"), "bash --version"),
    Shell("zsh", ("zsh", "-f"), "zsh --version"),
    Shell("dash", ("dash",), "dpkg-query -W -f ${Version} dash"),
    # ksh does not fork for ( ... ), so the process would be the shell's child and `wait` would
    # wait for it. Ignoring a signal makes it fork.
    Shell("ksh", ("ksh",), "ksh --version", floor="( trap '' HUP; /bin/sh -c ':' & )"),
    Shell("busybox", ("busybox", "sh"), "busybox"),
    Shell(
        "fish",
        ("fish", "--no-config"),
        "fish --version",
        loop="while read -l line; eval $line; echo ready; end",
        source='source "$STUB"',
        forget="set -e _ANACONDA_HEARTBEAT_1",
        nothing="true",
        floor="/bin/sh -c ':' & disown",
        extension=".fish",
    ),
    Shell(
        "tcsh",
        ("tcsh", "-f"),
        "tcsh --version",
        loop='while ( 1 )\n  set line = "$<"\n  eval "$line"\n  echo ready\nend',
        source='source "$STUB"',
        forget="unsetenv _ANACONDA_HEARTBEAT_1",
        extension=".csh",
    ),
)


class Session:
    """A running shell that runs one line at a time."""

    def __init__(self, shell: Shell, parts: Parts, environ: dict[str, str]):
        script = parts.place / f"loop-{shell.name}{shell.extension}"
        if not script.exists():  # another shell may be reading it
            script.write_text(shell.loop + "\n")
        self.process = subprocess.Popen(
            [*shell.command, script],
            env={**environ, "STUB": str(parts.stub(shell.extension))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=parts.place,
        )
        self.run(shell.nothing)

    def run(self, line: str) -> float:
        """Run a line and return the time for which the shell was busy."""
        started = time.perf_counter()
        self.process.stdin.write(line.encode() + b"\n")
        while True:
            ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
            answer = self.process.stdout.readline() if ready else b""
            if answer == b"ready\n":
                return time.perf_counter() - started
            if not answer:
                raise RuntimeError(f"{self.process.args[0]} did not return from: {line}")

    def close(self) -> None:
        """End the shell."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Cases:
    """All cases of one shell, each with its own shell process."""

    def __init__(self, shell: Shell, parts: Parts, homes: dict[str, tuple]):
        self.shell = shell
        self.sessions: dict[str, Session] = {}
        self.functions = {}
        quiet, _ = homes["off"]
        lines = {name: getattr(shell, name) for name in BARE}
        for name, line in lines.items():
            self._add(name, parts, quiet, lambda s, line=line: self._bare(s, line))
        for name, (environ, arrived) in homes.items():
            self._add(name, parts, environ, lambda s, a=arrived: self._activate(s, a))

    def _add(self, name: str, parts: Parts, environ: dict[str, str], function) -> None:
        session = self.sessions[name] = Session(self.shell, parts, environ)
        repeats = CHEAP_REPEATS if name in (*BARE, "off") else 1
        self.functions[name] = lambda: Samples(function(session) for _ in range(repeats)).median

    def _bare(self, session: Session, line: str) -> float:
        before = measure.children()
        elapsed = session.run(line)
        time.sleep(0.002)
        _settle(before)
        return elapsed

    def _activate(self, session: Session, arrived) -> float:
        session.run(self.shell.forget)
        before = measure.children()
        count = arrived() if arrived else None
        elapsed = session.run(self.shell.source)
        if arrived:
            # The process waits for its deadline, but costs nothing once its request was sent.
            # A single one can be missing: an overloaded machine drops heartbeats.
            if not (measure.wait_until(lambda: arrived() > count, 10) or count):
                raise RuntimeError(f"{self.shell.name}: no heartbeat was received")
            time.sleep(0.02)
        else:
            _settle(before)
        return elapsed

    def close(self) -> None:
        """End all shells."""
        for session in self.sessions.values():
            session.close()


def _settle(before: set[int]) -> None:
    """Wait for all new background processes."""
    for pid in measure.children() - before:
        os.waitpid(pid, 0)


def measure_all(parts: Parts, quick: bool) -> list[Table]:
    """Return the tables of this module."""
    healthy = Server()
    silent = Server(answers=False)
    homes = {
        "off": (parts.environ("off", None), None),
        "on": (parts.environ("healthy", healthy.url + "/on"), None),
        "silent": (parts.environ("silent", silent.url + "/on"), lambda: len(silent.paths)),
    }
    conda, conda_table = _conda_activate(parts, homes, 1 if quick else 11)
    delays = Table(
        "Activation: delay in the shell, ms",
        ("", "version", *BARE, *homes),
    )
    ratios = Table(
        "Activation: delay in the shell, ratios",
        (
            *("", *(f"{name} / floor" for name in homes), f"≤ {FLOORS}"),
            *("off / waited", "off / conda", "< 1%"),
        ),
    )
    for shell in SHELLS:
        if not shutil.which(shell.command[0]):
            delays.add(shell.name, "not installed", *[""] * (len(delays.columns) - 2))
            continue
        cases = Cases(shell, parts, homes)
        try:
            samples = interleaved(cases.functions, 1 if quick else 25)
        finally:
            cases.close()
        delays.add(shell.name, _version(shell), *(samples[n].text() for n in (*BARE, *homes)))

        def ratio(name: str, reference: str, samples=samples) -> Estimate:
            columns = (samples[each] for each in (name, reference, "nothing"))
            return bootstrap(_ratio_of_medians, *columns)

        floors = [ratio(name, "floor") for name in homes]
        added = samples["off"].median - samples["nothing"].median
        ratios.add(
            shell.name,
            *(each.text() for each in floors),
            goal(max(each.value for each in floors) <= FLOORS),
            ratio("off", "waited").text(),
            f"{added / conda.median:.2%}",
            goal(added / conda.median < SHARE_OF_ACTIVATION),
        )
    ratios.notes.append(
        "Ratios of medians with 95% confidence intervals. The cost of an empty line (nothing) is"
        " subtracted."
    )
    return [conda_table, delays, ratios]


def _ratio_of_medians(figures: Sequence, references: Sequence, nothing: Sequence) -> float:
    empty = statistics.median(nothing)
    return (statistics.median(figures) - empty) / (statistics.median(references) - empty)


def _conda_activate(parts: Parts, homes: dict, rounds: int) -> tuple[Samples, Table]:
    """Measure complete activations, as a user waits for them."""

    def whole(base, prefix: Path, environ: dict[str, str]) -> float:
        activate = f'eval "$({base.conda} shell.posix activate {prefix})"'
        clean = {
            name: value
            for name, value in environ.items()
            if name not in ("CONDA_PREFIX", "CONDA_SHLVL")
        }
        before = measure.children()
        started = time.perf_counter()
        subprocess.run(["bash", "--norc", "-c", activate], env=clean, check=True)
        elapsed = time.perf_counter() - started
        _settle(before)
        return elapsed

    off, on = homes["off"][0], homes["on"][0]
    samples = interleaved(
        {
            "without the package": lambda: whole(parts.plain_base, parts.empty_environment, off),
            "off": lambda: whole(parts.base, parts.environment, off),
            "on": lambda: whole(parts.base, parts.environment, on),
        },
        rounds,
    )
    reference = samples["without the package"]
    table = Table("`conda activate` in bash, whole", ("", "ms", "ratio"))
    for name, figures in samples.items():
        ratio = "" if figures is reference else paired_ratio(figures, reference).text()
        table.add(name, figures.text(digits=0), ratio)
    return reference, table


def _version(shell: Shell) -> str:
    """Return the version that a shell reports."""
    done = subprocess.run(
        shell.version.split(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    found = re.search(r"\d+\.\d+[\w.+-]*", done.stdout)
    return found[0].rstrip(".") if found else ""
