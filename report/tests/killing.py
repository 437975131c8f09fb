"""Kill the command at each system call that changes a file.

The server below imports everything once, and then runs the command in a child process for each
line of its input, as soon as the test has let strace attach to it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

#: System calls that change files or directories, or write data.
CALLS = (
    "write,writev,pwrite64,pwritev,pwritev2,truncate,ftruncate,fallocate,rename,renameat,"
    "renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,chmod,fchmod,fchmodat,fsync,"
    "fdatasync,copy_file_range,sendfile"
)


_CALL = re.compile(r"(\d+) +(\w+)\((.*)")


class Call(NamedTuple):
    """A system call: its name, and its number among those of its thread and name."""

    name: str
    number: int


class Server:
    """A process that runs commands in children."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def run(self, arguments: Sequence[object], *strace: str) -> int:
        """Run the command under strace.

        Args:
            arguments: The arguments of the command.
            strace: The arguments of strace.

        Returns:
            The exit status, or the negative number of the signal that ended it.
        """
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        print(json.dumps([str(argument) for argument in arguments]), file=process.stdin, flush=True)
        pid = int(process.stdout.readline())
        tracer = subprocess.Popen(["strace", "-f", "-qq", "-p", str(pid), *strace])
        deadline = time.monotonic() + 30
        while "TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text():
            assert time.monotonic() < deadline, "strace did not attach"
            assert tracer.poll() is None, "strace failed"
            time.sleep(0.002)
        print("go", file=process.stdin, flush=True)
        status = int(process.stdout.readline())
        tracer.wait(30)
        return status

    def calls(self, arguments: Sequence[object], store: Path, log: Path) -> list[Call]:
        """Run the command, and return its system calls that change a store, in order.

        Args:
            arguments: The arguments of the command.
            store: The store. Its scratch files are left out.
            log: The file that strace writes.
        """
        options = ("-e", f"trace={CALLS}", "-e", "signal=none", "-y", "-o", str(log))
        assert self.run(arguments, *options) == 0
        counts: Counter[str] = Counter()
        found = []
        threads = set()
        for line in log.read_text().splitlines():
            match = _CALL.match(line)
            if match is None:
                continue
            thread, name, text = match.groups()
            # strace counts the calls of each thread and each name.
            counts[thread + name] += 1
            if str(store) in text and "/scratch-" not in text:
                found.append(Call(name, counts[thread + name]))
                threads.add(thread)
        assert len(threads) == 1
        return found

    def kill(self, arguments: Sequence[object], call: Call) -> None:
        """Run the command, and kill it before one of its system calls."""
        inject = f"inject={call.name}:signal=SIGKILL:when={call.number}"
        status = self.run(arguments, "-e", f"trace={call.name}", "-e", inject, "-o", os.devnull)
        assert status == -signal.SIGKILL, status


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """Start a server."""
    started = Server()
    try:
        yield started
    finally:
        started.close()


def _serve() -> None:
    from anaconda_anon_usage_report import cli

    while line := sys.stdin.readline():
        pid = os.fork()
        if not pid:
            print(os.getpid(), flush=True)
            sys.stdin.readline()
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os._exit(cli.main(json.loads(line)))
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    _serve()
