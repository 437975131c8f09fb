"""The launcher by itself, in every kind of sh that /bin/sh can be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from shells import LAUNCHER, Activation, program

ON = "anaconda_heartbeat: true\n"

#: What lies below the home directory, which variables there are, and whether Python is asked.
CONFIGURATIONS = {
    "nothing": ({}, {}, False),
    "home": ({".condarc": ON}, {}, True),
    "no line end": ({".condarc": ON.strip()}, {}, True),
    "CR LF": ({".condarc": "channels: []\r\nanaconda_heartbeat: true\r\n"}, {}, True),
    "tabs": ({".condarc": "\tanaconda_heartbeat:\ttrue\n"}, {}, True),
    "NUL": ({".condarc": f"a: \0\n{ON}"}, {}, True),
    "quoted": ({".condarc": '"anaconda_heartbeat": "true"\n'}, {}, True),
    "value below": ({".condarc": "anaconda_heartbeat:\n  true\n"}, {}, True),
    "URL": ({".condarc": "anaconda_heartbeat: https://example.org/no\n"}, {}, True),
    "off": ({".condarc": "anaconda_heartbeat: false\n"}, {}, False),
    "off, CR LF": ({".condarc": "anaconda_heartbeat: off\r\n"}, {}, False),
    "off, quoted": ({".condarc": "'anaconda_heartbeat': \"No\"\n"}, {}, False),
    "comment": ({".condarc": f"  # {ON}"}, {}, False),
    "directory": ({".condarc/x": ON}, {}, False),
    ".conda": ({".conda/condarc": ON}, {}, True),
    ".config": ({".config/conda/.condarc": ON}, {}, True),
    "condarc.d": ({".conda/condarc.d/a b.yml": ON}, {}, True),
    "not conda's": ({".conda/condarc.d/a.txt": ON}, {}, False),
    "XDG": ({"x d g/conda/condarc.d/a.yaml": ON}, {"XDG_CONFIG_HOME": "{home}/x d g"}, True),
    "CONDA_ROOT": ({"root/.condarc": ON}, {"CONDA_ROOT": "{home}/root"}, True),
    "CONDARC file": ({"* x": ON}, {"CONDARC": "{home}/* x"}, True),
    "CONDARC directory": ({"rc/a.yml": ON}, {"CONDARC": "{home}/rc"}, True),
    "CONDARC tilde": ({"rc.yml": ON}, {"CONDARC": "~/rc.yml"}, True),
    "CONDARC relative": ({"rc.yml": ON}, {"CONDARC": "rc.yml"}, False),
    "variable on": ({}, {"CONDA_ANACONDA_HEARTBEAT": "true"}, True),
    "variable off": ({}, {"CONDA_ANACONDA_HEARTBEAT": "FALSE"}, False),
    "HOME unset": ({".condarc": ON}, {"HOME": None}, False),
    "build": ({".condarc": ON}, {"CONDA_BUILD": "1"}, False),
    "guard": ({".condarc": ON}, {"_ANACONDA_HEARTBEAT_GUARD": "1"}, False),
    "counted": ({".condarc": ON}, {"_ANACONDA_HEARTBEAT_1": "{prefix}"}, False),
    "other level": ({".condarc": ON}, {"_ANACONDA_HEARTBEAT_2": "{prefix}"}, True),
    "other prefix": ({".condarc": ON}, {"_ANACONDA_HEARTBEAT_1": "{prefix}2"}, True),
    "hostile level": ({".condarc": ON}, {"CONDA_SHLVL": "1}; echo >{home}/x; {1"}, True),
    "options": ({".condarc": ON}, {"SHELLOPTS": "errexit:noglob:nounset"}, True),
    "IFS": ({".condarc": ON}, {"IFS": "_"}, True),
    "startup files": ({".condarc": ON, "evil": "exit"}, {"ENV": "{home}/evil"}, True),
}

SHELLS = [("dash",), ("bash", "--posix"), ("busybox", "sh"), ("ksh",)]

every_sh = pytest.mark.parametrize("sh", SHELLS, ids=" ".join)


#: Runs a command and prints its processor time and the largest size it had.
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
    """Run the launcher to its end, in the foreground, and return (status, output)."""
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
def test_python_is_started_when_something_could_switch_it_on(sh, activation, tmp_path):
    """Every place of conda's search path counts, a plain no does not."""
    log = activation.count_pythons()
    actual = {}
    for name, (files, variables, _) in CONFIGURATIONS.items():
        home = tmp_path / "homes" / name.replace("/", "_")
        home.mkdir(parents=True)
        for path, text in files.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(text, newline="")
        activation.environ["HOME"] = str(home)
        activation.home = home
        values = {
            key: value
            and value.replace("{home}", str(home)).replace("{prefix}", str(activation.prefix))
            for key, value in variables.items()
        }
        log.write_text("")
        _, output = launch(sh, activation, **values)
        assert "" == output
        assert not (home / "x").exists()
        actual[name] = log.read_text().count("\n") == 1
    assert {name: expected for name, (_, _, expected) in CONFIGURATIONS.items()} == actual


@every_sh
def test_the_environments_own_python_is_second_choice(sh, activation):
    """Without base's Python, or without the package there, the environment's own is used."""
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
@pytest.mark.parametrize("text", ["xx", "x\n"], ids=["one line", "many lines"])
def test_a_huge_configuration_file_is_given_up(sh, text, activation):
    """Files that conda itself could not read in minutes cost seconds and little memory."""
    log = activation.count_pythons()
    with open(activation.home / ".condarc", "w") as file:
        for _ in range(200):
            file.write(text * 500_000)
    # A process of its own: pytest's memory would be taken for that of its child.
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
def test_unreadable_files_are_passed_over(sh, activation, tmp_path):
    """A file of somebody else's does not keep the others from being read."""
    log = activation.count_pythons()
    unreadable = activation.home / ".conda" / ".condarc"
    unreadable.parent.mkdir()
    unreadable.write_text(ON)
    unreadable.chmod(0)
    (activation.home / ".condarc").write_text(ON)
    command = [program(sh[0]), *sh[1:], activation.prefix / LAUNCHER]
    if os.geteuid() == 0:  # may read everything, unless it can't have that capability
        command = [program("setpriv"), "--bounding-set=-dac_override,-dac_read_search", *command]
    subprocess.run(command, env=activation.environ, check=False, timeout=60)
    assert 1 == log.read_text().count("\n")
