"""The shells in which conda activates, and tools to observe an activation."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from powershell import ALL_BUT_MODULES, ALL_MODES, CONSTRAINED
from servers import NOT_FOUND, Server
from support import PATIENCE, missing, wait_until

#: Path of the launcher below the environment's prefix.
LAUNCHER = "etc/conda/anon-usage/heartbeat.sh"

#: Shells that .ci/run cannot install, which are tested if they are found. Windows has its own.
OPTIONAL = ("pwsh", "pwsh-windows") if os.name == "posix" else ()


def program(name: str) -> str:
    """Return the path of a shell, or skip or fail the test without it."""
    # pip's xonsh may not be on PATH.
    path = os.pathsep.join((os.environ["PATH"], os.path.dirname(sys.executable)))
    found = shutil.which(name, path=path)
    if not found and name in OPTIONAL:
        pytest.skip(f"{name} is not installed")
    return found or missing(name)


@dataclass(frozen=True)
class Shell:
    """A shell: how it runs a script, and how it sources an activation script."""

    name: str
    #: Runs a script, whose path is appended.
    command: tuple[str, ...]
    #: The extension of the activation scripts for this shell.
    extension: str
    #: Sources the file whose path is in the variable STUB.
    source: str
    #: Modes in which a careless activation script ends the shell or prints something.
    strict: tuple[str, ...] = ("",)
    #: Its name in `conda shell.<name>`, and how conda's shell function evaluates the output.
    conda_name: str | None = None
    evaluate: str = 'eval "$({conda} shell.{name} {command})"'
    #: Starts it on a terminal without the user's files, and commands that shorten its output.
    interactive: tuple[str, ...] | None = None
    prompt: str = "PS1='> '"
    #: Writes all state that a script could change to the file in DUMP.
    dump: str | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def argv(self) -> list[str]:
        """Return the command with the program's full path; skip or fail the test without it."""
        return [program(self.command[0]), *self.command[1:]]

    def stub(self, prefix: Path, folder: str = "activate.d") -> Path:
        """Return the path of the activation script for this shell."""
        return prefix / f"etc/conda/{folder}/anaconda-anon-usage{self.extension}"

    def run(self, script: str, environ: dict[str, str], cwd: Path, wrapper=(), **options):
        """Run a script, wait until it and its output end, and return the outcome.

        Args:
            script: the text.
            environ: the environment variables.
            cwd: the working directory, which also contains the script.
            wrapper: a command that runs the rest of the command line.
            options: for subprocess.run().
        """
        path = cwd / f"script-{uuid.uuid4().hex}{self.extension}"
        path.write_text(script + "\n")
        return subprocess.run(
            [*wrapper, *self.argv, path],
            env=environ,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=4 * PATIENCE,
            **options,
        )


# A child could still see the pipe on which zsh waits for it, so the shell itself lists the
# descriptors.
POSIX_DUMP = """
{{ set; alias; trap; set +o; umask; pwd; jobs; echo "last=$!"; {more} }} >"$DUMP" 2>&1
printf '%s\\n' /proc/$$/fd/* >>"$DUMP"
"""

SH_STRICT = ("set -eu", "set -euC", "set -eux 2>/dev/null", "set -m; set -eu")

POSIX = {
    "extension": ".sh",
    "source": '. "$STUB"',
    "dump": POSIX_DUMP.format(more=""),
}

SHELLS = [
    Shell(
        "bash",
        ("bash",),
        strict=(
            "set -euo pipefail; set -CE; set -o functrace; trap 'echo ERR' ERR",
            "set -euo pipefail; set -m",
            "set -o posix; set -eu; shopt -s nullglob failglob extglob",
            "shopt -s expand_aliases; alias command=false test=false sh=false export=false",
        ),
        conda_name="bash",
        interactive=("bash", "--norc", "--noprofile", "--noediting", "-i"),
        **{**POSIX, "dump": POSIX_DUMP.format(more="declare -f; shopt;")},
    ),
    Shell(
        "bash-login",
        ("bash", "--noprofile", "--login"),
        strict=("set -euo pipefail",),
        **POSIX,
    ),
    Shell(
        "zsh",
        ("zsh", "-f"),
        strict=(
            "setopt err_exit no_unset nomatch no_clobber",
            'setopt err_return warn_create_global; f() { . "$STUB"; }; f',
            "setopt glob_subst sh_word_split extended_glob err_exit no_unset",
            "setopt aliases; alias command=false test=false sh=false export=false",
        ),
        conda_name="zsh",
        interactive=("zsh", "-f", "-i", "+Z"),
        prompt="PS1='> '; unsetopt prompt_sp prompt_cr",
        **{**POSIX, "dump": POSIX_DUMP.format(more="functions; setopt;")},
    ),
    Shell(
        "dash",
        ("dash",),
        strict=("set -eu", "set -euC"),
        conda_name="dash",
        interactive=("dash", "-i"),
        **POSIX,
    ),
    Shell(
        "busybox",
        ("busybox", "sh"),
        strict=("set -eu", "set -euC; set -o pipefail"),
        conda_name="ash",
        interactive=("busybox", "sh", "-i"),
        **POSIX,
    ),
    Shell(
        "ksh",
        ("ksh",),
        strict=("set -eu", "set -euC; set -o pipefail; set -m"),
        conda_name="posix",
        interactive=("ksh", "-i", "+E"),
        **{**POSIX, "dump": POSIX_DUMP.format(more="typeset -f;")},
    ),
    Shell(
        "fish",
        ("fish", "--no-config"),
        ".fish",
        'source "$STUB"',
        strict=("function sh; false; end; function cd; false; end",),
        conda_name="fish",
        evaluate="eval ({conda} shell.fish {command})",
        interactive=("fish", "--no-config", "--private", "-i"),
        prompt="function fish_prompt; echo '> '; end",
        dump='begin; set; functions; abbr; trap; umask; pwd; jobs; echo "last=$last_pid"; end >$DUMP 2>&1',
    ),
    Shell(
        "tcsh",
        ("tcsh", "-f"),
        ".csh",
        'source "$STUB"',
        strict=("set noclobber; set notify; set printexitvalue; alias sh false; alias test false",),
        conda_name="csh",
        evaluate='set ask_conda="`{conda} shell.csh {command}`"; eval "$ask_conda"',
        interactive=("tcsh", "-f", "-i"),
        prompt="unset edit; set prompt='> '",
        dump="( set; setenv; alias; umask; pwd; jobs ) >! $DUMP",
    ),
    Shell(
        "tcsh-e",
        ("tcsh", "-fe"),
        ".csh",
        'source "$STUB"',
    ),
    Shell(
        "xonsh",
        ("xonsh", "--no-rc"),
        ".sh",
        "source-bash --suppress-skip-message -n @($STUB)",
        strict=("$XONSH_SUBPROC_CMD_RAISE_ERROR = True\n$XONSH_SHOW_TRACEBACK = True",),
        conda_name="xonsh",
        evaluate="execx($({conda} shell.xonsh {command}))",
    ),
    Shell(
        "pwsh",
        ("pwsh", "-NoProfile", "-NonInteractive", "-File"),
        ".ps1",
        ". $Env:STUB",
        strict=(ALL_MODES, ALL_BUT_MODULES + CONSTRAINED),
        conda_name="powershell",
        evaluate="(& {conda} shell.powershell {command} | Out-String) | Invoke-Expression",
        dump="""
            $(Get-Variable | Where-Object Name -notin StackTrace, Error, dump | Out-String -Width 300;
            Get-ChildItem Env: | Out-String -Width 300; Get-Alias | Out-String; Get-Location) > $Env:DUMP
        """,
    ),
    # source-env accepts only a constant, which start() inserts.
    Shell("nu", ("nu", "--no-config-file"), ".nu", "source-env {stub}"),
]


def quote_for_nu(path: Path) -> str:
    """Return a path as rattler quotes it for nu, with the escapes that rattler forgets."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


class Processes:
    """The background processes of one test, which inherit a variable.

    Attributes:
        shells: the IDs of shells that are still in use, which do not count.
    """

    NAME = "AAU_TEST"

    def __init__(self):
        self.value = uuid.uuid4().hex
        self.shells: set[int] = set()

    def running(self) -> list[int]:
        """Return the IDs of the running processes.

        The command line does not tell which process is ours: a shell forks before it runs
        the launcher, and on a busy machine it can take a while from one to the other.
        """
        found = []
        for directory in Path("/proc").iterdir():
            if not directory.name.isdecimal() or int(directory.name) in self.shells:
                continue
            try:
                environ = (directory / "environ").read_bytes()
            except OSError:  # ended, or another user's
                continue
            if f"{self.NAME}={self.value}".encode() in environ.split(b"\0"):
                found.append(int(directory.name))
        return found

    def wait(self) -> None:
        """Wait until all have ended; fail if one far exceeds its deadline."""
        # During exec, a process has no environment for a moment.
        if wait_until(lambda: not self.running() and not time.sleep(0.02) and not self.running()):
            return
        left = self.running()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        raise AssertionError(f"processes that did not end: {left}")


class Activation:
    """An environment in the state before its activation scripts run.

    Args:
        base: the conda installation.
        prefix: the environment's directory, which is created.
        environ: the environment variables.
        home: the home directory, whose condarc names the receiver.
    """

    def __init__(self, base, prefix: Path, environ: dict[str, str], home: Path):
        self.prefix = base.make_environment(prefix)
        self.home = home
        self.receiver = Server(NOT_FOUND)
        self.processes = Processes()
        self.cwd = home.parent / "cwd"
        self.cwd.mkdir(exist_ok=True)
        self.environ = {
            **environ,
            "CONDA_PREFIX": str(prefix),
            "CONDA_SHLVL": "1",
            "CONDA_PYTHON_EXE": str(base.python),
            "PATH": f"{prefix}/bin:{environ['PATH']}",
            Processes.NAME: self.processes.value,
        }
        (home / ".condarc").write_text(f"anaconda_heartbeat: {self.receiver.url}/arrived\n")

    def run(self, shell: Shell, script: str = "SOURCE", stub: Path | None = None, **options):
        """Run a script in which SOURCE sources the activation script, or another file."""
        stub = stub or shell.stub(self.prefix)
        source = shell.source.replace("{stub}", quote_for_nu(stub))
        environ = {**self.environ, "STUB": str(stub)}
        return shell.run(script.replace("SOURCE", source), environ, self.cwd, **options)

    def silent_run(self, shell: Shell, script: str = "SOURCE", expected: str = "", **options):
        """Run a script, and check that it succeeds and prints only what is expected."""
        done = self.run(shell, script, **options)
        actual = (done.returncode, done.stdout, done.stderr)
        assert (0, expected, "") == actual, actual

    def replace_launcher(self, text: str) -> None:
        """Replace our launcher with another one."""
        (self.prefix / LAUNCHER).write_text(text + "\n")

    def make_launcher_wait(self) -> None:
        """Replace the launcher with one that runs until release() is called."""
        os.mkfifo(self.prefix / "gate")
        self.replace_launcher('cd "$CONDA_PREFIX" && : >started && read -r _ <gate && : >ended')

    def launcher_is_running(self) -> bool:
        """Return whether the waiting launcher is still running after a while."""
        started = wait_until((self.prefix / "started").exists)
        return started and not (self.prefix / "ended").exists() and bool(self.processes.running())

    def release(self) -> None:
        """Let the waiting launcher end, and check that it had not ended before."""
        # Opening a FIFO for writing succeeds only while the launcher reads it.
        gate = wait_until(self._open_gate)
        if gate:
            os.write(gate, b"\n")
            os.close(gate)
        self.processes.wait()
        assert (self.prefix / "ended").exists()

    def _open_gate(self):
        try:
            return os.open(self.prefix / "gate", os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return None

    def count_pythons(self) -> Path:
        """Let base's Python append a line to a file at each start, and return the file."""
        fake = self.home.parent / "fake-base"
        module = fake / "lib/python3.99/site-packages/anaconda_anon_usage/heartbeat/activated.py"
        module.parent.mkdir(parents=True)
        module.touch()
        python = fake / "bin" / "python"
        python.parent.mkdir()
        log = self.home.parent / "pythons"
        log.touch()
        python.write_text(f'#!/bin/sh\necho "$@" >>{shlex.quote(str(log))}\n')
        python.chmod(0o755)
        self.environ["CONDA_PYTHON_EXE"] = str(python)
        return log

    def close(self) -> None:
        """Wait for all background processes."""
        self.receiver.close()
        self.processes.wait()
