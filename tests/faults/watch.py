"""Runs a command, waits for all that it leaves behind, and reports what that cost.

Started as ``python watch.py REPORT SECONDS COMMAND...``. Orphans become children of this
process (PR_SET_CHILD_SUBREAPER), so that none escapes, however it detaches itself; those
that are still there after SECONDS are killed and named.
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
    """Return the ids of all processes below this one."""
    found, todo = [], [os.getpid()]
    while todo:
        pid = todo.pop()
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:  # gone
            continue
        found += map(int, children)
        todo += map(int, children)
    return found


def own_memory(pid: int) -> int:
    """Return the bytes of memory that a process shares with no file."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
        return (int(resident) - int(shared)) * PAGE
    except (OSError, ValueError):  # gone
        return 0


def watch(command: list[str], seconds: float) -> dict:
    """Run a command and return its report when all that it started is gone."""
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
        time.sleep(max(0.02, 5 * (time.monotonic() - sampled)))  # not to be a load itself
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    report["seconds"] = time.monotonic() - started
    report["processor_seconds"] = usage.ru_utime + usage.ru_stime
    report["megabytes"] = usage.ru_maxrss >> 10  # of the largest process
    return report


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    Path(sys.argv[1]).write_text(json.dumps(watch(sys.argv[3:], float(sys.argv[2]))))
