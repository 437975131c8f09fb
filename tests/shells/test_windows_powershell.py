"""The scripts for PowerShell on Windows, run by PowerShell for Windows in wine.

wine starts slowly, so each test is one process. Activations that need a fresh PowerShell have a
runspace each, with its own preferences, functions, $Error and language mode. Not tested:

- Windows PowerShell 5.1
- names with a percent sign, which the cmd of wine 8 expands twice
- closing a console
"""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import pytest
from shells import program
from support import PATIENCE, tool, wait_until
from test_powershell import CONSTRAINED, MODES

#: The launcher, below the environment's prefix.
LAUNCHER = "etc/conda/anon-usage/heartbeat.bat"

STARTED = "-I -m anaconda_anon_usage.heartbeat.activated"

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
)

#: Setup before the activation, and whether the level is then marked as counted.
CASES = {
    **{mode: (setup, True) for mode, setup in MODES.items()},
    "PATH in capitals": ("$Env:PATH = $Env:PATH.ToUpperInvariant()", True),
    "no launcher": ("", True),
    "no prefix": ("$Env:CONDA_PREFIX = $null", False),
    "no SystemRoot": ("$Env:SystemRoot = $null", False),
    "wrong SystemRoot": ("$Env:SystemRoot = 'C:\\nowhere'", False),
}

#: Runs a script in a new runspace, and prints the output of all its streams in one line.
FUNCTIONS = """
$outer = $Env:PATH
$root = $Env:SystemRoot
function Invoke-Text([string] $text) {
    $commands = [Management.Automation.Runspaces.InitialSessionState]::CreateDefault2()
    $shell = [PowerShell]::Create($commands)
    $output = $shell.AddScript($text).Invoke()
    $Env:SystemRoot = $root
    $shown = foreach ($name in 'Error', 'Warning', 'Verbose', 'Debug', 'Information') {
        $shell.Streams.$name
    }
    [Console]::WriteLine("$output$shown" -replace '[\\r\\n]+', ' ')
}
"""

#: Activates, reactivates and deactivates. Prints whether the level is marked after each of the
#: first two, the mark that is left, and the number of errors.
ROUND = """
$Env:CONDA_SHLVL = '1'
$Env:CONDA_PREFIX = {prefix}
$Env:PATH = "$Env:CONDA_PREFIX\\Scripts;$outer"
$Env:_ANACONDA_HEARTBEAT_1 = $null
{setup}
. {activate}
$Env:COUNTED = $Env:CONDA_PREFIX -and $Env:_ANACONDA_HEARTBEAT_1 -ceq $Env:CONDA_PREFIX
. {leave}
$Env:KEPT = $Env:CONDA_PREFIX -and $Env:_ANACONDA_HEARTBEAT_1 -ceq $Env:CONDA_PREFIX
$Env:PATH = 'C:\\windows'
. {leave}
"$Env:COUNTED $Env:KEPT [$Env:_ANACONDA_HEARTBEAT_1] $($Error.Count)"
"""

#: Activates in a second PowerShell, reads its output to the end, and then lets Python end.
END_OF_OUTPUT = """
$start = [Diagnostics.ProcessStartInfo] @{
    FileName = (Get-Process -Id $PID).Path; Arguments = '-NoProfile -NonInteractive -File inner.ps1'
    WorkingDirectory = $PSScriptRoot; UseShellExecute = $false
    RedirectStandardOutput = $true; RedirectStandardError = $true
}
$process = [Diagnostics.Process]::Start($start)
[Console]::Write($process.StandardOutput.ReadToEnd() + $process.StandardError.ReadToEnd())
foreach ($i in 1..300) { if (Test-Path $Env:RECORD) { break }; Start-Sleep -Milliseconds 100 }
[Console]::WriteLine((Get-Content $Env:RECORD) -join '; ')
$null = New-Item $Env:GATE
"""

INNER = """
& "$Env:SystemRoot\\System32\\cmd.exe" /c exit 7
{mode}
. {activate}
"$? $LASTEXITCODE $($Error.Count) $($Env:_ANACONDA_HEARTBEAT_1 -ceq $Env:CONDA_PREFIX)"
"""


def windows(path) -> str:
    """Return the path by which Windows programs in wine know a file."""
    return "Z:" + str(path).replace("/", "\\")


def quoted(path) -> str:
    """Return a path as a PowerShell string."""
    return "'" + windows(path).replace("'", "''") + "'"


@pytest.fixture
def powershell(tmp_path, environ):
    """A function that runs a script in PowerShell for Windows and returns its output lines."""
    command = program("pwsh-windows")

    def run(text, **variables):
        script = tmp_path / "script.ps1"
        script.write_text(text)
        done = subprocess.run(
            [command, "-File", windows(script)],
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

    return run


@pytest.fixture
def scripts(base, tmp_path):
    """The paths of both scripts, as PowerShell strings."""
    prefix = base.make_environment(tmp_path / "scripts")
    return {
        name: quoted(prefix / f"etc/conda/{folder}/anaconda-anon-usage.ps1")
        for name, folder in (("activate", "activate.d"), ("leave", "deactivate.d"))
    }


def make_environment(prefix):
    """Create an environment whose launcher logs each start."""
    launcher = prefix / LAUNCHER
    launcher.parent.mkdir(parents=True)
    launcher.write_text('@cd /d "%CONDA_PREFIX%"\n@echo started>>log\n', newline="\r\n")
    return prefix


def run_rounds(powershell, scripts, rounds):
    """Run a list of (prefix, setup), and return the line that each prints."""
    texts = [ROUND.format(prefix=quoted(p), setup=setup, **scripts) for p, setup in rounds]
    return powershell(
        FUNCTIONS
        + "".join(
            "Invoke-Text ('{}' -replace '\\$outer', $outer)\n".format(text.replace("'", "''"))
            for text in texts
        )
    )


def starts(prefix) -> int:
    """Return how often the launcher of an environment has been started."""
    log = prefix / "log"
    return len(log.read_text().splitlines()) if log.exists() else 0


@pytest.mark.parametrize("language", ["", CONSTRAINED], ids=["full", "constrained"])
def test_no_preference_changes_anything(language, powershell, scripts, tmp_path):
    """Nothing is printed, $Error stays empty, and each activation starts one launcher."""
    rounds = {
        name: (make_environment(tmp_path / f"{name}-e"), setup + language)
        for name, (setup, _) in CASES.items()
    }
    (rounds["no launcher"][0] / LAUNCHER).unlink()
    printed = dict(zip(rounds, run_rounds(powershell, scripts, rounds.values())))
    # With neither cmdlets nor .NET, nothing can be started.
    impossible = {"no module"} if language else set()
    marked = {name for name, (_, works) in CASES.items() if works} - impossible
    assert {n: f"{n in marked} {n in marked} [] 0" for n in rounds} == printed
    expected = marked - {"no launcher"}
    wait_until(lambda: all(starts(rounds[name][0]) for name in expected))
    actual = {name: starts(prefix) for name, (prefix, _) in rounds.items()}
    assert {name: int(name in expected) for name in rounds} == actual


@pytest.mark.parametrize("language", ["", CONSTRAINED], ids=["full", "constrained"])
def test_names_are_not_run(language, powershell, scripts, tmp_path):
    """The launcher is found and gets the prefix, whatever its name is."""
    rounds = [
        (make_environment(tmp_path / str(number) / name), language)
        for number, name in enumerate(NAMES)
    ]
    prefixes = [prefix for prefix, _ in rounds]
    assert ["True True [] 0"] * len(NAMES) == run_rounds(powershell, scripts, rounds)
    wait_until(lambda: all(map(starts, prefixes)))
    assert dict.fromkeys(NAMES, 1) == dict(zip(NAMES, map(starts, prefixes)))


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory):
    """A python.exe that records its arguments."""
    program = tmp_path_factory.mktemp("stand-in") / "python.exe"
    source = pathlib.Path(__file__).with_name("python_stand_in.c")
    subprocess.run([tool("x86_64-w64-mingw32-gcc"), "-o", program, source], check=True)
    return program


@pytest.mark.parametrize(
    "mode",
    ["", CONSTRAINED, MODES["default parameters"], MODES["default parameters"] + CONSTRAINED],
    ids=["full", "constrained", "waiting", "waiting, constrained"],
)
def test_python_is_started_and_not_waited_for(mode, powershell, scripts, base, stand_in, tmp_path):
    """heartbeat.bat starts Python once; the output's reader does not wait for its end."""
    prefix = base.make_environment(tmp_path / "it's an environment-j")
    python = tmp_path / "base" / "python.exe"
    module = python.parent / "Lib/site-packages/anaconda_anon_usage/heartbeat/activated.py"
    module.parent.mkdir(parents=True)
    module.touch()
    shutil.copy(stand_in, python)
    (tmp_path / "inner.ps1").write_text(INNER.format(mode=mode, **scripts))
    record = tmp_path / "record"
    printed = powershell(
        END_OF_OUTPUT,
        CONDA_PREFIX=windows(prefix),
        CONDA_SHLVL="1",
        CONDA_PYTHON_EXE=windows(python),
        CONDA_ANACONDA_HEARTBEAT="true",
        RECORD=windows(record),
        GATE=windows(tmp_path / "gate"),
    )
    assert ["True 7 0 True", STARTED] == printed
    wait_until(lambda: len(record.read_text().splitlines()) == 2)
    assert [STARTED, "ended"] == record.read_text().splitlines()
