"""The conda installation of a process, found without importing conda."""

from __future__ import annotations

import sys

import pytest
from support import posix

from anaconda_anon_usage._common import installation


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """A directory on the import path of this Python."""
    directory = tmp_path / "modules"
    directory.mkdir()
    monkeypatch.syspath_prepend(directory)
    return directory


def install_conda(modules):
    (modules / "conda").mkdir()
    (modules / "conda" / "__init__.py").write_text("raise RuntimeError('imported')")


def test_conda_is_found_without_importing_it(modules):
    """Importing conda is slow, and can fail."""
    install_conda(modules)
    assert (True, False) == (installation.has_conda(), "conda" in sys.modules)


def test_the_python_of_the_tests_has_no_conda():
    """The other tests rely on this, and tests/conda does not count as conda."""
    assert False is installation.has_conda()


def test_imported_conda_is_found(monkeypatch):
    """Its location does not matter."""
    monkeypatch.setitem(sys.modules, "conda", object())
    assert True is installation.has_conda()


def test_a_directory_named_conda_is_not_conda(modules):
    """``python -m`` imports from the working directory, which may contain conda's sources."""
    (modules / "conda").mkdir()
    assert False is installation.has_conda()


def test_base_is_the_prefix_of_a_python_with_conda(modules, monkeypatch):
    """Variables from the activation of another installation do not matter."""
    install_conda(modules)
    monkeypatch.setenv("CONDA_EXE", "/elsewhere/bin/conda")
    assert sys.prefix == installation.root_prefix()


@posix
@pytest.mark.parametrize(
    "variables, expected",
    [
        ({}, None),
        ({"CONDA_EXE": "/base/bin/conda"}, "/base"),
        ({"CONDA_EXE": "/base/condabin/conda"}, "/base"),
        ({"CONDA_EXE": "/base/Scripts/conda.exe"}, "/base"),
        ({"CONDA_PYTHON_EXE": "/base/bin/python"}, "/base"),
        ({"CONDA_PYTHON_EXE": "/base/python.exe"}, "/base"),
        ({"CONDA_EXE": "/base/bin/conda", "CONDA_PYTHON_EXE": "/b/bin/python"}, "/base"),
        ({"CONDA_EXE": "bin/conda", "CONDA_PYTHON_EXE": "/base/bin/python"}, "/base"),
        ({"CONDA_EXE": "", "CONDA_PYTHON_EXE": "python"}, None),
        ({"CONDA_PREFIX": "/env"}, None),
    ],
)
def test_base_comes_from_the_activation(monkeypatch, variables, expected):
    """Only absolute paths count, because nothing is taken from the working directory."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert expected == installation.root_prefix()


@pytest.mark.parametrize("value", ["", "env", "./env", "~/env"])
def test_a_relative_prefix_is_not_active(monkeypatch, value):
    """Nothing is taken from the working directory."""
    monkeypatch.setenv("CONDA_PREFIX", value)
    assert None is installation.active_prefix()


@posix
def test_the_active_prefix_comes_from_the_activation(monkeypatch):
    """It need not exist."""
    before = installation.active_prefix()
    monkeypatch.setenv("CONDA_PREFIX", "/env")
    assert (None, "/env") == (before, installation.active_prefix())


@pytest.mark.parametrize(
    "records, expected",
    [
        ([], None),
        (["conda-24.7.1-py311h06a4308_0.json"], "24.7.1"),
        (["conda-libmamba-solver-24.1.0-pyhd3eb1b0_0.json", "conda-build-24.5.1-0.json"], None),
        (["conda-24.7.1-py311h06a4308_0.json.bak", "conda-24.7.1.json", "history"], None),
        (["aconda-1-0.json", "conda-24.7.1-0.json", "python-3.11.9-0.json"], "24.7.1"),
    ],
)
def test_the_version_of_conda_comes_from_its_record(tmp_path, records, expected):
    """The names of other packages also start with conda."""
    (tmp_path / "conda-meta").mkdir()
    for record in records:
        (tmp_path / "conda-meta" / record).touch()
    assert expected == installation.conda_version(str(tmp_path))


@posix
@pytest.mark.parametrize("root", [None, "", "/does/not/exist", "/dev/null"])
def test_an_installation_without_records_has_no_conda(root):
    """The User-Agent omits conda then."""
    assert None is installation.conda_version(root)
