"""Which conda installation a process belongs to, without importing conda."""

from __future__ import annotations

import sys

import pytest

from anaconda_anon_usage import settings
from anaconda_anon_usage._common import installation
from anaconda_anon_usage.heartbeat import user_agent


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """A directory that this Python imports from."""
    directory = tmp_path / "modules"
    directory.mkdir()
    monkeypatch.syspath_prepend(directory)
    return directory


def install_conda(modules):
    (modules / "conda").mkdir()
    (modules / "conda" / "__init__.py").write_text("raise RuntimeError('imported')")


def test_conda_is_found_without_importing_it(modules):
    """Its import takes long, and may fail."""
    install_conda(modules)
    assert (True, False) == (installation.has_conda(), "conda" in sys.modules)


def test_python_of_the_tests_has_no_conda():
    """What the other tests rely on; nor is their own directory of that name one."""
    assert False is installation.has_conda()


def test_imported_conda_is_found(monkeypatch):
    """Wherever it came from."""
    monkeypatch.setitem(sys.modules, "conda", object())
    assert True is installation.has_conda()


def test_directory_named_conda_is_not_conda(modules):
    """``python -m`` imports from the working directory, which may hold conda's sources."""
    (modules / "conda").mkdir()
    assert False is installation.has_conda()


def test_base_of_this_python_is_its_prefix_where_it_has_conda(modules, monkeypatch):
    """Not what another installation's activation has left in the variables."""
    install_conda(modules)
    monkeypatch.setenv("CONDA_EXE", "/elsewhere/bin/conda")
    assert sys.prefix == installation.root_prefix()


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
def test_base_is_the_one_that_the_activation_names(monkeypatch, variables, expected):
    """By an absolute path: nothing is taken from the working directory."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert expected == installation.root_prefix()


@pytest.mark.parametrize("value", ["", "env", "./env", "~/env"])
def test_relative_prefix_is_not_active(monkeypatch, value):
    """Nothing is taken from the working directory."""
    monkeypatch.setenv("CONDA_PREFIX", value)
    assert None is installation.active_prefix()


def test_active_prefix_is_the_activations(monkeypatch):
    """Whether or not it exists."""
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
def test_version_of_conda_is_that_of_its_record(tmp_path, records, expected):
    """Names of other packages begin with conda too."""
    (tmp_path / "conda-meta").mkdir()
    for record in records:
        (tmp_path / "conda-meta" / record).touch()
    assert expected == installation.conda_version(str(tmp_path))


@pytest.mark.parametrize("root", [None, "", "/does/not/exist", "/dev/null"])
def test_installation_without_records_has_no_conda(root):
    """It is left out of the User-Agent then."""
    assert None is installation.conda_version(root)


def test_user_agent_makes_no_module_of_a_directory_named_conda(monkeypatch, modules):
    """Without the library distro, an older conda's copy of it is looked for."""
    (modules / "conda").mkdir()
    monkeypatch.setitem(sys.modules, "distro", None)
    user_agent.user_agent(str(modules), settings.load())
    assert False is ("conda" in sys.modules)
