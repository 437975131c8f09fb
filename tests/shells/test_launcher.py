"""The launcher alone, in every shell that can be /bin/sh."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from launcher_cases import CASES, ON, Case, make_home
from shells import LAUNCHER, Activation, program

#: Cases for sh only; launcher_cases has the others.
SH_CASES = {
    "NUL": Case(f"a: \0\n{ON}", True),
    "NEL after a comment": Case(f"# why\x85{ON}", True),
    "no-break space": Case("anaconda_heartbeat: '\u00a0true'\n", True),
    "empty string": Case("anaconda_heartbeat: ''\nchannels: [a]\n", False),
    "comment after a comment": Case("# \xe9: anaconda\n  # anaconda_heartbeat: true\n", False),
    "FIFO": Case({}, False),
    "variable in other case": Case({}, True, {"CONDA_Anaconda_heartBEAT": "on"}),
    "variable in other case, off": Case({}, False, {"CONDA_anaconda_heartbeat": "off"}),
    "variable with a line break": Case({}, True, {"CONDA_anaconda_heartbeat": "\ntrue"}),
    "variable in a value": Case({}, False, {"A": "\nCONDA_ANACONDA_HEARTBEAT=true"}),
    "HOME unset": Case({}, True, {"HOME": None}),
    "HOME unset, DO_NOT_TRACK": Case({}, False, {"HOME": None, "DO_NOT_TRACK": "1"}),
    "CONDARC of another user": Case({}, True, {"CONDARC": "~nobody/x.yml"}),
    "* in CONDARC": Case({"* x": ON}, True, {"CONDARC": "{home}/* x"}),
    "hostile level": Case(ON, True, {"CONDA_SHLVL": "1}; echo >{home}/x; {1"}),
    "relative prefix": Case(ON, False, {"CONDA_PREFIX": "env"}),
    "options": Case(ON, True, {"SHELLOPTS": "errexit:noglob:nounset"}),
    "failglob": Case({".conda/condarc": ON}, True, {"BASHOPTS": "failglob:extglob"}),
    "GLOBIGNORE": Case({".conda/condarc.d/a.yml": ON}, True, {"GLOBIGNORE": "*"}),
    "IFS": Case(ON, True, {"IFS": "_"}),
    "startup files": Case({".condarc": ON, "evil": "exit"}, True, {"ENV": "{home}/evil"}),
}

SHELLS = [("dash",), ("bash", "--posix"), ("busybox", "sh"), ("ksh",)]

every_sh = pytest.mark.parametrize("sh", SHELLS, ids=" ".join)


#: Runs a command and prints its processor time and maximum memory.
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stderr=subprocess.DEVNULL)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
"""


@pytest.fixture
def activation(base, tmp_path, environ, home):
    """An environment whose base counts the starts of Python."""
    activation = Activation(base, tmp_path / "it's an environment", environ, home)
    (home / ".condarc").unlink()
    yield activation
    activation.close()


def launch(sh, activation, **variables):
    """Run the launcher in the foreground, and return (status, output)."""
    environ = {**activation.environ, **variables}
    done = subprocess.run(
        [program(sh[0]), *sh[1:], activation.prefix / LAUNCHER],
        env={name: value for name, value in environ.items() if value is not None},
        cwd=activation.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout


@every_sh
@pytest.mark.parametrize("cases", [CASES, SH_CASES], ids=["all", "sh"])
def test_python_starts_if_the_configuration_could_be_on(sh, cases, activation, tmp_path):
    """The launcher starts Python if a value could turn the heartbeat on, and only then."""
    log = activation.count_pythons()
    actual = {}
    for number, (name, case) in enumerate(cases.items()):
        home = tmp_path / "homes" / str(number)
        make_home(case, home)
        if name == "FIFO":
            os.mkfifo(home / ".condarc")
        activation.environ["HOME"] = str(home)
        activation.home = home
        values = {
            key: value
            and value.replace("{home}", str(home)).replace("{prefix}", str(activation.prefix))
            for key, value in case.variables.items()
        }
        log.write_text("")
        _, output = launch(sh, activation, **values)
        assert "" == output
        assert not (home / "x").exists()
        actual[name] = log.read_text().count("\n") == 1
    assert {name: case.starts for name, case in cases.items()} == actual


@every_sh
def test_without_base_the_environments_own_python_starts(sh, activation):
    """base's Python is preferred, if it exists."""
    (activation.home / ".condarc").write_text(ON)
    log = activation.count_pythons()
    fake = Path(activation.environ["CONDA_PYTHON_EXE"]).parents[1]
    (activation.prefix / "bin").symlink_to(fake / "bin")
    (activation.prefix / "lib").symlink_to(fake / "lib")
    for value in (None, "", str(fake / "deleted/bin/python"), "bin/python", "python"):
        log.write_text("")
        launch(sh, activation, CONDA_PYTHON_EXE=value)
        assert (value, 1) == (value, log.read_text().count("\n"))


@every_sh
def test_older_versions_of_the_package_are_not_started(sh, activation, tmp_path):
    """Versions 0.7 and 0.8 have no activated.py, so they cannot send."""
    (activation.home / ".condarc").write_text(ON)
    log = activation.count_pythons()
    base = Path(activation.environ["CONDA_PYTHON_EXE"]).parents[1]
    shutil.copytree(base, activation.prefix, dirs_exist_ok=True)
    own_python = activation.prefix / "bin" / "python"
    own_python.write_text(own_python.read_text().replace("$@", "environment"))
    [package] = base.glob("lib/*/site-packages/anaconda_anon_usage")
    shutil.rmtree(package / "heartbeat")
    (package / "heartbeat.py").touch()
    launch(sh, activation)
    assert "environment\n" == log.read_text()

    log.write_text("")
    shutil.rmtree(activation.prefix / "lib")
    launch(sh, activation)
    assert "" == log.read_text()


@every_sh
def test_off_starts_no_program(sh, activation):
    """Only builtins run until the answer is yes."""
    trace = activation.home / "trace"
    (activation.home / ".condarc").write_text("anaconda_heartbeat: off\n")
    strace = [program("strace"), "-f", "-qq", "-e", "trace=execve", "-o", trace]
    command = [*strace, program(sh[0]), *sh[1:], activation.prefix / LAUNCHER]
    subprocess.run(command, env=activation.environ, check=False, timeout=60)
    assert 1 == trace.read_text().count("execve(")


@every_sh
@pytest.mark.parametrize("text", ["xx", "x\n"], ids=["one line", "many lines"])
def test_a_huge_configuration_file_has_a_bounded_cost(sh, text, activation):
    """It takes seconds of time and little memory, and does not start Python."""
    log = activation.count_pythons()
    with open(activation.home / ".condarc", "w") as file:
        for _ in range(200):
            file.write(text * 500_000)
    # A separate process, because the measured size of a child includes that of its parent.
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, program(sh[0]), *sh[1:], activation.prefix / LAUNCHER],
        env=activation.environ,
        cwd=activation.home,
        capture_output=True,
        text=True,
        timeout=120,
    )
    seconds, kilobytes = map(float, measured.stdout.split())
    assert (True, True) == (seconds < 5, kilobytes < 150_000), measured.stdout
    assert "" == log.read_text()
    assert not list(activation.home.glob("core*"))


@every_sh
def test_unreadable_files_are_skipped(sh, activation, tmp_path):
    """A file without read permission does not end the search."""
    log = activation.count_pythons()
    unreadable = activation.home / ".conda" / ".condarc"
    unreadable.parent.mkdir()
    unreadable.write_text(ON)
    unreadable.chmod(0)
    (activation.home / ".condarc").write_text(ON)
    command = [program(sh[0]), *sh[1:], activation.prefix / LAUNCHER]
    if os.geteuid() == 0:  # root can read everything, unless it lacks these capabilities
        command = [program("setpriv"), "--bounding-set=-dac_override,-dac_read_search", *command]
    subprocess.run(command, env=activation.environ, check=False, timeout=60)
    assert 1 == log.read_text().count("\n")
