"""A heartbeat holds no descriptor of the caller, whatever its number."""

from __future__ import annotations

import os
import resource
import select
import subprocess

import pytest
from support import PATIENCE


@pytest.mark.parametrize("number", [1000, 4096, 5000])
def test_a_heartbeat_releases_an_inherited_pipe(base, variables, server, number):
    """The reader sees the end of the pipe while the heartbeat still waits for its response."""
    silent = server(lambda client, ended: ended.wait(PATIENCE))
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, limit[1]), limit[1]))
    reader, writer = os.pipe()
    try:
        os.dup2(writer, number, inheritable=True)
        process = subprocess.Popen(
            [base.python, "-I", "-m", "anaconda_anon_usage.heartbeat.activated"],
            env={**variables, "CONDA_ANACONDA_HEARTBEAT": f"{silent.url}/beat"},
            pass_fds=[number],
        )
        os.close(number)
        os.close(writer)
        ready, _, _ = select.select([reader], [], [], PATIENCE)
        assert ([reader], b"", None) == (ready, os.read(reader, 1), process.poll())
        assert 0 == process.wait(PATIENCE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
        os.close(reader)
