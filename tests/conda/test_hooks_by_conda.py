"""With the heartbeat on, conda installs the activation scripts in other environments."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest
from channel import NAME, make_channel
from support import HOSTILE, tool, wait_until

SCRIPT = "etc/conda/activate.d/anaconda-anon-usage.sh"
LAUNCHER = "etc/conda/anon-usage/heartbeat.sh"


@pytest.fixture
def prefix(tmp_path):
    """An environment without activation scripts."""
    prefix = tmp_path / HOSTILE
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "history").touch()
    return prefix


@pytest.fixture
def on(home):
    """Turn the heartbeat on, with a URL on which nothing listens."""
    (home / ".condarc").write_text("anaconda_heartbeat: http://127.0.0.1:9/\n")


def has(prefix) -> bool:
    """Return whether an environment has the activation script and the launcher."""
    return (prefix / SCRIPT).exists() and (prefix / LAUNCHER).exists()


def test_conda_installs_scripts_in_environments_that_it_creates(conda, base, on, tmp_path):
    """create, env create with the name in a file, clone and rename, by name and by path."""
    envs = tmp_path / "envs"
    variables = {"CONDA_ENVS_DIRS": str(envs), "CONDA_OFFLINE": "1"}
    (tmp_path / "environment.yml").write_text("name: in-file\ndependencies: []\n")
    for command in (
        ["create", "--yes", "--offline", "--name", "named"],
        ["create", "--yes", "--offline", "--prefix", tmp_path / "placed"],
        ["create", "--yes", "--offline", "--name", "copy", "--clone", "named"],
        ["rename", "--name", "copy", "renamed"],
        ["env", "create", "--file", tmp_path / "environment.yml"],
    ):
        if command[0] == "env" and conda(base, "env", "--help").returncode != 0:
            continue  # a separate program before conda 24.1, which loads no plugins
        done = conda(base, *command, **variables)
        assert (done.returncode, done.stderr) == (0, ""), command
    assert {path.name: has(path) for path in [*envs.glob("[a-z]*"), tmp_path / "placed"]} == {
        **({"in-file": True} if (envs / "in-file").exists() else {}),
        "named": True,
        "renamed": True,
        "placed": True,
    }


@pytest.fixture
def conda_install(conda, base, prefix, tmp_path):
    """A function that installs a package in the environment."""

    def install() -> int:
        channel = make_channel(tmp_path / "channel")
        done = conda(
            base,
            *("install", "--yes", "--offline", "--prefix", prefix),
            *("--override-channels", "--channel", f"file://{channel}", NAME),
            CONDA_PKGS_DIRS=str(tmp_path / "packages"),
        )
        return done.returncode

    return install


def test_conda_installs_scripts_in_environments_that_it_changes(conda_install, on, prefix):
    """The environment may be older than the setting."""
    assert (conda_install(), has(prefix)) == (0, True)


def test_conda_leaves_modified_scripts_alone(conda_install, base, on, prefix):
    """Only --force replaces them."""
    base.install_scripts(prefix)
    modified = (prefix / SCRIPT).read_bytes() + b": mine\n"
    (prefix / SCRIPT).write_bytes(modified)
    assert (conda_install(), (prefix / SCRIPT).read_bytes()) == (0, modified)


def test_with_the_heartbeat_off_nothing_is_written(conda, base, home, tmp_path):
    """conda itself writes files."""
    prefix = tmp_path / "env"
    conda(base, "create", "--yes", "--offline", "--prefix", prefix)
    assert sorted(os.listdir(prefix)) == ["conda-meta"]


def test_three_environments_send_one_client_token(conda, base, home, httpserver, tmp_path, environ):
    """Each environment is activated in a real shell and has its own ``e/``."""
    httpserver.expect_request(re.compile(".*"), method="HEAD").respond_with_data(status=404)
    (home / ".condarc").write_text(f"anaconda_heartbeat: {httpserver.url_for('/beat')}\n")
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    conda(base, "create", "--yes", "--offline", "--prefix", one)
    conda(base, "create", "--yes", "--offline", "--prefix", two, "--clone", one)
    shutil.copytree(one, three)  # as extracting an archive does
    for prefix in (one, two, three):
        done = subprocess.run(
            [tool("bash"), "-euc", 'eval "$("$1" shell.posix activate "$2")"', "bash"]
            + [base.conda, prefix],
            env=environ,
            capture_output=True,
            timeout=60,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    wait_until(lambda: len(httpserver.log) >= 3)
    sent = [
        re.search(r" c/(\S+) s/\S+ e/(\S+)", request.headers["User-Agent"]).groups()
        for request, _ in httpserver.log
    ]
    client = (home / ".conda" / "aau_token").read_text().strip()
    expected = {(client, (p / "etc/aau_token").read_text().strip()) for p in (one, two, three)}
    assert (len(sent), set(sent), len(expected)) == (3, expected, 3)


def test_scripts_start_no_python_while_the_heartbeat_is_off(base, prefix, environ, tmp_path):
    """The launcher makes this decision."""
    base.install_scripts(prefix)
    python = tmp_path / "root" / "bin" / "python"
    package = tmp_path / "root/lib/python3.11/site-packages/anaconda_anon_usage/heartbeat"
    package.mkdir(parents=True)
    (package / "activated.py").touch()
    python.parent.mkdir()
    python.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    python.chmod(0o755)
    launcher = [tool("sh"), prefix / LAUNCHER]
    variables = {**environ, "CONDA_PREFIX": str(prefix), "CONDA_PYTHON_EXE": str(python)}
    subprocess.run(launcher, env=variables, timeout=60)
    assert not (tmp_path / "started").exists()
    subprocess.run(launcher, env={**variables, "CONDA_ANACONDA_HEARTBEAT": "1"}, timeout=60)
    assert (tmp_path / "started").exists()
