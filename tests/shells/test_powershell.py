"""The scripts for PowerShell leave no trace, whatever its preferences and location are.

What holds in every shell is in test_activation_scripts.py.
"""

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

#: Allows only cmdlets and basic types in the rest of the script.
CONSTRAINED = "\n$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'"

#: Activates, reactivates and deactivates. Prints whether the level is marked and how, the mark
#: that is left, and the number of errors. Child processes must not see the mark either.
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

#: Locations that are not an ordinary directory, and the commands that go there.
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
    """Wait for all launchers, and return how many Pythons they have started."""
    activation.processes.wait()
    return len(log.read_text().splitlines())


@every_language
@pytest.mark.parametrize("mode", MODES)
def test_no_preference_changes_anything(mode, language, activation):
    """There is no output, no prompt and one heartbeat, and the mark is set, kept and removed."""
    pythons = activation.count_pythons()
    # With neither cmdlets nor .NET, nothing can be started, but nothing is shown either.
    works = not (mode == "no module" and language)
    value = activation.prefix if works else ""
    expected = f"{works} [{value}]\n[] 0\n"
    activation.silent_run(PWSH, MODES[mode] + language + ROUND, expected=expected)
    assert int(works) == starts(activation, pythons)


@every_language
@pytest.mark.parametrize("lacking", ["prefix", "level", "launcher", "SystemRoot"])
def test_what_is_missing_leaves_no_error(lacking, language, activation):
    """$Error stays empty, and a script in a strict mode continues."""
    changes = {"prefix": "CONDA_PREFIX", "level": "CONDA_SHLVL"}
    setup = f"$Env:{changes[lacking]} = $null" if lacking in changes else ""
    if lacking == "launcher":
        (activation.prefix / "etc/conda/anon-usage/heartbeat.sh").unlink()
    elif lacking == "SystemRoot":
        setup = "$Env:OS = 'Windows_NT'"
    script = f"{MODES['strict']}; {setup}{language}\nSOURCE\n. $Env:LEAVE\n$Error.Count"
    activation.silent_run(PWSH, script, expected="0\n")


def test_a_failure_leaves_no_error(activation):
    """Not in a module either, where $Error is another list than the user's."""
    # No variable can have such a name.
    activation.environ["CONDA_SHLVL"] = "="
    script = "$null = New-Module { function Run { SOURCE; . $Env:LEAVE } }; Run; $Error.Count"
    activation.environ["PATH"] = activation.environ["OUTER_PATH"]  # as after a deactivation
    activation.silent_run(PWSH, script, expected="0\n")


@every_language
@pytest.mark.parametrize("location", LOCATIONS)
def test_the_state_of_the_shell_stays(location, language, activation, tmp_path):
    """$?, $LASTEXITCODE, jobs, location, variables and $Error are as after an empty script."""
    pythons = activation.count_pythons()
    script = STATE.replace("LOCATION\n", LOCATIONS[location] + language + "\n")
    empty = tmp_path / "empty.ps1"
    empty.touch()
    expected = activation.run(PWSH, script, stub=empty).stdout
    activation.silent_run(PWSH, script, expected=expected)
    assert 1 == starts(activation, pythons)


class Tmux:
    """An interactive PowerShell in a tmux server of its own.

    Args:
        activation: the environment.
        stub: the script to source, as $Env:STUB.
    """

    def __init__(self, activation, stub):
        # A path below tmp_path may be too long for a socket.
        socket = f"/tmp/aau-{uuid.uuid4().hex}"
        self.command = [tool("tmux"), "-S", socket, "-f", os.devnull]
        pwsh = f"exec {PWSH.argv[0]} -NoProfile -NoLogo"
        environ = {**activation.environ, "STUB": str(stub), "TERM": "xterm"}
        arguments = ["new-session", "-d", "-x", "200", "-y", "40", pwsh]
        subprocess.run(
            [*self.command, *arguments], env=environ, cwd=activation.cwd, check=True,
            timeout=PATIENCE,
        )  # fmt: skip
        self.pid = int(self._tmux("display-message", "-p", "#{pane_pid}"))

    def prepare(self) -> None:
        """Wait for the first prompt, because earlier input is lost, and make it short."""
        assert wait_until(lambda: self.screen().endswith(">")), self.screen()
        self.type("function prompt { '> ' }; Clear-Host")
        self.say("ready")

    def _tmux(self, *arguments) -> str:
        done = subprocess.run(
            [*self.command, *arguments], capture_output=True, text=True, timeout=PATIENCE
        )
        return done.stdout

    def keys(self, *names: str) -> None:
        """Press keys, which have tmux's names."""
        self._tmux("send-keys", *names)

    def type(self, line: str) -> None:
        """Type a line."""
        self._tmux("send-keys", "-l", line)
        self.keys("Enter")

    def screen(self) -> str:
        """Return what the terminal shows."""
        return self._tmux("capture-pane", "-p").rstrip()

    def say(self, word: str) -> None:
        """Let PowerShell print a word, and wait for the word and the next prompt."""
        self.type(f"'{word[0]}' + '{word[1:]}'")
        assert wait_until(lambda: self.screen().endswith(f"\n{word}\n>")), self.screen()

    def close(self) -> None:
        """Hang up, and wait until the shell has ended."""
        self._tmux("kill-server")
        assert wait_until(lambda: not os.path.exists(f"/proc/{self.pid}"))


@pytest.fixture
def terminals():
    """A function that opens terminals, which are closed after the test."""
    made = []

    def make(*arguments):
        made.append(Tmux(*arguments))
        made[-1].prepare()
        return made[-1]

    yield make
    for terminal in made:
        terminal.close()


def test_a_terminal_shows_nothing(activation, terminals, tmp_path):
    """The screen is as with an empty script, at later prompts too."""
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
    """Neither Ctrl-C at the prompt nor the end of the shell ends it."""
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


def test_one_activation_is_one_heartbeat_with_the_conda_module(own_base, tmp_path, environ, home):
    """conda's PowerShell module, instead of a call of the activator; $Error stays empty."""
    conda = next(own_base.installation.glob("lib/python3*/site-packages/conda/shell"), None)
    if not conda:
        pytest.skip(f"conda's PowerShell module is not in {own_base.installation}")
    # conda's package has it there.
    (own_base.prefix / "shell").symlink_to(conda)
    session = Session(own_base, tmp_path, environ, home)
    a, b = session.environment("A"), session.environment("B")
    steps = [
        (f"(& '{own_base.conda}' shell.powershell hook | Out-String) | Invoke-Expression", "base"),
        (f"conda activate '{a}'", "A"),
        (f"conda activate '{a}'", None),  # a reactivation
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
