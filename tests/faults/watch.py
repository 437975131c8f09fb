"""Run a command, wait for all its processes, and report their cost.

Started as ``python watch.py REPORT SECONDS COMMAND...``. Orphans become children of this
process (PR_SET_CHILD_SUBREAPER), so detached processes are watched, too. Processes that
are still running after SECONDS are killed and reported.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
PAGE = os.sysconf("SC_PAGE_SIZE")


def descendants() -> list[int]:
    """Return the IDs of all descendants of this process."""
    found, todo = [], [os.getpid()]
    while todo:
        pid = todo.pop()
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:  # the process has ended
            continue
        found += map(int, children)
        todo += map(int, children)
    return found


def own_memory(pid: int) -> int:
    """Return the bytes of memory that a process does not share with a file."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
        return (int(resident) - int(shared)) * PAGE
    except (OSError, ValueError):  # the process has ended
        return 0


def watch(command: list[str], seconds: float) -> dict:
    """Run a command, wait for all its processes, and return the report."""
    started = time.monotonic()
    process = subprocess.Popen(command)
    report = {"processes": 0, "peak_processes": 0, "peak_megabytes": 0, "left": []}
    while True:
        try:
            pid, status, _ = os.wait3(os.WNOHANG)
        except ChildProcessError:
            break
        now = time.monotonic() - started
        if pid:
            report["processes"] += 1
            if pid == process.pid:
                report["status"] = os.waitstatus_to_exitcode(status)
                report["own_seconds"] = now
            continue
        sampled = time.monotonic()
        alive = descendants()
        memory = sum(map(own_memory, alive)) >> 20
        report["peak_processes"] = max(report["peak_processes"], len(alive))
        report["peak_megabytes"] = max(report["peak_megabytes"], memory)
        if now > seconds:
            report["left"] += [Path(f"/proc/{pid}/cmdline").read_text() for pid in alive]
            for pid in alive:
                os.kill(pid, signal.SIGKILL)
        time.sleep(max(0.02, 5 * (time.monotonic() - sampled)))  # limits its own load
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    report["seconds"] = time.monotonic() - started
    report["processor_seconds"] = usage.ru_utime + usage.ru_stime
    report["megabytes"] = usage.ru_maxrss >> 10  # the maximum of one process
    return report


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    Path(sys.argv[1]).write_text(json.dumps(watch(sys.argv[3:], float(sys.argv[2]))))
