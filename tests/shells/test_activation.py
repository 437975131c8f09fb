"""One activation is one heartbeat: what real activators do, in every shell that they know."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conda_root import Base
from shells import SHELLS, Processes, Receiver, quote_for_nu
from support import PATIENCE, wait_until

#: What is done one after the other, and about which environments heartbeats arrive then.
STEPS = (
    ("activate A", ["A"]),
    ("reactivate", []),  # after `conda install`, `update` and `remove`
    ("activate A", []),  # is active
    ("activate B", ["B"]),
    ("deactivate", []),  # back to A, whose activate.d runs
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

#: Waits in the shell until the test has seen what a step had for consequences.
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
    """A shell that goes through steps, watched after each of them.

    Args:
        base: the conda installation.
        directory: where environments and everything else is made.
        environ: the process's variables.
        home: the home directory.
    """

    def __init__(self, base, directory, environ, home):
        self.base = base
        self.directory = directory
        self.receiver = Receiver()
        self.processes = Processes()
        self.environ = {**environ, Processes.NAME: self.processes.value}
        settings = f"changeps1: false\nanaconda_heartbeat: {self.receiver.url}/base\n"
        (home / ".condarc").write_text(settings)
        self.settle = directory / "settle"
        self.settle.write_text(SETTLE)
        self.settle.chmod(0o755)

    def environment(self, name: str):
        """Return an environment, which is made unless it is there."""
        prefix = self.directory / f"{name} èрт🚒♞中片"
        if not prefix.exists():
            self.base.make_environment(prefix)
        self.name(prefix, name)
        return prefix

    def name(self, prefix, name: str) -> None:
        """Let heartbeats of an environment arrive under a name."""
        (prefix / ".condarc").write_text(f"anaconda_heartbeat: {self.receiver.url}/{name}\n")

    def conda(self, shell, command: str) -> str:
        """Return the text with which a shell does what conda says, as conda's function."""
        command, *arguments = command.split()
        if arguments and arguments[-1] != "base":
            arguments[-1] = f"'{self.environment(arguments[-1])}'"
        return shell.evaluate.format(
            conda=self.base.conda,
            name=shell.conda_name,
            command=" ".join([command, *arguments]),
        )

    def run(self, shell, texts: list[str]) -> list[list[str]]:
        """Run texts as one script, and return the names that arrived after each of them."""
        lines = []
        for number, text in enumerate(texts):
            lines += [text, f"{self.settle} {self.directory}/step{number}"]
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
        arrived = []
        try:
            for number in range(len(texts)):
                asked = self.directory / f"step{number}.asked"
                wait_until(lambda asked=asked: asked.exists() or process.poll() is not None)
                self.processes.wait()
                arrived.append([path[1:] for path in self.receiver.paths])
                self.receiver.paths.clear()
                (self.directory / f"step{number}.answered").touch()
            assert ("", "") == process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
            process.wait()
        return arrived


@pytest.fixture
def session(base, tmp_path, environ, home):
    """A shell session to be."""
    session = Session(base, tmp_path, environ, home)
    yield session
    session.receiver.close()
    session.processes.wait()


@pytest.mark.parametrize("shell", [s for s in SHELLS if s.conda_name], ids=str)
def test_one_activation_is_one_heartbeat(shell, session):
    """Activations count; re-activations, deactivations and what they activate again don't."""
    actual = session.run(shell, [session.conda(shell, command) for command, _ in STEPS])
    assert list(STEPS) == [(command, names) for (command, _), names in zip(STEPS, actual)]


BASH = SHELLS[0]

# What the wrapper script of `conda run -p A` does (conda/utils.py, wrap_subprocess_call),
# for conda from PyPI lacks the files that `conda run` itself needs.
CONDA_RUN = ("activate base", "activate A")


@pytest.mark.parametrize("active", [None, "A", "base"])
def test_conda_run_sends_one_heartbeat(session, active):
    """`conda run -p A` is one for A, none for base, which its script activates before."""
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
    # What our plugin does in the process of `conda run`, unless it is for base.
    session.environ[f"_ANACONDA_HEARTBEAT_{level + 1}"] = str(session.base.prefix)
    steps = [session.conda(BASH, command) for command in CONDA_RUN]
    assert [[], ["A"]] == session.run(BASH, steps)


def test_conda_run_in_base_sends_one_heartbeat(session):
    """`conda run -n base` is one for base: its second activation is a re-activation."""
    steps = [session.conda(BASH, "activate base")] * 2
    assert [["base"], []] == session.run(BASH, steps)


@pytest.mark.parametrize("variable", ["_ANACONDA_HEARTBEAT_GUARD", "CONDA_BUILD"])
def test_internal_activations_are_not_counted(session, variable):
    """Activations in conda's own process while it installs, and in builds, send nothing."""
    session.environ[variable] = "1"
    steps = ["activate A", "activate B", "deactivate", "reactivate"]
    assert [[]] * 4 == session.run(BASH, [session.conda(BASH, step) for step in steps])


def test_internal_activations_inherit_the_guard(base, environ, tmp_path):
    """The process by which conda compiles noarch packages has the variables of conda's."""
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
    return {name: environment.prefix for name, environment in environments.items()}


@pytest.mark.parametrize("name", ["bash", "zsh", "fish", "xonsh"])
def test_rattler(name, session, complete_environments, home):
    """A second activator, which has no base: the environment's own Python sends."""
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


def test_rattler_in_nu(session, complete_environments, home):
    """What rattler writes for nu, which its Python bindings don't know."""
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
