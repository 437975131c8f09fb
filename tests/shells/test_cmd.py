"""The scripts for cmd.exe on Windows, or on Linux under wine.

wine 8 cannot test the following, so only Windows can:

- wildcards between quotes: condarc.d, and directories in place of files
- %-expansion, which removes carriage returns in cmd and expands its result again in wine
- deactivate.d after a deactivation, which edits a variable by delayed expansion
- names with any of %!&^()
- closing a console, and the handles that a background process inherits
"""

from __future__ import annotations

import shutil
import subprocess

import pytest
from conda_root import clean_environ
from launcher_cases import CASES, make_home
from shells import Processes
from support import tool, wait_until
from windows import STARTED, WINDOWS, make_environment, make_python, records, windows

CALL_STUB = r'@call "%CONDA_PREFIX%\etc\conda\{}\anaconda-anon-usage.bat"'


@pytest.fixture(scope="session")
def cmd(tmp_path_factory):
    """A function that runs a script in cmd.exe; under wine, in a new Windows environment."""
    command, variables = [tool("cmd" if WINDOWS else "wine"), "/d", "/c"], {}
    if not WINDOWS:
        command.insert(1, "cmd")
        variables = {
            "WINEPREFIX": str(tmp_path_factory.mktemp("wine")),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",  # no dialog that offers to download them
        }
    variables = clean_environ(tmp_path_factory.mktemp("home"), **variables)

    def run(script, **environ):
        return subprocess.run(
            [*command, script],
            env={**variables, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
        )

    if WINDOWS:
        yield run
        return
    # The services of Windows go on after the first program that needs them. If the server is
    # persistent, that is this one, and not a script of a test.
    quiet = {"env": variables, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([tool("wineserver"), "--persistent"], **quiet, timeout=60, check=True)
    try:
        subprocess.run([*command, "ver"], **quiet, timeout=300, check=True)
        yield run
    finally:
        # Ends only the processes of this WINEPREFIX.
        subprocess.run([tool("wineserver"), "--kill"], **quiet, timeout=60, check=False)


@pytest.fixture
def activation(cmd, tmp_path, home):
    """Run lines in an activated environment, and return their output."""
    prefix = make_environment(tmp_path / "it's an environment-j")
    python = make_python(tmp_path / "base")

    processes = Processes()

    def run(*lines, starts, **environ):
        """Also check the number of starts of Python, and store them in run.started."""
        number = len(list(tmp_path.glob("*.bat")))
        script, record = tmp_path / f"{number}.bat", tmp_path / f"record-{number}"
        # wine overwrites this variable.
        lines = [f'@set "USERPROFILE={windows(home)}"', *lines]
        script.write_text("\n".join(lines) + "\n", newline="\r\n")
        done = cmd(
            windows(script),
            **{
                "CONDA_PREFIX": windows(prefix),
                "CONDA_SHLVL": "1",
                "CONDA_PYTHON_EXE": windows(python),
                "RECORD": windows(record),
                Processes.NAME: processes.value,
                **environ,
            },
        )
        if not WINDOWS:
            processes.wait()
        elif starts:
            wait_until(lambda: len(records(record)) >= starts)
        else:
            wait_until(lambda: records(record), seconds=2)
        run.started = records(record)
        assert [STARTED] * starts == [arguments for arguments, *_ in run.started]
        return done.stdout.splitlines(), done.stderr

    run.prefix = prefix
    return run


def test_an_activation_starts_one_python_and_prints_nothing(activation, home):
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
        assert [[STARTED, prefix, ""]] == activation.started


def test_python_starts_if_the_configuration_could_be_on(activation, home):
    """heartbeat.sh has the same table of cases."""
    cases = {name: case for name, case in CASES.items() if case.in_wine or WINDOWS}
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
    expected = sorted(name for name, case in cases.items() if case.starts)
    assert expected == sorted(case for _, _, case in activation.started)


def test_older_versions_of_the_package_are_not_started(activation, home, tmp_path):
    """Versions 0.7 and 0.8 have no activated.py."""
    (home / ".condarc").write_text("anaconda_heartbeat: true\n")
    shutil.rmtree(tmp_path / "base/Lib/site-packages/anaconda_anon_usage/heartbeat")
    (tmp_path / "base/Lib/site-packages/anaconda_anon_usage/heartbeat.py").touch()
    assert ([], "") == activation(CALL_STUB.format("activate.d"), starts=0)


def test_the_launcher_does_not_wait_for_python(activation, home, tmp_path):
    """Python is still running when heartbeat.bat ends."""
    (home / ".condarc").write_text("anaconda_heartbeat: true\n")
    gate = windows(tmp_path / "gate")
    launcher = r'@call "%CONDA_PREFIX%\etc\conda\anon-usage\heartbeat.bat" <nul >nul 2>&1'
    assert ([], "") == activation(launcher, f'@echo ended>"{gate}"', starts=1, GATE=gate)


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


@pytest.mark.skipif(not WINDOWS, reason="wine 8 cannot run deactivate.d then")
@pytest.mark.parametrize("delayed", ["disabledelayedexpansion", "enabledelayedexpansion"])
def test_a_deactivation_stops_counting_the_level(activation, delayed):
    """PATH no longer contains the environment."""
    output = activation(
        f"@setlocal {delayed}",
        CALL_STUB.format("activate.d"),
        CALL_STUB.format("deactivate.d"),
        "@echo %ERRORLEVEL%[%_ANACONDA_HEARTBEAT_1%]",
        starts=0,
    )
    assert (["0[]"], "") == output
