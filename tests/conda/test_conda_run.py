"""``conda run`` counts as one activation, of its target environment."""

from __future__ import annotations

import subprocess

import pytest
from support import tool, wait_until


@pytest.fixture
def environments(own_base, home, receiver, tmp_path):
    """Base and two environments, each with its name as the path of its heartbeats."""
    found = {"base": own_base.prefix}
    for name in ("one", "two"):
        found[name] = own_base.make_environment(tmp_path / name)
    for name, prefix in found.items():
        (prefix / ".condarc").write_text(f"anaconda_heartbeat: {receiver.url_for('/' + name)}\n")
    return found


@pytest.fixture(autouse=True)
def _needs_shell_files(conda_root):
    """Skip with conda from PyPI, which lacks the files that ``conda run`` sources."""
    code = "import conda, os; print(os.path.isdir(os.path.join(conda.__path__[0], 'shell')))"
    done = subprocess.run(
        [conda_root / "bin" / "python", "-Ic", code], capture_output=True, text=True
    )
    if done.stdout.strip() != "True":
        pytest.skip("this conda lacks conda/shell, which `conda run` needs")


@pytest.mark.parametrize("active", [None, "base", "one", "two"])
@pytest.mark.parametrize("target", ["base", "one"])
def test_one_heartbeat_for_the_target(own_base, environ, environments, receiver, active, target):
    """Nothing, base, the target itself or another environment is active."""
    code = "" if active is None else 'eval "$("$0" shell.posix activate "$1")"; '
    done = subprocess.run(
        [
            *(tool("bash"), "-euc", code + '"$0" run --prefix "$2" true'),
            *(own_base.conda, environments[active or "base"], environments[target]),
        ],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    expected = sorted([*([active] if active else []), target])
    wait_until(lambda: len(receiver.log) >= len(expected))
    # An unexpected heartbeat would be received soon after the others.
    wait_until(lambda: len(receiver.log) > len(expected), seconds=2)
    assert sorted(request.path[1:] for request, _ in receiver.log) == expected
