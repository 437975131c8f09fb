"""PowerShell: whatever its preferences and wherever it is, nobody can tell that we ran."""

from __future__ import annotations

import os
import signal
import subprocess
import uuid

import pytest
from shells import SHELLS, Activation
from support import HOSTILE, PATIENCE, tool, wait_until
from test_activation import Session

[PWSH] = [shell for shell in SHELLS if shell.name == "pwsh"]

#: Settings that make cmdlets print, ask, wait, do nothing or mean something else.
MODES = {
    "default": "",
    "WhatIf": "$WhatIfPreference = $true",
    "Confirm": "$ConfirmPreference = 'Low'",
    "default parameters": (
        "$PSDefaultParameterValues = @{'*:Verbose' = $true; '*:Debug' = $true;"
        " '*:PassThru' = $true; 'Start-Process:Wait' = $true; 'Get-Command:Syntax' = $true}"
    ),
    "streams": "$VerbosePreference = $DebugPreference = $InformationPreference = 'Continue'",
    "functions": (
        "function Start-Process { 'f' }; function Set-Item { 'f' }; function Remove-Item { 'f' };"
        " function Get-Command { 'f' }; function Test-Path { 'f' }"
    ),
    "aliases": (
        "foreach ($name in 'Start-Process', 'Set-Item', 'Remove-Item', 'Get-Command', 'Test-Path')"
        " { Set-Alias $name Write-Output }; Remove-Variable name"
    ),
    "no module": "$PSModuleAutoLoadingPreference = 'None'",
    "strict": "Set-StrictMode -Version Latest; $ErrorActionPreference = 'Stop'",
    "debugger": "$ErrorActionPreference = 'Break'",
}

#: Permits cmdlets and the simplest types only, for the rest of the script.
CONSTRAINED = "\n$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'"

#: Activates and leaves an environment; prints whether the level counted, the level's
#: variable afterwards, and the number of errors.
ROUND = """
SOURCE
$Env:COUNTED = $Env:_ANACONDA_HEARTBEAT_1 -ceq $Env:CONDA_PREFIX
. $Env:LEAVE
"$Env:COUNTED [$Env:_ANACONDA_HEARTBEAT_1]"
$Env:PATH = $Env:OUTER_PATH
. $Env:LEAVE
"[$Env:_ANACONDA_HEARTBEAT_1] $($Error.Count)"
/usr/bin/env | /bin/grep _ANACONDA_HEARTBEAT_1
"""

#: Prints everything that a script could change, after a command has set an exit status.
STATE = """
/bin/sh -c 'exit 7'
LOCATION
SOURCE
"$? $LASTEXITCODE"
Get-Location | Out-String
(Get-Job).Count
Get-Variable | ForEach-Object Name
"$Error"
"""

#: Where PowerShell can be, and how it gets there.
LOCATIONS = {
    "a drive of variables": "Set-Location Env:",
    "a deleted directory": "$null = mkdir gone; Set-Location gone; [IO.Directory]::Delete('gone')",
    "brackets": "$null = mkdir -p '[a-z]'; Set-Location -LiteralPath '[a-z]'",
}

every_language = pytest.mark.parametrize("language", ["", CONSTRAINED], ids=["full", "constrained"])


@pytest.fixture
def activation(base, tmp_path, environ, home):
    """An environment with a hostile name."""
    activation = Activation(base, tmp_path / HOSTILE, environ, home)
    activation.environ["OUTER_PATH"] = environ["PATH"]
    activation.environ["LEAVE"] = str(PWSH.stub(activation.prefix, "deactivate.d"))
    yield activation
    activation.close()


def starts(activation, log) -> int:
    """Return how many Pythons the launchers have started, after the last has ended."""
    activation.processes.wait()
    return len(log.read_text().splitlines())


@every_language
@pytest.mark.parametrize("mode", MODES)
def test_no_preference_changes_anything(mode, language, activation):
    """Nothing is printed or asked; one heartbeat; the level is counted, kept and left."""
    pythons = activation.count_pythons()
    # Without cmdlets and without .NET nothing can work, but that is silent too.
    works = not (mode == "no module" and language)
    value = activation.prefix if works else ""
    expected = f"{works} [{value}]\n[] 0\n"
    activation.silent_run(PWSH, MODES[mode] + language + ROUND, expected=expected)
    assert int(works) == starts(activation, pythons)


@every_language
@pytest.mark.parametrize("lacking", ["prefix", "level", "launcher", "SystemRoot"])
def test_what_is_missing_leaves_no_error(lacking, language, activation):
    """$Error stays empty, and a script that stops at errors goes on."""
    changes = {"prefix": "CONDA_PREFIX", "level": "CONDA_SHLVL"}
    setup = f"$Env:{changes[lacking]} = $null" if lacking in changes else ""
    if lacking == "launcher":
        (activation.prefix / "etc/conda/anon-usage/heartbeat.sh").unlink()
    elif lacking == "SystemRoot":
        setup = "$Env:OS = 'Windows_NT'"
    script = f"{MODES['strict']}; {setup}{language}\nSOURCE\n. $Env:LEAVE\n$Error.Count"
    activation.silent_run(PWSH, script, expected="0\n")


@every_language
@pytest.mark.parametrize("location", LOCATIONS)
def test_the_state_of_the_shell_stays(location, language, activation, tmp_path):
    """$?, $LASTEXITCODE, jobs, the location, variables and $Error are as with an empty file."""
    pythons = activation.count_pythons()
    script = STATE.replace("LOCATION\n", LOCATIONS[location] + language + "\n")
    empty = tmp_path / "empty.ps1"
    empty.touch()
    expected = activation.run(PWSH, script, stub=empty).stdout
    activation.silent_run(PWSH, script, expected=expected)
    assert 1 == starts(activation, pythons)


class Tmux:
    """PowerShell in a terminal of its own.

    Args:
        activation: the environment.
        stub: the file that is sourced in it.
    """

    def __init__(self, activation, stub):
        socket = f"/tmp/aau-{uuid.uuid4().hex}"
        self.command = [tool("tmux"), "-S", socket, "-f", os.devnull]
        self.socket = socket
        pwsh = f"exec {PWSH.argv[0]} -NoProfile -NoLogo"
        environ = {**activation.environ, "STUB": str(stub), "TERM": "xterm"}
        arguments = ["new-session", "-d", "-x", "200", "-y", "40", pwsh]
        subprocess.run(
            [*self.command, *arguments], env=environ, cwd=activation.cwd, check=True,
            timeout=PATIENCE,
        )  # fmt: skip
        self.pid = int(self._tmux("display-message", "-p", "#{pane_pid}"))
        # PowerShell drops what is typed before its first prompt.
        assert wait_until(lambda: self.screen().endswith(">")), self.screen()
        self.type("function prompt { '> ' }; Clear-Host")
        self.say("ready")

    def _tmux(self, *arguments) -> str:
        done = subprocess.run(
            [*self.command, *arguments], capture_output=True, text=True, timeout=PATIENCE
        )
        return done.stdout

    def keys(self, *names: str) -> None:
        """Press keys, by tmux's names."""
        self._tmux("send-keys", *names)

    def type(self, line: str) -> None:
        """Type a line."""
        self._tmux("send-keys", "-l", line)
        self.keys("Enter")

    def screen(self) -> str:
        """Return what the terminal shows."""
        return self._tmux("capture-pane", "-p").rstrip()

    def say(self, word: str) -> None:
        """Let PowerShell print a word, and wait until it has, and has its prompt again."""
        self.type(f"'{word[0]}' + '{word[1:]}'")
        assert wait_until(lambda: self.screen().endswith(f"\n{word}\n>")), self.screen()

    def close(self) -> None:
        """Hang up, and wait for the end of the shell."""
        self._tmux("kill-server")
        assert wait_until(lambda: not os.path.exists(f"/proc/{self.pid}"))


@pytest.fixture
def terminals():
    """Makes terminals, and closes what is left of them."""
    made = []

    def make(*arguments):
        made.append(Tmux(*arguments))
        return made[-1]

    yield make
    for terminal in made:
        terminal.close()


def test_a_terminal_shows_nothing(activation, terminals, tmp_path):
    """The screen is the same as with an empty file, also at later prompts."""
    empty = tmp_path / "empty.ps1"
    empty.touch()
    screens = []
    for stub in (empty, PWSH.stub(activation.prefix)):
        terminal = terminals(activation, stub)
        terminal.type(". $Env:STUB")
        terminal.say("sourced")
        activation.processes.wait()
        terminal.keys("Enter", "Enter")
        terminal.say("later")
        screens.append(terminal.screen())
    assert screens[0] == screens[1]
    assert ["/arrived"] == activation.receiver.paths


@pytest.mark.parametrize("end", ["exit", "hang-up", "kill"])
def test_the_launcher_survives_the_terminal(end, activation, terminals):
    """Neither Ctrl-C at the prompt nor the shell's end reach it."""
    activation.make_launcher_wait()
    terminal = terminals(activation, PWSH.stub(activation.prefix))
    terminal.type(". $Env:STUB")
    terminal.say("sourced")
    assert activation.launcher_is_running()
    terminal.keys("C-c")
    terminal.say("again")
    if end == "exit":
        terminal.type("exit")
    elif end == "kill":
        os.kill(terminal.pid, signal.SIGKILL)
    else:
        terminal.close()
    assert wait_until(lambda: not os.path.exists(f"/proc/{terminal.pid}"))
    assert activation.launcher_is_running()
    activation.release()


def test_conda_s_own_module(own_base, tmp_path, environ, home):
    """One activation is one heartbeat in conda's functions too, and $Error stays empty."""
    conda = next(own_base.installation.glob("lib/python3*/site-packages/conda/shell"), None)
    if not conda:
        pytest.skip(f"conda's PowerShell module is not in {own_base.installation}")
    # Where conda's package puts it.
    (own_base.prefix / "shell").symlink_to(conda)
    session = Session(own_base, tmp_path, environ, home)
    a, b = session.environment("A"), session.environment("B")
    steps = [
        (f"(& '{own_base.conda}' shell.powershell hook | Out-String) | Invoke-Expression", "base"),
        (f"conda activate '{a}'", "A"),
        (f"conda activate '{a}'", None),  # a re-activation
        (f"conda activate '{b}'", "B"),
        ("conda deactivate", None),
        (f"conda activate -Stack '{b}'", "B"),
        ("conda deactivate", None),
        ("conda deactivate", None),
        ("conda deactivate", None),
        (f"Set-StrictMode -Version Latest; conda activate '{a}'", "A"),
        ("if ($Error) { $Error }", None),
    ]
    try:
        arrived = session.run(PWSH, [text for text, _ in steps])
    finally:
        session.receiver.close()
        session.processes.wait()
    assert [[name] if name else [] for _, name in steps] == arrived
