"""cmd.exe, as far as wine's is like it.

wine 8 lets `find` and plain batch files be tested, in names without any of %!&^(). Not tested
are wildcards (condarc.d), what deactivate.d does when an environment is left (it needs the
replacement of a delayed variable), a console that closes, and which handles a background
process inherits.
"""

from __future__ import annotations

import os
import subprocess
import time

import pytest
from support import tool, wait_until

#: In the place of base's python.exe, for there is none.
PYTHON = '@echo %*>>"%USERPROFILE%\\pythons"\n@echo %CONDA_PREFIX%>>"%USERPROFILE%\\prefixes"\n'

STARTED = "-I -m anaconda_anon_usage.heartbeat.activated"

CALL_STUB = r'@call "%CONDA_PREFIX%\etc\conda\{}\anaconda-anon-usage.bat"'


@pytest.fixture(scope="session")
def wine(tmp_path_factory):
    """What runs cmd.exe, in a Windows of its own."""
    program = tool("wine")
    variables = {
        "HOME": str(tmp_path_factory.mktemp("wine-home")),
        "PATH": os.environ["PATH"],
        "WINEPREFIX": str(tmp_path_factory.mktemp("wine") / "prefix"),
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree,mshtml=",  # it would ask whether to download them
    }

    def cmd(script, **environ):
        return subprocess.run(
            [program, "cmd", "/d", "/c", windows(script)],
            env={**variables, **environ},
            cwd=script.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
        )

    # Makes that Windows, and says so.
    subprocess.run(
        [program, "cmd", "/d", "/c", "ver"], env=variables, capture_output=True, timeout=300
    )
    yield cmd
    # Ends what runs in this WINEPREFIX only.
    subprocess.run(["wineserver", "--kill"], env=variables, timeout=60, check=False)


def windows(path) -> str:
    """Return a path as Windows programs under wine know it."""
    return "Z:" + str(path).replace("/", "\\")


@pytest.fixture
def activation(wine, base, tmp_path, home):
    """Runs lines with an environment activated, and returns (output, starts of Python)."""
    prefix = base.make_environment(tmp_path / "it's an environment-j")
    python = tmp_path / "base" / "python.bat"
    module = python.parent / "Lib/site-packages/anaconda_anon_usage/heartbeat/activated.py"
    module.parent.mkdir(parents=True)
    module.touch()
    python.write_text(PYTHON, newline="\r\n")
    log = home / "pythons"
    script = tmp_path / "script.bat"
    number = 0

    def run(*lines, starts, **environ):
        nonlocal number
        # wine has ideas of its own about this variable.
        lines = [f'@set "USERPROFILE={windows(home)}"', *lines]
        script.write_text("\n".join(lines) + "\n", newline="\r\n")
        log.unlink(missing_ok=True)
        done = wine(
            script,
            **{
                "CONDA_PREFIX": windows(prefix),
                "CONDA_SHLVL": "1",
                "CONDA_PYTHON_EXE": windows(python),
                **environ,
            },
        )
        if starts:
            wait_until(log.exists)
        else:
            # A launcher that decides against Python leaves no trace to wait for.
            time.sleep(2)
        started = log.read_text().split("\n")[:-1] if log.exists() else []
        assert [STARTED] * starts == [line.strip() for line in started]
        return done.stdout.splitlines(), done.stderr

    run.prefix = prefix
    return run


def test_an_activation_starts_one_python_in_silence(activation, home):
    """The stub prints nothing, ends with 0 and marks the level, with and without `!`."""
    (home / ".condarc").write_text("anaconda_heartbeat: true\n")
    prefix = windows(activation.prefix)
    for delayed in ("disabledelayedexpansion", "enabledelayedexpansion"):
        output = activation(
            f"@setlocal {delayed}",
            CALL_STUB.format("activate.d"),
            "@echo %ERRORLEVEL%",
            '@set "_ANACONDA"',
            starts=1,
        )
        assert (["0", f"_ANACONDA_HEARTBEAT_1={prefix}"], "") == output
    assert {prefix} == set((home / "prefixes").read_text().splitlines())


def test_off_starts_no_python(activation, home):
    """Nor does what is guarded, built or counted."""
    stub = CALL_STUB.format("activate.d")
    assert ([], "") == activation(stub, starts=0)
    on = {"CONDA_ANACONDA_HEARTBEAT": "true"}
    assert ([], "") == activation(stub, starts=1, **on)
    counted = {"_ANACONDA_HEARTBEAT_1": windows(activation.prefix)}
    for reason in ({"CONDA_BUILD": "1"}, {"_ANACONDA_HEARTBEAT_GUARD": "1"}, counted):
        assert ([], "") == activation(stub, starts=0, **on, **reason)


@pytest.mark.parametrize("place", [".conda/condarc", ".config/conda/.condarc"])
def test_configuration_files_are_found(activation, home, place):
    """In conda's directories below the user's."""
    (home / place).parent.mkdir(parents=True)
    (home / place).write_text("anaconda_heartbeat: true\n")
    assert ([], "") == activation(CALL_STUB.format("activate.d"), starts=1)


def test_a_missing_launcher_is_not_missed(activation):
    """The activation goes on."""
    (activation.prefix / "etc/conda/anon-usage/heartbeat.bat").unlink()
    output = activation(CALL_STUB.format("activate.d"), "@echo %ERRORLEVEL%", starts=0)
    assert (["0"], "") == output


def test_a_reactivation_keeps_the_mark(activation):
    """PATH still holds the environment then. (wine 8 can't tell when it has lost it.)"""
    output = activation(
        CALL_STUB.format("activate.d"),
        r'@set "PATH=%CONDA_PREFIX%;%CONDA_PREFIX%\Scripts;%PATH%"',
        CALL_STUB.format("deactivate.d"),
        "@echo %ERRORLEVEL%",
        '@set "_ANACONDA"',
        starts=0,
    )
    assert (["0", f"_ANACONDA_HEARTBEAT_1={windows(activation.prefix)}"], "") == output
