"""Fixtures for faults: an activation that is watched to its very end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from support import PATIENCE, tool
from test_privileges import USER, become, give
from unnoticed import WATCH


def pytest_collection_modifyitems(items):
    """Everything here watches processes as only Linux lets it."""
    if sys.platform != "linux":
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="processes are watched on Linux only"))


@pytest.fixture
def watched(tmp_path):
    """Run a command and return its report: see watch.py, and what it printed."""

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
def prefix(base, tmp_path):
    """An environment with the activation scripts."""
    return base.make_environment(tmp_path / "env")


@pytest.fixture
def variables(base, prefix, environ):
    """The variables of a shell that has activated the environment."""
    return {
        **environ,
        "CONDA_PREFIX": str(prefix),
        "CONDA_SHLVL": "1",
        "CONDA_PYTHON_EXE": str(base.python),
    }


@pytest.fixture
def activate(watched, prefix, variables):
    """Activate the environment in bash, as conda does; return the report."""

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
    """The start of a command line that somebody runs, to whom the home belongs."""
    if os.geteuid() != 0:
        if request.param == 0:
            pytest.skip("only root can become root")
        return []
    give(home, request.param)
    return become(request.param)


@pytest.fixture
def netrc(home):
    """A trap in the place of ``~/.netrc``: return whether nobody has read it."""
    content = b"default login me password secret\n"
    os.mkfifo(home / ".netrc", 0o600)
    # Open at both ends, so that a reader is neither kept waiting nor let go without a trace.
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
