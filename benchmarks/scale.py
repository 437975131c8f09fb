"""4. Many activations at the same moment."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import measure
from measure import Samples, Table, goal
from parts import Parts, Server

#: Activations at once, and the number of measurements.
COUNTS = {10: 5, 30: 5, 100: 3, 1000: 1}
QUICK_COUNTS = {10: 1}

#: Goal: of so many, all arrive.
ALL_ARRIVE = 30

# Seconds between two looks at the memory, which take processor time as well.
INTERVAL = 0.25

# Starts shells that wait for a gate, and waits for their end.
SHELLS = """\
number=0
while [ "$number" -lt "$1" ]; do
  /bin/sh -c 'read -r line; . "$STUB"; echo' 3<&0 0<"$GATE" &
  number=$((number + 1))
done
echo started
wait
"""


@dataclass(frozen=True)
class Burst:
    """What became of activations at the same moment."""

    arrived: int
    #: The maximum sum of the proportional set sizes of the background processes, in MB.
    memory: float
    #: Seconds until the last shell went on, and until all background processes had ended.
    returned: float
    gone: float


def measure_all(parts: Parts, quick: bool) -> list[Table]:
    """Return the tables of this module."""
    server = Server()
    environ = parts.environ("scale", server.url + "/on")
    table = Table(
        "Bursts",
        (
            *("at once", "arrived", "share", "sum of Pss, MB", "last returned, s"),
            *("all gone after, s", "all arrive"),
        ),
    )
    for count, repeats in (QUICK_COUNTS if quick else COUNTS).items():
        bursts = [_burst(parts, count, environ, server) for _ in range(repeats)]
        arrived = Samples(burst.arrived for burst in bursts)
        table.add(
            f"{count:,}",
            arrived.text(scale=1, digits=0),
            f"{arrived.median / count:.0%}",
            f"{max(burst.memory for burst in bursts):.0f}",
            f"{Samples(burst.returned for burst in bursts).median:.2f}",
            f"{Samples(burst.gone for burst in bursts).median:.1f}",
            goal(min(arrived) == count) if count <= ALL_ARRIVE else "",
        )
    table.notes.append(
        f"Median (minimum-maximum) of {', '.join(map(str, COUNTS.values()))} bursts; of the"
        " memory the maximum."
    )
    return [table]


def _burst(parts: Parts, count: int, environ: dict, server: Server) -> Burst:
    """Let shells wait, release them together, and watch until all processes have ended."""
    gate = parts.place / "gate"
    if not gate.exists():
        os.mkfifo(gate)
    # Open for reading and writing, so that the other end never blocks.
    holder = os.open(gate, os.O_RDWR)
    arrived = len(server.paths)
    known = measure.children()
    starter = subprocess.Popen(
        ["/bin/sh", "-c", SHELLS, "sh", str(count)],
        env={**environ, "STUB": str(parts.stub()), "GATE": str(gate)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    known.add(starter.pid)
    reaper = measure.Reaper(known)
    if starter.stdout.readline() != b"started\n":
        raise RuntimeError("the shells did not start")
    time.sleep(0.2 + count / 500)
    watch = _Watch(known)
    # This thread only measures time, so it must not wait for the processor.
    _hurry(True)
    started = time.perf_counter()
    os.write(holder, b"\n" * count)
    returned = 0
    while returned < count:
        ready, _, _ = select.select([starter.stdout], [], [], measure.PATIENCE)
        data = os.read(starter.stdout.fileno(), 65536) if ready else b""
        if not data:
            raise RuntimeError(f"{count - returned} shells did not return")
        returned += data.count(b"\n")
    last = time.perf_counter() - started
    _hurry(False)
    os.close(holder)
    starter.wait()
    starter.stdout.close()
    reaper.finish()
    gone = time.perf_counter() - started
    return Burst(len(server.paths) - arrived, watch.finish(), last, gone)


def _hurry(yes: bool) -> None:
    """Give this thread the highest priority, if permitted."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), -15 if yes else 0)


class _Watch(threading.Thread):
    """Adds up the memory of new children.

    Args:
        known: children to ignore.
    """

    def __init__(self, known: set[int]):
        super().__init__(daemon=True)
        self.known = known
        self.peak = 0.0
        self._end = threading.Event()
        self.start()

    def run(self) -> None:
        """Look until finish() is called."""
        while not self._end.wait(INTERVAL):
            self.peak = max(self.peak, sum(map(_memory, measure.children() - self.known)))

    def finish(self) -> float:
        """Return the maximum sum in MB."""
        self._end.set()
        self.join()
        return self.peak


def _memory(pid: int) -> float:
    """Return the proportional set size of a process in MB, 0 if it has ended."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0
