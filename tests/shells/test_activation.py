"""One activation sends one heartbeat, with real activators in every shell that they support."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conda_root import Base
from servers import NOT_FOUND, Server
from shells import SHELLS, Processes, quote_for_nu
from support import PATIENCE, wait_until

#: Commands in order, and the environments whose heartbeats each one sends.
STEPS = (
    ("activate A", ["A"]),
    ("reactivate", []),  # after `conda install`, `update` and `remove`
    ("activate A", []),  # already active
    ("activate B", ["B"]),
    ("deactivate", []),  # back to A, whose activation scripts run again
    ("reactivate", []),
    ("activate base", ["base"]),
    ("deactivate", []),
    ("deactivate", []),
    ("activate A", ["A"]),
    ("activate --stack B", ["B"]),
    ("reactivate", []),
    ("deactivate", []),
    ("deactivate", []),
    ("activate B", ["B"]),
)

#: Pauses the shell until the test has seen the effects of a step.
SETTLE = """\
#!/bin/sh
: >"$1.asked"
until [ -e "$1.answered" ]; do sleep 0.02; done
"""

RATTLER = """
import os, sys
from rattler.shell import ActivationVariables, Shell, activate
shell, prefix, current = sys.argv[1:]
variables = ActivationVariables(current or None, os.environ["PATH"].split(":"))
print(activate(prefix, variables, getattr(Shell, shell)).script, flush=True)
os._exit(0)  # it sometimes crashes at its regular exit
"""


class Session:
    """A shell that runs commands, with a check after each.

    Args:
        base: the conda installation.
        directory: the directory for environments and other files.
        environ: the environment variables.
        home: the home directory.
    """

    def __init__(self, base, directory, environ, home):
        self.base = base
        self.directory = directory
        self.receiver = Server(NOT_FOUND)
        self.processes = Processes()
        self.environ = {**environ, Processes.NAME: self.processes.value}
        settings = f"changeps1: false\nanaconda_heartbeat: {self.receiver.url}/base\n"
        (home / ".condarc").write_text(settings)
        self.settle = directory / "settle"
        self.settle.write_text(SETTLE)
        self.settle.chmod(0o755)

    def environment(self, name: str):
        """Return an environment, and create it on first use."""
        prefix = self.directory / f"{name} èрт🚒♞中片"
        if not prefix.exists():
            self.base.make_environment(prefix)
        self.name(prefix, name)
        return prefix

    def name(self, prefix, name: str) -> None:
        """Set the path of an environment's heartbeats."""
        (prefix / ".condarc").write_text(f"anaconda_heartbeat: {self.receiver.url}/{name}\n")

    def conda(self, shell, command: str) -> str:
        """Return code that runs a conda command as conda's shell function does."""
        command, *arguments = command.split()
        if arguments and arguments[-1] != "base":
            arguments[-1] = f"'{self.environment(arguments[-1])}'"
        return shell.evaluate.format(
            conda=self.base.conda,
            name=shell.conda_name,
            command=" ".join([command, *arguments]),
        )

    def run(self, shell, texts: list[str]) -> list[list[str]]:
        """Run pieces of code as one script, and return the heartbeats after each."""
        lines = []
        for number, text in enumerate(texts):
            # It runs while the test waits for the other processes with the variable.
            settle = f"env -u {Processes.NAME} {self.settle} {self.directory}/step{number}"
            lines += [text, settle]
        script = self.directory / "script"
        script.write_text("\n".join(lines) + "\n")
        process = subprocess.Popen(
            [*shell.argv, script],
            env=self.environ,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.shells.add(process.pid)
        arrived = []
        try:
            for number in range(len(texts)):
                asked = self.directory / f"step{number}.asked"
                wait_until(lambda asked=asked: asked.exists() or process.poll() is not None)
                self.processes.wait()
                arrived.append([path[1:] for path in self.receiver.paths])
                self.receiver.heads.clear()
                (self.directory / f"step{number}.answered").touch()
            assert ("", "") == process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
            process.wait()
        return arrived


@pytest.fixture
def session(base, tmp_path, environ, home):
    """A new shell session."""
    session = Session(base, tmp_path, environ, home)
    yield session
    session.receiver.close()
    session.processes.wait()


@pytest.mark.parametrize("shell", [s for s in SHELLS if s.conda_name], ids=str)
def test_one_activation_is_one_heartbeat(shell, session):
    """Reactivations and deactivations, which run activation scripts again, do not count."""
    actual = session.run(shell, [session.conda(shell, command) for command, _ in STEPS])
    assert list(STEPS) == [(command, names) for (command, _), names in zip(STEPS, actual)]


BASH = SHELLS[0]

# The steps of the wrapper script of `conda run -p A` (conda/utils.py, wrap_subprocess_call).
# conda from PyPI lacks the files that `conda run` itself needs.
CONDA_RUN = ("activate base", "activate A")


@pytest.mark.parametrize("active", [None, "A", "base"])
def test_conda_run_sends_one_heartbeat(session, active):
    """`conda run -p A` counts for A, but not for base, which its script activates first."""
    level = 0
    if active:
        level = 1
        prefix = str(session.base.prefix if active == "base" else session.environment("A"))
        session.environ.update(
            CONDA_SHLVL="1",
            CONDA_PREFIX=prefix,
            PATH=f"{prefix}/bin:{session.environ['PATH']}",
            _ANACONDA_HEARTBEAT_1=prefix,
        )
    # Our plugin sets this in the process of `conda run`, unless the target is base.
    session.environ[f"_ANACONDA_HEARTBEAT_{level + 1}"] = str(session.base.prefix)
    steps = [session.conda(BASH, command) for command in CONDA_RUN]
    assert [[], ["A"]] == session.run(BASH, steps)


def test_conda_run_in_base_sends_one_heartbeat(session):
    """`conda run -n base` counts once, because its second activation is a reactivation."""
    steps = [session.conda(BASH, "activate base")] * 2
    assert [["base"], []] == session.run(BASH, steps)


@pytest.mark.parametrize("variable", ["_ANACONDA_HEARTBEAT_GUARD", "CONDA_BUILD"])
def test_internal_activations_are_not_counted(session, variable):
    """Activations inside conda's installing process and in builds send nothing."""
    session.environ[variable] = "1"
    steps = ["activate A", "activate B", "deactivate", "reactivate"]
    assert [[]] * 4 == session.run(BASH, [session.conda(BASH, step) for step in steps])


def test_internal_activations_inherit_the_guard(base, environ, tmp_path):
    """conda's process that compiles noarch packages inherits conda's variables."""
    code = (
        "import sys; from conda.gateways.subprocess import any_subprocess;"
        "print(any_subprocess(['env'], sys.argv[1])[0])"
    )
    done = subprocess.run(
        [base.python, "-c", code, base.make_environment(tmp_path / "environment")],
        env={**environ, "_ANACONDA_HEARTBEAT_GUARD": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert "_ANACONDA_HEARTBEAT_GUARD=1" in done.stdout.splitlines()


@pytest.fixture(scope="module")
def complete_environments(conda_root, wheel, tmp_path_factory):
    """Environments that have the package and a Python of their own."""
    directory = tmp_path_factory.mktemp("complete")
    environments = {}
    for name in ("A", "B"):
        environments[name] = Base(directory / f"{name} èрт", conda_root)
        environments[name].install(wheel)
        environments[name].read_deadline()
    return {name: environment.prefix for name, environment in environments.items()}


@pytest.mark.parametrize("name", ["bash", "zsh", "fish", "xonsh"])
def test_one_activation_by_rattler_is_one_heartbeat(name, session, complete_environments, home):
    """Rattler activates without base, so the environment's own Python sends."""
    (home / ".condarc").unlink()
    [shell] = [s for s in SHELLS if s.name == name]
    texts, current = [], ""
    for step in ("A", "B", "A"):
        prefix = complete_environments[step]
        session.name(prefix, step)
        command = [sys.executable, "-c", RATTLER, name, prefix, current]
        generated = subprocess.run(
            command,
            env=session.environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
        texts.append(generated.stdout)
        current = prefix
    assert [["A"], ["B"], ["A"]] == session.run(shell, texts)


def test_one_activation_by_rattler_in_nu_is_one_heartbeat(session, complete_environments, home):
    """rattler's Python bindings do not support nu, so the test has the code for it."""
    (home / ".condarc").unlink()
    [shell] = [s for s in SHELLS if s.name == "nu"]
    texts = []
    for step in ("A", "B", "A"):
        prefix = complete_environments[step]
        session.name(prefix, step)
        texts.append(
            f"$env.CONDA_SHLVL = '1'\n$env.CONDA_PREFIX = {quote_for_nu(prefix)}\n"
            f"source-env {quote_for_nu(shell.stub(prefix))}\n"
        )
    assert [["A"], ["B"], ["A"]] == session.run(shell, texts)
