"""Fixtures for fault tests, which watch an activation until its last process has ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from conda_root import DEADLINE
from support import PATIENCE, tool
from test_privileges import USER, become, give
from unnoticed import WATCH


def pytest_collection_modifyitems(items):
    """Skip these tests except on Linux, where descendant processes can be watched."""
    if sys.platform != "linux":
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="processes are watched on Linux only"))


@pytest.fixture
def watched(tmp_path):
    """Run a command and return the report of watch.py with the command's output."""

    def run(command, environ, seconds=2 * PATIENCE, **options):
        report = tmp_path / "report.json"
        done = subprocess.run(
            [sys.executable, "-I", WATCH, report, str(seconds), *command],
            env=environ,
            capture_output=True,
            text=True,
            timeout=seconds + PATIENCE,
            **{"stdin": subprocess.DEVNULL, **options},
        )
        found = json.loads(report.read_text())
        return SimpleNamespace(stdout=done.stdout, stderr=done.stderr, **found)

    return run


@pytest.fixture
def environ(environ):
    """The variables of the other suites, but with the package's own deadline of heartbeats."""
    return {name: value for name, value in environ.items() if name != DEADLINE}


@pytest.fixture
def prefix(base, tmp_path):
    """An environment with the activation scripts."""
    return base.make_environment(tmp_path / "env")


@pytest.fixture
def variables(base, prefix, environ):
    """Environment variables of a shell in which the environment is active."""
    return {
        **environ,
        "CONDA_PREFIX": str(prefix),
        "CONDA_SHLVL": "1",
        "CONDA_PYTHON_EXE": str(base.python),
    }


@pytest.fixture
def activate(watched, prefix, variables):
    """Activate the environment in bash, as conda does, and return the report."""

    def run(before=(), script='. "$0"', seconds=2 * PATIENCE, options=None, **more):
        stub = prefix / "etc/conda/activate.d/anaconda-anon-usage.sh"
        environ = {
            name: value for name, value in {**variables, **more}.items() if value is not None
        }
        command = [*before, tool("bash"), "--norc", "-euc", script, str(stub)]
        return watched(command, environ, seconds, **(options or {}))

    return run


@pytest.fixture(params=[0, USER], ids=["root", "user"])
def someone(request, home):
    """Return the start of a command line that runs as the owner of the home directory."""
    if os.geteuid() != 0:
        if request.param == 0:
            pytest.skip("only root can become root")
        return []
    give(home, request.param)
    return become(request.param)


@pytest.fixture
def netrc(home):
    """Replace ``~/.netrc`` with a FIFO, and return a function that tells whether it is unread."""
    content = b"default login me password secret\n"
    os.mkfifo(home / ".netrc", 0o600)
    # A FIFO that is open at both ends never blocks a reader, and shows what was read.
    descriptor = os.open(home / ".netrc", os.O_RDWR | os.O_NONBLOCK)
    os.write(descriptor, content)

    def unread() -> bool:
        try:
            left = os.read(descriptor, 100)
        except BlockingIOError:
            return False
        os.write(descriptor, left)
        return left == content

    yield unread
    os.close(descriptor)
