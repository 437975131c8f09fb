"""``conda run`` counts as one activation, of its target environment.

Whether conda calls hooks for it does not matter.
"""

from __future__ import annotations

import subprocess

import pytest
from support import tool, wait_until

#: Runs a program in the environment $2 with the conda $0.
RUN = '"$0" run --prefix "$2" true'

#: The same in three ways. The last is what conda's own script does, for conda from PyPI, which
#: lacks the files that the script needs.
WAYS = {
    "plugins": RUN,
    "no plugins": f"CONDA_NO_PLUGINS=1 {RUN}",
    "script": """
        CONDA_ROOT=$3 bash -euc '
            eval "$("$0" shell.posix activate base)"
            eval "$("$0" shell.posix activate "$1")"
        ' "$0" "$2"
    """,
}


@pytest.fixture
def environments(own_base, home, receiver, tmp_path):
    """Base and two environments, each with its name as the path of its heartbeats."""
    found = {"base": own_base.prefix}
    for name in ("one", "two"):
        found[name] = own_base.make_environment(tmp_path / name)
    for name, prefix in found.items():
        (prefix / ".condarc").write_text(f"anaconda_heartbeat: {receiver.url_for('/' + name)}\n")
    return found


@pytest.fixture
def counted(own_base, environ, environments, receiver):
    """A function that runs a shell, and returns the environments that sent heartbeats."""

    def run(options: str, code: str, target: str, expected: int, **variables) -> list[str]:
        done = subprocess.run(
            [
                *(tool("bash"), "--norc", options, code, own_base.conda),
                *(environments["one"], environments[target], own_base.prefix),
            ],
            env={**environ, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert (done.returncode, done.stdout) == (0, "")
        wait_until(lambda: len(receiver.log) >= expected)
        # An unexpected heartbeat would be received soon after the others.
        wait_until(lambda: len(receiver.log) > expected, seconds=2)
        return sorted(request.path[1:] for request, _ in receiver.log)

    return run


@pytest.fixture
def _shell_files(request, conda_root):
    """Skip with conda from PyPI, which lacks the files that ``conda run`` sources."""
    code = "import conda, os; print(os.path.isdir(os.path.join(conda.__path__[0], 'shell')))"
    done = subprocess.run(
        [conda_root / "bin" / "python", "-Ic", code], capture_output=True, text=True
    )
    if done.stdout.strip() != "True" and request.getfixturevalue("way") != "script":
        pytest.skip("this conda lacks conda/shell, which `conda run` needs")


def activate(name: str | None) -> str:
    """Return code that activates base or the environment $1, or nothing."""
    argument = "base" if name == "base" else "$1"
    return f'eval "$("$0" shell.posix activate "{argument}")"; ' if name else ""


@pytest.mark.usefixtures("_shell_files")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("active", [None, "base", "one"])
@pytest.mark.parametrize("target", ["base", "one", "two"])
def test_one_heartbeat_for_the_target(counted, way, active, target):
    """Nothing, base, the target itself or another environment is active."""
    expected = sorted([*([active] if active else []), target])
    assert expected == counted("-euc", activate(active) + WAYS[way], target, len(expected))


def test_an_interactive_shell_never_loses_an_activation(counted, own_base):
    """It can be a child of `conda run`. Its initialization activates base."""
    variables = {"CONDA_ROOT": str(own_base.prefix), "_ANACONDA_HEARTBEAT_RUN": "1"}
    code = activate("base") + activate("one")
    assert ["base", "one"] == counted("-ic", code, "one", 2, **variables)


def test_a_script_that_is_not_below_conda_counts_base(counted):
    """For example a batch job, whose shell is not interactive either."""
    assert ["base"] == counted("-euc", activate("base"), "one", 1)


@pytest.mark.parametrize("target", ["base", "one"])
def test_conda_does_not_count_when_it_compiles_modules(counted, target):
    """It activates the environment in the environment's directory then."""
    assert [] == counted("-euc", f'cd "$2"; {WAYS["script"]}', target, 0)
