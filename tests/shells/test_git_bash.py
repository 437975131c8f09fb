"""Git Bash, as far as Unix shells can simulate it: variables with Windows paths."""

from __future__ import annotations

import subprocess

import pytest
from launcher_cases import ON
from shells import program
from support import PROJECT

SHELLS = [("dash",), ("bash", "--posix"), ("busybox", "sh"), ("ksh",)]

PREFIX = r"C:\Users\Me\it's an Env"

#: Values of PATH, and whether they contain the environment above.
PATHS = {
    "/c/Users/Me/it's an Env/Scripts": True,
    "/C/USERS/me/IT'S AN env/scripts": True,
    r"C:\Users\Me\it's an Env\Scripts": True,
    "c:/users/me/it's an env/SCRIPTS": True,
    "/c/Users/Me/it's an Env": False,
    "/c/Users/Me/it's an Env/Scripts/x": False,
    "/d/Users/Me/it's an Env/Scripts": False,
    "/c/Users/Me/it's an Env2/Scripts": False,
    "/x/c/Users/Me/it's an Env/Scripts": False,
}

every_sh = pytest.mark.parametrize("sh", SHELLS, ids=" ".join)


def run(sh, script, environ, *arguments) -> str:
    """Run a script and return its stdout, which must be its only output."""
    done = subprocess.run(
        [program(sh[0]), *sh[1:], "-c", script, sh[0], *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


@pytest.mark.parametrize("sh", [*SHELLS, ("zsh", "-f")], ids=" ".join)
@pytest.mark.parametrize("between", ["/usr/bin:{}:/bin", "{}", r"C:\Windows;{};C:\x"])
def test_only_a_deactivation_stops_counting(sh, between, environ):
    """The level remains while PATH contains the environment, in either spelling and any case."""
    script = """
    set -eu
    for PATH do . "${STUB}"; printf '%s\\n' "${_ANACONDA_HEARTBEAT_1-left}"
    _ANACONDA_HEARTBEAT_1=active; done
    printf '%s\\n' "${pair-}${text-}${left-}${prefix-}"
    """
    environ |= {
        "STUB": str(PROJECT / "deactivate.d/anaconda-anon-usage.sh"),
        "CONDA_PREFIX": PREFIX,
        "CONDA_SHLVL": "1",
        "_ANACONDA_HEARTBEAT_1": "active",
    }
    actual = run(sh, script, environ, *map(between.format, PATHS)).split("\n")
    expected = ["active" if active else "left" for active in PATHS.values()]
    assert [*expected, "", ""] == actual


def test_a_function_with_strict_zsh_options_shows_nothing(environ):
    """zsh can warn about variables that a function creates."""
    script = 'setopt err_return warn_create_global no_unset; f() { . "${STUB}"; }; f; echo end'
    stub = str(PROJECT / "deactivate.d/anaconda-anon-usage.sh")
    environ |= {"STUB": stub, "CONDA_PREFIX": PREFIX, "CONDA_SHLVL": "1"}
    assert "end\n" == run(("zsh", "-f"), script, environ)


@pytest.fixture
def windows(tmp_path, home, environ):
    """Variables as in Git Bash, with a base whose Python counts its starts."""
    base = tmp_path / "base"
    module = base / "Lib/site-packages/anaconda_anon_usage/heartbeat/activated.py"
    module.parent.mkdir(parents=True)
    module.touch()
    python = base / "python.exe"
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    return {
        **environ,
        "HOME": str(tmp_path),
        "USERPROFILE": str(home),
        "CONDA_PREFIX": PREFIX,
        "CONDA_SHLVL": "1",
        "CONDA_PYTHON_EXE": str(python),
    }


def launch(sh, environ) -> str:
    """Run the launcher and return the output of Python."""
    launcher = str(PROJECT / "etc/conda/anon-usage/heartbeat.sh")
    return run(sh, '. "$1"', environ, launcher)


@every_sh
def test_the_launcher_finds_python_on_windows(sh, windows, home):
    """It finds python.exe with Lib/site-packages, and the condarc below USERPROFILE."""
    assert "" == launch(sh, windows)
    (home / ".condarc").write_text(ON)
    assert "-I -m anaconda_anon_usage.heartbeat.activated\n" == launch(sh, windows)
    assert "" == launch(sh, {**windows, "_ANACONDA_HEARTBEAT_1": PREFIX})
    (home / ".condarc").write_text("anaconda_heartbeat: off\n")
    assert "" == launch(sh, windows)


@every_sh
def test_the_launcher_ignores_home_on_windows(sh, windows, tmp_path):
    """conda uses USERPROFILE on Windows."""
    (tmp_path / ".condarc").write_text(ON)
    assert "" == launch(sh, windows)


@every_sh
def test_the_launcher_ignores_case_of_variables_on_windows(sh, windows):
    """On Windows, the names of variables are case-insensitive, including CONDA_."""
    assert "" != launch(sh, {**windows, "conda_anaconda_heartbeat": "on"})
