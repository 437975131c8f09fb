"""What a shell completes, asked as argcomplete's shell code asks."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import distribution

import pytest
from command_lines import COMMAND, environ, run
from support import PATIENCE, missing

import anaconda_anon_usage

try:
    import argcomplete  # noqa: F401
except ImportError:
    missing("argcomplete")


def completed(line: str, **variables) -> list[str]:
    """Return what is offered at the end of a line that begins with the program's name.

    The protocol of argcomplete/bash_completion.d/_python-argcomplete: the answer comes on
    file descriptor 8, here in a file instead.
    """
    answer = os.path.join(os.environ["HOME"], "completions")
    done = subprocess.run(
        COMMAND,
        env=environ(
            _ARGCOMPLETE="1",
            _ARGCOMPLETE_SHELL="bash",
            _ARGCOMPLETE_SUPPRESS_SPACE="1",
            _ARGCOMPLETE_STDOUT_FILENAME=answer,
            COMP_LINE=line,
            COMP_POINT=len(line.encode()),
            **variables,
        ),
        cwd=os.environ["HOME"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
    )
    assert (0, b"") == (done.returncode, done.stdout)
    with open(answer) as file:
        return sorted(file.read().split("\013"))


@pytest.mark.parametrize(
    "line, expected",
    [
        ("anaconda-anon-usage h", ["heartbeat", "hooks"]),
        ("anaconda-anon-usage tok", ["tokens"]),
        ("anaconda-anon-usage tokens --", "--detail --help --json --name --paths --prefix --random --version"),
        ("anaconda-anon-usage heartbeat --d", ["--dry-run"]),
        ("anaconda-anon-usage hooks --i", ["--install"]),
    ],
)  # fmt: skip
def test_commands_and_options_are_completed(line, expected):
    """Those of the command line, and those of each command."""
    if isinstance(expected, str):
        expected = expected.split()
    assert expected == completed(line)


def test_nothing_is_imported_for_completion_otherwise():
    """The library costs nothing where nobody completes."""
    code = (
        "import sys; from anaconda_anon_usage.cli import main; main(['tokens', '--random']);"
        "sys.exit('argcomplete' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environ(), timeout=PATIENCE)
    assert 0 == done.returncode


def test_without_the_library_the_command_line_works(tmp_path):
    """It is not required."""
    (tmp_path / "argcomplete.py").write_text("raise ImportError\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r});"
        "from anaconda_anon_usage.cli import main; sys.exit(main(['--version']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environ(_ARGCOMPLETE=1),
        capture_output=True,
        timeout=PATIENCE,
    )
    assert (0, b"") == (done.returncode, done.stderr)
    assert done.stdout.startswith(b"anaconda-anon-usage ")


def test_the_module_is_found_by_global_completion():
    """argcomplete's own look at ``python -m`` and at the entry point's module."""
    found = run("anaconda_anon_usage", module="argcomplete._check_module")
    assert (0, "", "") == found
    [entry_point] = [
        found
        for found in distribution("anaconda-anon-usage").entry_points
        if found.group == "console_scripts"
    ]
    module = entry_point.value.partition(":")[0].rpartition(".")[2]
    directory = os.path.dirname(anaconda_anon_usage.__file__)
    with open(os.path.join(directory, f"{module}.py")) as file:
        assert "PYTHON_ARGCOMPLETE_OK" in file.read(1024)


def test_the_program_is_found_by_global_completion():
    """argcomplete's own look at the installed program."""
    program = os.path.join(os.path.dirname(sys.executable), "anaconda-anon-usage")
    if not os.path.exists(program):
        missing("the package")
    status, _, errors = run(
        program, module="argcomplete._check_console_script", PYTHONWARNINGS="ignore"
    )
    assert (0, "") == (status, errors)
