"""The launcher starts Python whenever Python would send a heartbeat."""

from __future__ import annotations

import os
import shutil
import subprocess
from unittest import mock

import pytest
from conda_root import clean_environ
from condarcs import condarcs
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from shells import program
from support import PROJECT

from anaconda_anon_usage.settings import load

SHELLS = [("dash",), ("bash", "--posix"), ("busybox", "sh")]

#: The exit status of base's Python.
STARTED = 42

NAMES = [
    "anaconda_heartbeat",
    '"anaconda_heartbeat"',
    "'anaconda_heartbeat'",
    '"\\x61naconda_heartbeat"',
    '"anaconda_\\\n  heartbeat"',
    "? anaconda_heartbeat\n",
    '? "anaconda_\\\n  heartbeat"\n',
    "? &name\n  anaconda_heartbeat\n",
    "&name anaconda_heartbeat",
    "!!str anaconda_heartbeat",
    "*name ",
]

SEPARATORS = [": ", " : ", ":\t", ":\n  ", ": # why\n  ", ":\r", ":\x85 ", ":"]

VALUES = [
    *("true", "True", "YES", "on", "oN", "y", "1", "https://example.org/x", "HTTP://example.org"),
    *("false", "No", "off", "n", "0", "~", "", "[true]", "{a: true}", "maybe", "yes sir", "2"),
    *("'true'", '"on"', '" true "', '"\n  true"', '"\\x74rue"', '"tr\\\n  ue"', "'\u00a0yes'"),
    *("&on true", "*on", "!!bool true", "!!str on", "|\n  true", ">-\n  true", "\u2003on"),
]

COMMENTS = ["", "", " # why", " #!final", " #!final\n# below", "\n#!final", " \t#!top"]

OTHERS = [
    "# why",
    "# caf\u00e9 ",
    "  # anaconda_heartbeat: true",
    "channels: [a]",
    "a: &on true",
    "a: &a {anaconda_heartbeat: true}",
    "<<: *a",
    "a:\n  &name anaconda_heartbeat: off",
    "a:\n- &name anaconda_heartbeat",
    "{a: {anaconda_heartbeat: no}, anaconda_heartbeat: yes}",
    '{"anaconda_heartbeat":true,"a":1}',
    "{a: b, anaconda_heartbeat\n  : on}",
    "---",
    "%YAML 1.1\n---",
]

assignments = st.builds(
    "{}{}{}{}".format, *map(st.sampled_from, (NAMES, SEPARATORS, VALUES, COMMENTS))
)


@st.composite
def texts(draw) -> bytes:
    """Return a condarc that is related to the heartbeat."""
    lines = draw(st.lists(st.sampled_from(OTHERS), max_size=2))
    lines.insert(draw(st.integers(0, len(lines))), draw(assignments))
    line_break = draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", "\x85", "\u2028"]))
    end = draw(st.sampled_from(["", "\n"]))
    return ("\n".join(lines) + end).replace("\n", line_break).encode()


PLACES = [
    "home/.condarc",
    "home/.condarc/a.yml",
    "home/.conda/condarc",
    "home/.conda/condarc.d/a.yml",
    "home/.conda/condarc.d/.a.yaml",
    "home/.config/conda/.condarc",
    "home/x/.yml",
    "base/.condarc",
    "base/condarc.d/a.yaml",
    "environment/.condarc",
]

variables = st.fixed_dictionaries(
    {},
    optional={
        "CONDA_ANACONDA_HEARTBEAT": st.sampled_from(VALUES) | st.text(max_size=3),
        "CONDA_anaconda_Heartbeat": st.sampled_from(["on", "off", " true!important "]),
        "DO_NOT_TRACK": st.sampled_from(["1", "0", "", " 0", "False", "\t", "no"]),
        "CONDARC": st.sampled_from(["~/x", "~/x/.yml", "x", ""]),
        "BASHOPTS": st.just("failglob"),
        "LC_ALL": st.just("C.UTF-8"),
    },
).filter(lambda chosen: not any("\0" in value for value in chosen.values()))


@pytest.fixture
def launches(tmp_path):
    """A function that returns the decisions of Python and of the launcher in each shell."""
    for name in ("base/bin/python", "base/bin/conda"):
        program = tmp_path / "template" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\nexit {STARTED}\n")
        program.chmod(0o755)
    module = "base/lib/python3.9/site-packages/anaconda_anon_usage/heartbeat/activated.py"
    (tmp_path / "template" / module).parent.mkdir(parents=True)
    (tmp_path / "template" / module).touch()
    top = tmp_path / "top"

    def run(files, chosen):
        shutil.rmtree(top, ignore_errors=True)
        shutil.copytree(tmp_path / "template", top)
        (top / "environment").mkdir()
        for path, content in files.items():
            if (top / path).parent.is_file() or (top / path).is_dir():
                continue
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_bytes(content)
        environ = {
            **clean_environ(top / "home"),
            "CONDA_PREFIX": str(top / "environment"),
            "CONDA_PYTHON_EXE": str(top / "base/bin/python"),
            "CONDA_EXE": str(top / "base/bin/conda"),
            **chosen,
        }
        with mock.patch.dict(os.environ, environ, clear=True):
            if not load(str(top / "environment")).heartbeat:
                return None
        launcher = PROJECT / "etc/conda/anon-usage/heartbeat.sh"
        return {sh[0]: _status([*sh, launcher], environ) == STARTED for sh in SHELLS}

    return run


def _status(command, environ) -> int:
    argv = [program(command[0]), *command[1:]]
    return subprocess.run(argv, env=environ, stdin=subprocess.DEVNULL, timeout=60).returncode


@given(
    files=st.dictionaries(st.sampled_from(PLACES), texts() | condarcs(), max_size=2),
    chosen=variables,
)
@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_python_starts_if_it_would_send(launches, files, chosen):
    """For any files and variables, the launcher does not miss a heartbeat that is on."""
    launched = launches(files, chosen)
    event("off" if launched is None else "on")
    assert launched in (None, {sh[0]: True for sh in SHELLS})
