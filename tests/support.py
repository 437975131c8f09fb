"""Helpers for all tests: optional tools, bounded waits, hostile names."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]

#: Gives the heartbeats of one test their own slots.
TEST_SLOTS = "ANACONDA_ANON_USAGE_TEST_SLOTS"

#: The maximum wait for an expected event, in seconds, on a slow machine.
PATIENCE = 60

#: A directory name that breaks every kind of careless quoting. Windows allows no double quote.
HOSTILE = "'" + '"' * (os.name == "posix") + ";&&e-$ èрт🚒♞中片-j"

#: Marks what needs permissions, pipes, signals, shells or paths of Unix.
posix = pytest.mark.skipif(os.name != "posix", reason="Unix only")


def missing(what: str):
    """Skip a test without its tool; if CI is set, fail it."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not installed")
    pytest.skip(f"{what} is not installed")


def tool(name: str) -> str:
    """Return the path of a program, or skip or fail the test without it."""
    return shutil.which(name) or missing(name)


def wait_until(condition, seconds: float = PATIENCE):
    """Return the first true value of condition(), or the last one after some seconds."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > until:
            return value
        time.sleep(0.02)


@contextlib.contextmanager
def taken(kind: str, count: int):
    """Hold the first slots of this test's heartbeats, and yield their sockets.

    Args:
        kind: ``queue`` or ``run``.
        count: how many.
    """
    with contextlib.ExitStack() as sockets:
        held = []
        for number in range(count):
            held.append(sockets.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)))
            held[-1].bind(name_of(kind, number))
        yield held


def name_of(kind: str, number: int) -> str:
    """Return the name of a slot of this test's heartbeats."""
    pool = os.environ[TEST_SLOTS]
    return f"\0anaconda-anon-usage-{os.getuid()}-{pool}-{kind}-{number}"
