"""The distribution: it contains the grammar of anaconda-anon-usage, from wherever it is built."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import anaconda_anon_usage_report.grammar

PROJECT = Path(__file__).parents[1]
GRAMMAR = PROJECT.parent / "anaconda_anon_usage" / "tokens" / "grammar.py"
MEMBER = "anaconda_anon_usage_report/grammar.py"


def build(project: Path, target: str, directory: Path) -> Path:
    """Build a distribution and return its file."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(directory)]
    subprocess.run(command, cwd=project, check=True, timeout=120, stdout=subprocess.DEVNULL)
    (file,) = directory.iterdir()
    return file


def test_the_installed_grammar_is_that_of_anaconda_anon_usage():
    installed = anaconda_anon_usage_report.grammar.__file__
    assert GRAMMAR.read_text() == Path(installed).read_text()


def test_a_wheel_contains_the_grammar_and_nothing_that_conda_loads(tmp_path):
    with zipfile.ZipFile(build(PROJECT, "wheel", tmp_path)) as wheel:
        names = wheel.namelist()
        assert GRAMMAR.read_bytes() == wheel.read(MEMBER)
        (entry_points,) = (name for name in names if name.endswith("entry_points.txt"))
        assert wheel.read(entry_points).decode().split() == [
            "[console_scripts]",
            "aau-report",
            "=",
            "anaconda_anon_usage_report.cli:main",
        ]
    assert {"anaconda_anon_usage_report"} == {
        name.partition("/")[0] for name in names if ".dist-info/" not in name
    }


def test_a_wheel_from_an_sdist_contains_the_grammar(tmp_path):
    with tarfile.open(build(PROJECT, "sdist", tmp_path / "sdist")) as sdist:
        sdist.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    with zipfile.ZipFile(build(source, "wheel", tmp_path / "wheel")) as wheel:
        assert GRAMMAR.read_bytes() == wheel.read(MEMBER)
