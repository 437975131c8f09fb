"""The scripts for PowerShell on Windows, or on Linux in PowerShell for Windows under wine.

Only Windows has Windows PowerShell 5.1, and a cmd that does not expand names with a percent
sign twice. Closing a console is not tested.
"""

from __future__ import annotations

import subprocess

import pytest
from powershell import (
    CONSTRAINED,
    LOCATIONS,
    MODES,
    ROUND,
    STATE,
    every_language,
    quote,
    round_of,
    runspaces,
)
from shells import program
from support import PATIENCE, wait_until
from windows import STARTED, WINDOWS, make_environment, make_python, records, windows

#: The launcher, below the environment's prefix.
LAUNCHER = "etc/conda/anon-usage/heartbeat.bat"

#: Windows PowerShell 5.1 and PowerShell 7.
SHELLS = ("powershell", "pwsh") if WINDOWS else ("pwsh-windows",)

# The first call of pwsh-windows sets it up, and another one at the same time would fail.
pytestmark = pytest.mark.xdist_group("pwsh-windows")

#: Names that careless quoting for cmd or PowerShell would change.
NAMES = (
    "it's an environment",
    "a&b",
    "a^b",
    "a^&echo x",
    "!x!",
    "a!b",
    "(a)",
    "a) b",
    "a;b",
    "a,b",
    "a=b",
    "[ab]",
    "a`$b",
    "$(a)",
    "@a",
    "#{x}",
    "~",
    "-n",
    "{0}",
    "èрт🚒♞中片",
    *(("%PATH%", "100%") if WINDOWS else ()),
)

#: Setup before the activation, and whether the level is then marked as counted.
CASES = {
    "PATH in capitals": ("$Env:PATH = $Env:PATH.ToUpperInvariant()", True),
    "no launcher": ("", True),
    "no prefix": ("$Env:CONDA_PREFIX = $null", False),
    "no SystemRoot": ("$Env:SystemRoot = $null", False),
    "wrong SystemRoot": ("$Env:SystemRoot = 'C:\\nowhere'", False),
}

#: Modes in which careless code waits for Python.
WAITING = {
    "full": "",
    "constrained": CONSTRAINED,
    "waiting": MODES["default parameters"],
    "waiting, constrained": MODES["default parameters"] + CONSTRAINED,
}

#: Runs inner.ps1 in a second PowerShell, reads its output to the end, and then lets Python end.
OUTER = """
$Env:RECORD = "$PSScriptRoot\\record-{number}"
$Env:GATE = "$PSScriptRoot\\gate-{number}"
$start = [Diagnostics.ProcessStartInfo] @{{
    FileName = (Get-Process -Id $PID).Path
    Arguments = '-NoProfile -NonInteractive -File inner-{number}.ps1'
    WorkingDirectory = $PSScriptRoot; UseShellExecute = $false
    RedirectStandardOutput = $true; RedirectStandardError = $true
}}
$process = [Diagnostics.Process]::Start($start)
[Console]::Write($process.StandardOutput.ReadToEnd() + $process.StandardError.ReadToEnd())
foreach ($i in 1..600) {{
    $lines = Get-Content -ErrorAction Ignore "$Env:RECORD-*"
    if ($lines) {{ break }}
    Start-Sleep -Milliseconds 100
}}
[Console]::WriteLine($lines -join '; ')
$null = New-Item $Env:GATE
"""

INNER = """
& "$Env:SystemRoot\\System32\\cmd.exe" /c exit 7
{mode}
. {activate}
"$? $LASTEXITCODE $($Error.Count) $($Env:_ANACONDA_HEARTBEAT_1 -ceq $Env:CONDA_PREFIX)"
"""


@pytest.fixture(params=SHELLS)
def powershell(request, tmp_path, environ):
    """A function that runs a script in PowerShell for Windows and returns its output lines."""
    command = [program(request.param), "-NoProfile", "-NonInteractive", "-File"]

    def run(text, **variables):
        script = tmp_path / "script.ps1"
        script.write_text(text, encoding="utf-8-sig")  # 5.1 needs the mark
        done = subprocess.run(
            [*command, windows(script)],
            env={**environ, **variables},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=10 * PATIENCE,
        )
        errors = [line for line in done.stderr.splitlines() if not line.startswith("wine: ")]
        assert (0, []) == (done.returncode, errors)
        return done.stdout.splitlines()

    run.modes = dict(MODES)
    if request.param == "powershell":
        del run.modes["debugger"]  # it came with version 7
    return run


@pytest.fixture
def scripts(tmp_path):
    """The paths of both scripts, as PowerShell strings."""
    prefix = make_environment(tmp_path / "scripts")
    return {
        name: quote(windows(prefix / f"etc/conda/{folder}/anaconda-anon-usage.ps1"))
        for name, folder in (("activate", "activate.d"), ("leave", "deactivate.d"))
    }


def make_logging_environment(prefix):
    """Create an environment whose launcher logs each start."""
    launcher = make_environment(prefix) / LAUNCHER
    launcher.write_text('@cd /d "%CONDA_PREFIX%"\n@echo started>>log\n', newline="\r\n")
    return prefix


def run_rounds(powershell, scripts, rounds):
    """Run a list of (prefix, setup), and return the line that each prints."""
    texts = []
    for prefix, setup in rounds:
        prefix = windows(prefix)
        directory = quote(rf"{prefix}\Scripts")
        texts.append(
            ROUND.format(prefix=quote(prefix), directory=directory, setup=setup, **scripts)
        )
    return powershell(runspaces(texts))


def starts(prefix) -> int:
    """Return how often the launcher of an environment has been started."""
    log = prefix / "log"
    return len(log.read_text().splitlines()) if log.exists() else 0


@every_language
def test_no_preference_changes_anything(language, powershell, scripts, tmp_path):
    """Nothing is printed, $Error stays empty, and each activation starts one launcher."""
    cases = CASES | {mode: (setup, True) for mode, setup in powershell.modes.items()}
    rounds = {
        name: (make_logging_environment(tmp_path / f"{name}-e"), setup + language)
        for name, (setup, _) in cases.items()
    }
    (rounds["no launcher"][0] / LAUNCHER).unlink()
    # With neither cmdlets nor .NET, nothing can be started.
    impossible = {"no module"} if language else set()
    works = {name for name, (_, works) in cases.items() if works} - impossible
    printed = dict(zip(cases, run_rounds(powershell, scripts, rounds.values())))
    assert {name: round_of(name in works) for name in cases} == printed
    started = works - {"no launcher"}
    wait_until(lambda: all(starts(rounds[name][0]) for name in started))
    actual = {name: starts(prefix) for name, (prefix, _) in rounds.items()}
    assert {name: int(name in started) for name in cases} == actual


@every_language
def test_the_state_of_the_shell_stays(language, powershell, scripts, tmp_path):
    """$?, $LASTEXITCODE, jobs, location, variables and $Error are as after an empty script."""
    empty = tmp_path / "empty.ps1"
    empty.touch()
    prefix = make_logging_environment(tmp_path / "environment")
    files = (quote(windows(empty)), scripts["activate"], scripts["leave"])
    texts = [
        STATE.format(prefix=quote(windows(prefix)), setup=setup + language, script=file)
        for setup in LOCATIONS.values()
        for file in files
    ]
    printed = powershell(runspaces(texts))
    assert [line for line in printed[:: len(files)] for _ in files] == printed
    wait_until(lambda: starts(prefix) == len(LOCATIONS))
    assert len(LOCATIONS) == starts(prefix)


@every_language
def test_names_are_not_run(language, powershell, scripts, tmp_path):
    """The launcher is found and gets the prefix, whatever its name is."""
    rounds = [
        (make_logging_environment(tmp_path / str(number) / name), language)
        for number, name in enumerate(NAMES)
    ]
    assert [round_of(True)] * len(NAMES) == run_rounds(powershell, scripts, rounds)
    prefixes = [prefix for prefix, _ in rounds]
    wait_until(lambda: all(map(starts, prefixes)))
    assert dict.fromkeys(NAMES, 1) == dict(zip(NAMES, map(starts, prefixes)))


def test_python_is_started_and_not_waited_for(powershell, scripts, tmp_path):
    """heartbeat.bat starts Python once; the output's reader does not wait for its end."""
    prefix = make_environment(tmp_path / "it's an environment-j")
    python = make_python(tmp_path / "base")
    for number, mode in enumerate(WAITING.values()):
        inner = tmp_path / f"inner-{number}.ps1"
        inner.write_text(INNER.format(mode=mode, **scripts))
    printed = powershell(
        "".join(OUTER.format(number=number) for number in range(len(WAITING))),
        CONDA_PREFIX=windows(prefix),
        CONDA_SHLVL="1",
        CONDA_PYTHON_EXE=windows(python),
        CONDA_ANACONDA_HEARTBEAT="true",
    )
    start = [STARTED, windows(prefix), ""]
    assert ["True 7 0 True", "\t".join(start)] * len(WAITING) == printed
    found = [tmp_path / f"record-{number}" for number in range(len(WAITING))]
    ended = [[[*start, "ended"]]] * len(WAITING)
    wait_until(lambda: list(map(records, found)) == ended)
    assert ended == list(map(records, found))
