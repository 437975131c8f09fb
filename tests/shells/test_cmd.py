"""The scripts for cmd.exe, run by wine.

wine 8 cannot test the following, so only real Windows does:

- wildcards between quotes: condarc.d, and directories in place of files
- %-expansion, which removes carriage returns in cmd and expands its result again in wine
- deactivate.d after a deactivation, which edits a variable by delayed expansion
- names with any of %!&^()
- closing a console, and the handles that a background process inherits
"""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from launcher_cases import CASES, make_home
from shells import Processes
from support import tool

#: A substitute for base's python.exe. wine runs a Unix program like a Windows program.
PYTHON = """\
#!/bin/sh
printf '%s\\n' "$CONDA_PREFIX $CASE" >>"{log}-details"
printf '%s\\n' "$*" >>"{log}"
"""

STARTED = "-I -m anaconda_anon_usage.heartbeat.activated"

CALL_STUB = r'@call "%CONDA_PREFIX%\etc\conda\{}\anaconda-anon-usage.bat"'


@pytest.fixture(scope="session")
def wine(tmp_path_factory):
    """A function that runs a script in cmd.exe, in a new Windows environment."""
    program = tool("wine")
    variables = {
        "HOME": str(tmp_path_factory.mktemp("wine-home")),
        "PATH": os.environ["PATH"],
        "WINEPREFIX": str(tmp_path_factory.mktemp("wine")),
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree,mshtml=",  # no dialog that offers to download them
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

    # The services of Windows go on after the first program that needs them. If the server is
    # persistent, that is this one, and not a script of a test.
    quiet = {"env": variables, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([tool("wineserver"), "--persistent"], **quiet, timeout=60, check=True)
    try:
        subprocess.run([program, "cmd", "/d", "/c", "ver"], **quiet, timeout=300, check=True)
        yield cmd
    finally:
        # Ends only the processes of this WINEPREFIX.
        subprocess.run(["wineserver", "--kill"], **quiet, timeout=60, check=False)


def windows(path) -> str:
    """Return a path in the form that Windows programs use under wine."""
    return "Z:" + str(path).replace("/", "\\")


@pytest.fixture
def activation(wine, base, tmp_path, home):
    """Run lines in an activated environment, and return (output, starts of Python)."""
    prefix = base.make_environment(tmp_path / "it's an environment-j")
    python = tmp_path / "base" / "python.exe"
    module = python.parent / "Lib/site-packages/anaconda_anon_usage/heartbeat/activated.py"
    module.parent.mkdir(parents=True)
    module.touch()
    log = home / "pythons"
    python.write_text(PYTHON.format(log=log))
    python.chmod(0o755)
    script = tmp_path / "script.bat"

    processes = Processes()

    def run(*lines, starts, **environ):
        # wine overwrites this variable.
        lines = [f'@set "USERPROFILE={windows(home)}"', *lines]
        script.write_text("\n".join(lines) + "\n", newline="\r\n")
        log.unlink(missing_ok=True)
        done = wine(
            script,
            **{
                "CONDA_PREFIX": windows(prefix),
                "CONDA_SHLVL": "1",
                "CONDA_PYTHON_EXE": windows(python),
                Processes.NAME: processes.value,
                **environ,
            },
        )
        processes.wait()
        started = log.read_text().split("\n")[:-1] if log.exists() else []
        assert [STARTED] * starts == [line.strip() for line in started]
        return done.stdout.splitlines(), done.stderr

    run.prefix = prefix
    return run


def test_an_activation_starts_one_python_in_silence(activation, home):
    """The script prints nothing, exits with 0 and sets the variable of the level."""
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
    details = (home / "pythons-details").read_text().splitlines()
    assert {prefix} == {line.strip() for line in details}


def test_python_starts_if_the_configuration_could_be_on(activation, home):
    """heartbeat.sh has the same table of cases."""
    cases = {name: case for name, case in CASES.items() if case.in_wine}
    lines = ["@echo off"]
    for number, (name, case) in enumerate(cases.items()):
        make_home(case, home / str(number))
        variables = {"USERPROFILE": "{home}", "CASE": name, **case.variables}
        lines.append("setlocal")
        for variable, value in variables.items():
            if "{" in value or "~" in value:
                value = value.replace("/", "\\")
                value = value.replace("{home}", windows(home / str(number)))
                value = value.replace("{prefix}", windows(activation.prefix))
            lines.append(f'set "{variable}={value}"')
        lines += [r'call "%CONDA_PREFIX%\etc\conda\anon-usage\heartbeat.bat"', "endlocal"]
    activation(*lines, starts=sum(case.starts for case in cases.values()))
    details = (home / "pythons-details").read_text().splitlines()
    prefix = windows(activation.prefix) + " "
    assert {prefix + name for name, case in cases.items() if case.starts} == set(details)


def test_older_versions_of_the_package_are_not_started(activation, home, tmp_path):
    """Versions 0.7 and 0.8 have no activated.py."""
    (home / ".condarc").write_text("anaconda_heartbeat: true\n")
    shutil.rmtree(tmp_path / "base/Lib/site-packages/anaconda_anon_usage/heartbeat")
    (tmp_path / "base/Lib/site-packages/anaconda_anon_usage/heartbeat.py").touch()
    assert ([], "") == activation(CALL_STUB.format("activate.d"), starts=0)


def test_the_launcher_does_not_wait_for_python(activation, home, tmp_path):
    """Python is still running when heartbeat.bat ends."""
    (home / ".condarc").write_text("anaconda_heartbeat: true\n")
    gate = tmp_path / "gate"
    python = tmp_path / "base" / "python.exe"
    wait = f"until [ -e '{gate}' ]; do sleep 0.1; done\n"
    python.write_text(python.read_text().replace("\n", f"\n{wait}", 1))
    launcher = r'@call "%CONDA_PREFIX%\etc\conda\anon-usage\heartbeat.bat" <nul >nul 2>&1'
    ended = windows(gate)
    assert ([], "") == activation(launcher, f'@echo ended>"{ended}"', starts=1)


def test_a_missing_launcher_does_not_stop_the_activation(activation):
    """The script prints nothing and exits with 0."""
    (activation.prefix / "etc/conda/anon-usage/heartbeat.bat").unlink()
    output = activation(CALL_STUB.format("activate.d"), "@echo %ERRORLEVEL%", starts=0)
    assert (["0"], "") == output


def test_a_reactivation_keeps_the_level_counted(activation):
    """PATH still contains the environment. (wine 8 cannot test a PATH without it.)"""
    output = activation(
        CALL_STUB.format("activate.d"),
        r'@set "PATH=%CONDA_PREFIX%;%CONDA_PREFIX%\Scripts;%PATH%"',
        CALL_STUB.format("deactivate.d"),
        "@echo %ERRORLEVEL%",
        '@set "_ANACONDA"',
        starts=0,
    )
    assert (["0", f"_ANACONDA_HEARTBEAT_1={windows(activation.prefix)}"], "") == output
