"""Fixtures for tests that need a real conda."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conda_root import Base, clean_environ

ANSWERS = Path(__file__).parent / "configuration_answers.py"


@pytest.fixture
def receiver(httpserver):
    """A server that responds to every HEAD request like a repository, and logs all requests."""
    httpserver.expect_request(re.compile(".*"), method="HEAD").respond_with_data(status=404)
    return httpserver


class Answerer:
    """A process that reads settings in a base's Python, and the directory of the files."""

    def __init__(self, base: Base, directory: Path):
        self.directory = directory
        self.base = base
        self.process = subprocess.Popen(
            [base.python, "-I", ANSWERS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, situation: dict, *sources: str) -> dict:
        """Return the settings that each source reads from files and variables."""
        for name in ("home", "xdg", "env", "named"):
            shutil.rmtree(self.directory / name, ignore_errors=True)
        for name in (".condarc", "condarc"):
            (self.base.prefix / name).unlink(missing_ok=True)
        shutil.rmtree(self.base.prefix / "condarc.d", ignore_errors=True)
        (self.directory / "home").mkdir()
        for name, text in situation["files"].items():
            path = self.path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        variables = dict(situation["variables"], MIRROR="https://repo.anaconda.cloud/m", CERTS="/")
        for name in ("CONDARC", "XDG_CONFIG_HOME", "CONDA_ROOT"):
            if name in variables:
                variables[name] = str(self.path(variables[name]))
        question = {
            "environ": clean_environ(self.directory / "home", **variables),
            "prefix": str(self.directory / "env"),
            "sources": sources,
        }
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def path(self, name: str) -> Path:
        """Return the path of one of FILES."""
        top, _, rest = name.partition("/")
        return (self.base.prefix if top == "base" else self.directory / top) / rest

    def end(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def answerer(make_base, tmp_path_factory):
    """Both readers of settings, in a base of this module."""
    directory = tmp_path_factory.mktemp("configuration")
    answerer = Answerer(make_base(directory / "base"), directory)
    yield answerer
    answerer.end()


@pytest.fixture
def conda(environ):
    """A function that runs a base's conda and returns the completed process."""

    def run(base: Base, *arguments, **variables) -> subprocess.CompletedProcess:
        return subprocess.run(
            [base.conda, *arguments],
            # conda 24.9 to 25.7 warn if no channel is configured.
            env={**environ, "CONDA_CHANNELS": "defaults", **variables},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.fixture(scope="session")
def plain_base(conda_root, tmp_path_factory) -> Base:
    """A base without the package, for comparison."""
    return Base(tmp_path_factory.mktemp("plain") / "base", conda_root)
