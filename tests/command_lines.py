"""Run the command line in a process, with pipes or a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from conda_root import clean_environ
from support import PATIENCE

import anaconda_anon_usage

PACKAGE_PARENT = str(Path(anaconda_anon_usage.__file__).parents[1])

#: Finds the package in the same location as the tests.
COMMAND = [sys.executable, "-m", "anaconda_anon_usage"]


def environ(**variables) -> dict[str, str]:
    """Return the variables of a process that has only this test's home."""
    return clean_environ(
        os.environ["HOME"], PYTHONPATH=PACKAGE_PARENT, **{k: str(v) for k, v in variables.items()}
    )


def run(*arguments, module: str = "anaconda_anon_usage", **variables):
    """Run a command line with pipes; return exit status, stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=environ(**variables),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return done.returncode, done.stdout, done.stderr


def on_terminal(command: list, environ: dict[str, str]) -> str:
    """Run a command with a terminal as its stdout, and return its output."""
    import pty  # absent on Windows

    terminal, end = pty.openpty()
    with open(terminal, "rb", buffering=0) as reader:
        process = subprocess.Popen(
            command, env=environ, stdin=subprocess.DEVNULL, stdout=end, stderr=subprocess.PIPE
        )
        os.close(end)
        written = b""
        try:
            while chunk := reader.read(4096):
                written += chunk
        except OSError:
            pass  # on Linux, EIO after the other end is closed
        errors = process.stderr.read()
        assert (0, b"") == (process.wait(PATIENCE), errors)
    return written.decode().replace("\r\n", "\n")
