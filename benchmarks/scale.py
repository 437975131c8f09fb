"""6. Many activations at the same time."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import threading
import time
from dataclasses import dataclass

import measure
from measure import Samples, Table, goal
from parts import Parts, Server

COUNTS = (1, 10, 100, 1000)
QUICK_COUNTS = (1, 10)
REPEATS = {1: 9, 10: 5, 100: 2, 1000: 1}

# Starts shells that wait for a gate, and waits for their end.
SHELLS = """\
number=0
while [ "$number" -lt "$1" ]; do
  /bin/sh -c 'read -r line; eval "$LINE"; echo' 3<&0 0<"$GATE" &
  number=$((number + 1))
done
echo started
wait
"""

#: Goal: the maximum ratio of the cost of one activation to that of one in ten.
STRAIGHT = 1.5

# Kilobytes of memory that must remain free, or the measurement is stopped.
MEMORY_LEFT = 4_000_000


@dataclass(frozen=True)
class Crowd:
    """The cost of activations at the same time."""

    latencies: Samples
    #: Processor time in the shells and in their background processes.
    shell_cpu: float
    background_cpu: float
    processes: int
    peak: int
    arrived: int
    gone_after: float


def measure_all(parts: Parts, quick: bool) -> list[Table]:
    """Return the tables of this module."""
    server = Server()
    off = parts.environ("scale-off", None)
    on = parts.environ("scale-on", server.url + "/on")
    lines = {
        "floor": ("( /bin/sh -c : & )", off),
        "off": ('. "$STUB"', off),
        "on": ('. "$STUB"', on),
    }
    table = Table(
        "Scale: activations at once",
        (
            *(
                "at once",
                "",
                "last returned, ms",
                "half, ms",
                "last / floor",
                "CPU in shells, ms each",
            ),
            *("CPU behind, ms each", "processes behind", "most at once", "arrived"),
            *("all gone after, s", "straight"),
        ),
    )
    base: dict[str, float] = {}
    for count in QUICK_COUNTS if quick else COUNTS:
        runs: dict[str, list[Crowd]] = {name: [] for name in lines}
        for _ in range(1 if quick else REPEATS[count]):
            for name, (line, environ) in lines.items():
                runs[name].append(_crowd(parts, count, line, environ, server))
        floor = _middle(runs["floor"], lambda crowd: max(crowd.latencies))
        for name, crowds in runs.items():
            last = _middle(crowds, lambda crowd: max(crowd.latencies))
            behind = _middle(crowds, lambda crowd: crowd.background_cpu) / count
            shells = _middle(crowds, lambda crowd: crowd.shell_cpu) / count
            total = shells + behind
            straight = ""
            if count >= 10:
                base.setdefault(name, total)
                straight = goal(total <= STRAIGHT * base[name])
            table.add(
                count,
                name,
                f"{last * 1e3:.1f}",
                f"{_middle(crowds, lambda crowd: crowd.latencies.median) * 1e3:.1f}",
                f"{last / floor:.2f}",
                f"{shells * 1e3:.2f}",
                f"{behind * 1e3:.2f}",
                f"{_middle(crowds, lambda crowd: crowd.processes):.0f}",
                f"{_middle(crowds, lambda crowd: crowd.peak):.0f}",
                f"{_middle(crowds, lambda crowd: crowd.arrived):.0f}" if name == "on" else "",
                f"{_middle(crowds, lambda crowd: crowd.gone_after):.1f}",
                straight,
            )
    table.notes.append(
        f"Straight: an activation costs at most {STRAIGHT} times the processor time of one in ten."
        " Most at once: the additional processes of the machine, including the waiting shells."
    )
    return [table]


def _middle(crowds: list[Crowd], figure) -> float:
    return Samples(map(figure, crowds)).median


def _crowd(parts: Parts, count: int, line: str, environ: dict, server: Server) -> Crowd:
    """Let shells wait, release them together, and watch until all processes have ended."""
    gate = parts.place / "gate"
    if not gate.exists():
        os.mkfifo(gate)
    # Open for reading and writing, so that the other end never blocks.
    holder = os.open(gate, os.O_RDWR)
    arrived = len(server.paths)
    known = measure.children()
    before = _process_count()
    starter = subprocess.Popen(
        ["/bin/sh", "-c", SHELLS, "sh", str(count)],
        env={**environ, "LINE": line, "STUB": str(parts.stub()), "GATE": str(gate)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    reaper = measure.Reaper(known | {starter.pid})
    watch = _Watch(before)
    if starter.stdout.readline() != b"started\n":
        raise RuntimeError("the shells did not start")
    time.sleep(0.2 + count / 500)
    # This thread only measures time, so it must not wait for the processor.
    _hurry(True)
    started = time.perf_counter()
    os.write(holder, b"\n" * count)
    latencies = Samples()
    while len(latencies) < count:
        ready, _, _ = select.select([starter.stdout], [], [], measure.PATIENCE)
        data = os.read(starter.stdout.fileno(), 65536) if ready else b""
        if not data:
            raise RuntimeError(f"{count - len(latencies)} shells did not return")
        latencies += [time.perf_counter() - started] * data.count(b"\n")
    _hurry(False)
    os.close(holder)
    _, _, usage = os.wait4(starter.pid, 0)
    starter.returncode = 0
    starter.stdout.close()
    behind = reaper.finish()
    gone_after = time.perf_counter() - started
    peak = watch.finish()
    return Crowd(
        latencies,
        usage.ru_utime + usage.ru_stime,
        sum(process.cpu for process in behind),
        len(behind),
        peak,
        len(server.paths) - arrived,
        gone_after,
    )


def _hurry(yes: bool) -> None:
    """Give this thread the highest priority, if permitted."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), -15 if yes else 0)


class _Watch(threading.Thread):
    """Counts the machine's processes, and stops before its memory is exhausted."""

    def __init__(self, before: int):
        super().__init__(daemon=True)
        self.before = before
        self.peak = 0
        self._end = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._end.wait(0.02):
            self.peak = max(self.peak, _process_count() - self.before)
            if _memory_left() < MEMORY_LEFT:
                for pid in measure.children():
                    os.kill(pid, 9)
                print("scale: stopped, because memory was nearly exhausted")
                return

    def finish(self) -> int:
        """Return the maximum number of additional processes."""
        self._end.set()
        self.join()
        return self.peak


def _process_count() -> int:
    return sum(name.isdecimal() for name in os.listdir("/proc"))


def _memory_left() -> int:
    with open("/proc/meminfo") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1])
    return MEMORY_LEFT
