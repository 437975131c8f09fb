"""1. The delay of an activation in each shell, for every state of the network."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import measure
from measure import PATIENCE, Samples, Table, goal, interleaved
from parts import Parts, Server, closed_port

# Repetitions of a case in a round. Cases that do not start Python are cheap.
CHEAP_REPEATS = 3

#: References for the script: attributes of a Shell.
BARE = ("nothing", "job", "floor", "waited")

#: Goals.
FLOORS = 1.5
SHARE_OF_ACTIVATION = 0.01


@dataclass(frozen=True)
class Shell:
    """A shell, and how it reads a line, runs it, and reports the end.

    ``floor`` is a bare fork without a job, as the scripts must leave it. ``job`` is a fork with a
    job in the shell.
    """

    name: str
    command: tuple[str, ...]
    version: str
    loop: str = 'while read -r line; do eval "$line"; echo ready; done'
    source: str = '. "$STUB"'
    forget: str = "unset _ANACONDA_HEARTBEAT_1"
    nothing: str = ":"
    job: str = "/bin/sh -c ':' &"
    floor: str = "( /bin/sh -c ':' & )"
    waited: str = "/bin/sh -c ':'"
    extension: str = ".sh"
    label: str = ""
    setup: str = ""


# A fork copies the page tables, so it is slower in a shell with completions, history and
# functions than in a new one.
_GROW = 'large=$(head -c 10000000 /dev/zero | tr "\\0" x)'

SHELLS = (
    Shell("bash", ("bash", "--norc"), "bash --version"),
    Shell("bash", ("bash", "--norc"), "bash --version", label=" + 10 MB", setup=_GROW),
    Shell("zsh", ("zsh", "-f"), "zsh --version"),
    Shell("zsh", ("zsh", "-f"), "zsh --version", label=" + 10 MB", setup=_GROW),
    Shell("dash", ("dash",), "dpkg-query -W -f ${Version} dash"),
    Shell("ksh", ("ksh",), "ksh --version"),
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
        self.run(shell.setup or shell.nothing)

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
            # tcsh reports background jobs.

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
            if not measure.wait_until(lambda: arrived() > count, 10):
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
        "healthy": (parts.environ("healthy", healthy.url + "/on"), None),
        "silent": (parts.environ("silent", silent.url + "/on"), lambda: len(silent.paths)),
        "unreachable": (
            parts.environ("unreachable", f"http://127.0.0.1:{closed_port()}/on"),
            None,
        ),
    }
    conda, conda_table = _conda_activate(parts, homes, 1 if quick else 11)
    delays = Table(
        "Activation: delay in the shell, in ms: median (minimum-maximum)",
        ("shell", *BARE, "off", "on", "silent", "unreachable"),
    )
    ratios = Table(
        "Activation: delay against the floor, and against `conda activate`",
        (
            *("shell", "off / floor", "on / floor", "silent / floor", "unreachable / floor"),
            *("≤ 1.5", "off / job", "off / waited"),
            *("floor / conda", "off / conda", "on / conda", "< 1 %"),
        ),
    )
    for shell in SHELLS:
        if not shutil.which(shell.command[0]):
            delays.add(shell.name, "not installed", *[""] * 7)
            continue
        cases = Cases(shell, parts, homes)
        try:
            samples = interleaved(cases.functions, 1 if quick else 17)
        finally:
            cases.close()
        shown = (*BARE, *homes)
        delays.add(
            f"{shell.name} {_version(shell)}{shell.label}",
            *(samples[name].text() for name in shown),
        )
        nothing = samples["nothing"]
        added = {name: samples[name].median - nothing.median for name in samples}
        least = {name: min(samples[name]) - min(nothing) for name in samples}

        def ratio(name: str, reference: str, added=added, least=least) -> str:
            return f"{added[name] / added[reference]:.2f} ({least[name] / least[reference]:.2f})"

        shares = {name: added[name] / conda.median for name in ("floor", *homes)}
        ratios.add(
            shell.name + shell.label,
            *(ratio(name, "floor") for name in homes),
            goal(max(added[name] for name in homes) <= FLOORS * added["floor"]),
            *(ratio("off", reference) for reference in ("job", "waited")),
            *(
                f"{shares[name]:.2%} ({least[name] / min(conda):.2%})"
                for name in ("floor", "off", "healthy")
            ),
            goal(max(shares[name] for name in homes) < SHARE_OF_ACTIVATION),
        )
    ratios.notes.append(
        "Ratios of medians, and in parentheses of minima, which other processes disturb least."
        " The cost of an empty line (nothing) is subtracted. floor: `( /bin/sh -c ':' & )`, a"
        " detached fork; job: `/bin/sh -c ':' &`, a job of the shell; waited: `/bin/sh -c ':'`."
    )
    return [conda_table, delays, ratios]


def _conda_activate(parts: Parts, homes: dict, rounds: int) -> tuple[Samples, Table]:
    """Measure complete activations, as a user waits for them."""

    def whole(base, prefix: Path, environ: dict[str, str], loop: bool = True) -> float:
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

    off, on = homes["off"][0], homes["healthy"][0]
    samples = interleaved(
        {
            "without the package": lambda: whole(parts.plain_base, parts.empty_environment, off),
            "off": lambda: whole(parts.base, parts.environment, off),
            "on": lambda: whole(parts.base, parts.environment, on),
        },
        rounds,
    )
    reference = samples["without the package"]
    table = Table("`conda activate` in bash, whole", ("", "ms", "ratio", "more, ms"))
    for name, figures in samples.items():
        more = figures.minus(reference)
        table.add(
            name, figures.text(digits=0), f"{figures.median / reference.median:.3f}",
            more.text(digits=1),
        )  # fmt: skip
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
