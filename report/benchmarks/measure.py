"""Run a command and measure it: duration, processor time and memory of all its processes."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: Seconds between two looks at the memory.
INTERVAL = 0.5


@dataclass(frozen=True)
class Run:
    """What a command used.

    Args:
        wall: its duration in seconds.
        cpu: the processor time of all its processes in seconds.
        memory: the highest sum, of those seen, of the memory of all its processes in bytes. A
            page that several of them share counts once (PSS).
        largest: the peak resident memory of the largest process in bytes.
    """

    wall: float
    cpu: float
    memory: int
    largest: int


def run(command: Sequence[object], seconds: float) -> Run:
    """Run a command, and return what it used.

    Args:
        command: the command, which must succeed.
        seconds: the longest time that it may take.

    Raises:
        RuntimeError: if it fails or takes longer.
    """
    begun = time.monotonic()
    process = subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    memory = 0
    try:
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            memory = max(memory, sum(map(_memory, _tree(process.pid))))
            if time.monotonic() - begun > seconds:
                raise RuntimeError(f"{command[0]} took more than {seconds:.0f} s")
            time.sleep(INTERVAL)
        wall = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        if process.returncode is None:
            process.kill()
            process.wait()
        assert process.stderr is not None
        message = process.stderr.read().decode(errors="replace")
        process.stderr.close()
    if process.returncode:
        raise RuntimeError(f"{command[0]} failed with {process.returncode}: {message[-1000:]}")
    return Run(wall, usage.ru_utime + usage.ru_stime, memory, usage.ru_maxrss * 1024)


def _tree(pid: int) -> list[int]:
    """Return the ids of a process and of its descendants."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except OSError:  # the thread has ended
                continue
    return found


def _memory(pid: int) -> int:
    """Return a process's share of the memory in bytes, or 0 if it has ended."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    for line in rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
