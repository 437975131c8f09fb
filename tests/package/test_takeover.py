"""This package replaces anaconda-anon-usage 0.8.1, and is replaced by it, without leftovers."""

from __future__ import annotations

import subprocess

import pytest
from installed import ACTIVATE, PACKAGE, TOKEN_FILES, check, files_in, record
from support import PATIENCE, wait_until

from anaconda_anon_usage import __version__

OURS, THEIRS = f"{PACKAGE}={__version__}", f"{PACKAGE}=0.8.1"


def foreign_files(prefix, before) -> set[str]:
    """Return the files that belong neither to the installed package nor to others."""
    return files_in(prefix) - before - set(record(prefix)["files"])


def test_no_file_and_no_heartbeat_of_the_replaced_package_remains(
    installer, environment, activate, heartbeat
):
    """The environment keeps its token."""
    before = files_in(environment)
    installer.install(environment, THEIRS)
    activate(environment)
    mark = environment / "their-heartbeat"
    assert mark.exists()
    mark.unlink()
    (environment / "etc" / "aau_token").write_text("0123456789abcdefABCD-_")
    installer.install(environment, OURS)
    assert {"etc/aau_token"} == foreign_files(environment, before)
    for shell in ACTIVATE:
        activate(environment, shell)
        assert heartbeat().endswith(" e/0123456789abcdefABCD-_")
    assert not mark.exists()


def test_going_back_leaves_only_token_files(installer, environment, activate, heartbeat, receiver):
    """No heartbeat of this package is sent any more."""
    before = files_in(environment)
    installer.install(environment, OURS)
    activate(environment)
    heartbeat()
    installer.install(environment, THEIRS)
    left = foreign_files(environment, before) - {"etc/linked"}
    assert TOKEN_FILES == left
    activate(environment)
    assert (environment / "their-heartbeat").exists()
    assert not wait_until(lambda: receiver.log, seconds=2)


@pytest.mark.parametrize("installer", ["conda"], indirect=True)
def test_a_forgotten_copy_of_the_scripts_starts_no_python(
    installer, environment, base_with_package, environ, receiver, tmp_path
):
    """Base has gone back to 0.8.1, but another environment still has the scripts."""
    other = base_with_package.make_environment(tmp_path / "other")
    python, started = tmp_path / "python", tmp_path / "started"
    (environment / "bin" / "python").rename(python)
    (environment / "bin" / "python").write_text(f'#!/bin/sh\n: >"{started}"\n')
    (environment / "bin" / "python").chmod(0o755)
    variables = {
        "CONDA_PREFIX": str(other),
        "CONDA_PYTHON_EXE": str(environment / "bin" / "python"),
        "CONDA_ANACONDA_HEARTBEAT": receiver.url_for("/beat"),
    }
    launcher = ["/bin/sh", other / "etc" / "conda" / "anon-usage" / "heartbeat.sh"]
    seen = []
    for package in (OURS, THEIRS):
        (environment / "bin" / "python").rename(tmp_path / "wrapper")
        python.rename(environment / "bin" / "python")
        installer.install(environment, package)
        (environment / "bin" / "python").rename(python)
        (tmp_path / "wrapper").rename(environment / "bin" / "python")
        subprocess.run(launcher, env={**environ, **variables}, check=True, timeout=PATIENCE)
        seen.append(started.exists())
        started.unlink(missing_ok=True)
    assert [True, False] == seen


def test_hooks_removes_the_copies_first(base_with_package, environ, tmp_path):
    """As the migration guide says."""
    other = base_with_package.make_environment(tmp_path / "other")
    before = files_in(other)
    command = [base_with_package.python, "-Im", "anaconda_anon_usage", "hooks", "--remove"]
    check([*command, "--prefix", other], environ)
    assert before and not files_in(other)
