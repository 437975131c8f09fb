"""The scripts for PowerShell leave no trace, whatever its preferences and location are.

What holds in every shell is in test_activation_scripts.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
import uuid

import pytest
from conda_root import Base
from powershell import (
    LOCATIONS,
    MODES,
    ROUND,
    STATE,
    every_language,
    quote,
    round_of,
    runspaces,
)
from shells import LAUNCHER, SHELLS, Activation
from support import HOSTILE, PATIENCE, tool, wait_until
from test_activation import Session

[PWSH] = [shell for shell in SHELLS if shell.name == "pwsh"]

#: Setup before the activation, and whether the level is then marked as counted.
CASES = {
    **{mode: (setup, True) for mode, setup in MODES.items()},
    "no launcher": ("", True),
    "no prefix": ("$Env:CONDA_PREFIX = $null", False),
    "no level": ("$Env:CONDA_SHLVL = $null", False),
    "no SystemRoot": ("$Env:OS = 'Windows_NT'; $Env:SystemRoot = $null", False),
}


@pytest.fixture
def activation(base, tmp_path, environ, home):
    """An environment with a hostile name."""
    activation = Activation(base, tmp_path / HOSTILE, environ, home)
    yield activation
    activation.close()


def run(activation, texts) -> list[str]:
    """Run each text in a runspace, and return what they print."""
    done = activation.run(PWSH, runspaces(texts))
    activation.processes.wait()
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout.splitlines()


@every_language
def test_no_preference_changes_anything(language, activation, base, tmp_path):
    """Nothing is printed, $Error stays empty, and each activation starts one launcher."""
    texts, prefixes = [], {}
    for name, (setup, _) in CASES.items():
        prefix = prefixes[name] = base.make_environment(tmp_path / name / HOSTILE)
        (prefix / LAUNCHER).write_text('echo started >>"${CONDA_PREFIX}/log"\n')
        texts.append(
            ROUND.format(
                prefix=quote(prefix),
                directory=quote(prefix / "bin"),
                setup=setup + language,
                activate=quote(PWSH.stub(activation.prefix)),
                leave=quote(PWSH.stub(activation.prefix, "deactivate.d")),
            )
        )
    (prefixes["no launcher"] / LAUNCHER).unlink()
    # With neither cmdlets nor .NET, nothing can be started.
    impossible = {"no module"} if language else set()
    works = {name for name, (_, works) in CASES.items() if works} - impossible
    printed = dict(zip(CASES, run(activation, texts)))
    assert {name: round_of(name in works) for name in CASES} == printed
    started = works - {"no launcher"} | {"no level"}
    logs = {name: prefix / "log" for name, prefix in prefixes.items()}
    assert {name: "started\n" * (name in started) for name in CASES} == {
        name: log.read_text() if log.exists() else "" for name, log in logs.items()
    }


@every_language
def test_the_state_of_the_shell_stays(language, activation, tmp_path):
    """$?, $LASTEXITCODE, jobs, location, variables and $Error are as after an empty script."""
    empty = tmp_path / "empty.ps1"
    empty.touch()
    scripts = (empty, PWSH.stub(activation.prefix), PWSH.stub(activation.prefix, "deactivate.d"))
    printed = run(
        activation,
        [
            STATE.format(
                prefix=quote(activation.prefix), setup=setup + language, script=quote(script)
            )
            for setup in LOCATIONS.values()
            for script in scripts
        ],
    )
    after_empty = printed[:: len(scripts)]
    assert [line for line in after_empty for _ in scripts] == printed
    assert ["/arrived"] * len(LOCATIONS) == activation.receiver.paths


def test_a_failure_leaves_no_error(activation):
    """Not in a module either, where $Error is another list than the user's."""
    # No variable can have such a name.
    activation.environ["CONDA_SHLVL"] = "="
    stubs = [quote(PWSH.stub(activation.prefix, f)) for f in ("activate.d", "deactivate.d")]
    module = "$null = New-Module {{ function Run {{ . {}; . {} }} }}; Run; $Error.Count"
    # The launcher is started before the failure.
    assert ["0"] == run(activation, [module.format(*stubs)])


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
        found = self._tmux("display-message", "-p", "#{pid} #{pane_pid}")
        server, self.pid = map(int, found.split())
        activation.processes.shells |= {server, self.pid}

    def prepare(self) -> None:
        """Make the prompt short."""
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
        """Type a line at the next prompt; input that comes earlier may be lost."""
        assert wait_until(lambda: self.screen().endswith(">")), self.screen()
        self._tmux("send-keys", "-l", line)
        assert wait_until(lambda: self.screen().endswith(line)), self.screen()
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


def load_module(base: Base) -> str:
    """Return the line that loads conda's module; skip the test if there is none that works."""
    module = next(base.installation.glob("lib/python3*/site-packages/conda/shell"), None)
    if not module:
        pytest.skip(f"conda's PowerShell module is not in {base.installation}")
    # conda's package has it there.
    (base.prefix / "shell").symlink_to(module)
    return f"(& '{base.conda}' shell.powershell hook | Out-String) | Invoke-Expression"


def test_one_activation_is_one_heartbeat_with_the_conda_module(
    own_base, conda_root, tmp_path, environ, home
):
    """conda's PowerShell module, instead of a call of the activator; $Error stays empty."""
    hook = load_module(own_base)
    alone = load_module(Base(tmp_path / "alone", conda_root))
    done = subprocess.run(
        [PWSH.argv[0], "-NoProfile", "-Command", alone], env=environ, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    if done.stderr:
        pytest.skip(f"conda's own module fails in this PowerShell: {done.stderr[:80]}")
    session = Session(own_base, tmp_path, environ, home)
    a, b = session.environment("A"), session.environment("B")
    steps = [
        (hook, "base"),
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
