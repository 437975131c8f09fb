"""conda's search path, as lists of directories and files.

tests/conda checks the order against conda itself.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from anaconda_anon_usage.settings import search_path

SYSTEM = search_path.administrator_directories(None)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the paths are for Unix")


@pytest.fixture(autouse=True)
def system(tmp_path, monkeypatch) -> Path:
    """A directory in place of /etc/conda and /var/lib/conda, and a working directory."""
    monkeypatch.setattr(search_path, "_SYSTEM", (str(tmp_path / "system"),))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "system"


def write(*paths: Path) -> list[str]:
    """Create empty files, and return their paths."""
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return [str(path) for path in paths]


def condarc_files(prefix=None, root=None) -> list[str]:
    """Return the paths of the files, none of which may have a problem."""
    found = search_path.condarc_files(prefix and str(prefix), root and str(root))
    assert [] == [problem for _, problem in found if problem]
    return [path for path, _ in found]


def test_directories_are_listed_from_the_system_to_the_user(tmp_path, home, monkeypatch, system):
    """The weakest are first."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("CONDARC", str(tmp_path / "own" / "condarc"))
    expected = [
        str(system),
        "/base",
        *(f"{tmp_path}/xdg/conda", f"{home}/.config/conda", f"{home}/.conda", f"{home}"),
        "/env",
        f"{tmp_path}/own",
    ]
    assert expected == search_path.search_directories("/env", "/base")


def test_administrators_control_the_system_and_base(system):
    """They do not control the user's home or the environment."""
    assert [str(system), "/base"] == search_path.administrator_directories("/base")


def test_the_systems_directories_are_condas():
    """Base counts only if it is known."""
    assert ["/etc/conda", "/var/lib/conda"] == SYSTEM


@pytest.mark.parametrize("name", ["", "/"])
def test_the_default_xdg_directory_is_listed_once(home, monkeypatch, name):
    """XDG_CONFIG_HOME often has the default value."""
    default = str(home / ".config")
    [file] = write(home / ".config" / "conda" / "condarc")
    without = search_path.search_directories(None, None)
    monkeypatch.setenv("XDG_CONFIG_HOME", default + name)
    assert (without, [file]) == (search_path.search_directories(None, None), condarc_files())


@pytest.mark.parametrize("name", ["HOME", "XDG_CONFIG_HOME", "CONDARC", "CONDA_ROOT"])
@pytest.mark.parametrize("value", ["", ".", "own", "./condarc", "../here/condarc"])
def test_nothing_is_read_from_the_working_directory(tmp_path, monkeypatch, name, value):
    """conda reads from there, so a variable with a relative path is a problem."""
    work = tmp_path / "here"
    write(*(work / path for path in (".condarc", "condarc", "conda/.condarc", ".conda/condarc")))
    write(*(work / "own" / path for path in (".condarc", "conda/condarc", ".conda/condarc")))
    write(work / "own" / "a.yml")
    monkeypatch.setenv(name, value)
    problems = [(name, "not an absolute path")] if value and name != "HOME" else []
    assert problems == search_path.condarc_files(None, None)
    listed = search_path.search_directories(None, None)
    assert [] == [path for path in listed if not os.path.isabs(path) or str(work) in path]


def test_files_are_listed_from_the_system_to_the_user(tmp_path, home, monkeypatch, system):
    """Each directory can have .condarc, condarc and condarc.d, the home itself only .condarc."""
    names = (".condarc", "condarc", "condarc.d/a.yml")
    base, xdg, prefix = tmp_path / "base", tmp_path / "xdg", tmp_path / "env"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(xdg))
    monkeypatch.setenv("CONDARC", str(tmp_path / "own.yml"))
    directories = [system, base, xdg / "conda", home / ".config" / "conda", home / ".conda"]
    expected = [
        *(file for directory in directories for file in write(*map(directory.joinpath, names))),
        *write(home / ".condarc"),
        *write(*map(prefix.joinpath, names)),
        *write(tmp_path / "own.yml"),
    ]
    write(home / "condarc", home / "condarc.d" / "a.yml")
    assert expected == condarc_files(prefix, base)


def test_absent_files_are_not_listed(tmp_path):
    """Usually there are one or two files."""
    assert [] == condarc_files(tmp_path / "env", tmp_path / "base")


def test_condarc_d_is_sorted_and_only_yaml_counts(home):
    """By name, with upper case first. Editors leave other files there."""
    folder = home / ".conda" / "condarc.d"
    expected = write(*(folder / name for name in ("10.yml", "9.yaml", "Z.yml", "a.yml")))
    write(*(folder / name for name in (".condarc", "condarc", "b.yml~", "c.json", "dyml")))
    (folder / "e.yml").mkdir()
    assert expected == condarc_files()


@pytest.mark.parametrize("name", [".condarc", "condarc"])
def test_a_directory_in_place_of_a_condarc_is_listed_like_condarc_d(home, name):
    """conda does the same."""
    expected = write(home / ".conda" / name / "a.yml", home / ".conda" / name / "b.yaml")
    assert expected == condarc_files()


@pytest.mark.parametrize("name", [".condarc", "condarc", "a.yml", "a.yaml"])
def test_the_file_in_the_variable_is_last(tmp_path, home, monkeypatch, name):
    """If its name is one that conda accepts."""
    expected = write(home / ".condarc", tmp_path / "own" / name)
    monkeypatch.setenv("CONDARC", expected[-1])
    assert expected == condarc_files()


def test_the_directory_in_the_variable_is_listed_like_condarc_d(tmp_path, monkeypatch):
    """The directory itself can also contain administrators' tokens."""
    own = tmp_path / "own"
    expected = write(own / "a.yml", own / "b.yaml")
    write(own / ".condarc")
    monkeypatch.setenv("CONDARC", str(own))
    assert (expected, str(own)) == (condarc_files(), search_path.search_directories(None, None)[-1])


def test_home_is_expanded_in_the_variable(home, monkeypatch):
    """Within quotes, a shell does not expand it."""
    [file] = write(home / "own" / "condarc")
    monkeypatch.setenv("CONDARC", "~/own/condarc")
    last = search_path.search_directories(None, None)[-1]
    assert ([file], str(home / "own")) == (condarc_files(), last)


@pytest.mark.parametrize("name", ["a.txt", "missing.yml", ".condarc~"])
def test_a_variable_without_a_configuration_file_is_ignored(tmp_path, monkeypatch, name):
    """The file is absent or has another name."""
    if not name.startswith("missing"):
        write(tmp_path / name)
    monkeypatch.setenv("CONDARC", str(tmp_path / name))
    assert [] == condarc_files()


def test_a_file_that_is_named_twice_is_listed_once(home, monkeypatch):
    """Its weaker position counts."""
    expected = write(home / ".conda" / ".condarc", home / ".condarc")
    monkeypatch.setenv("CONDARC", f"{home}//.conda/../.conda/.condarc")
    assert expected == condarc_files()


@pytest.mark.parametrize("kind", ["dangling", "file", "directory"])
def test_absent_and_other_files_are_omitted(home, kind):
    """A dangling symlink, a file in place of a directory, and an empty directory."""
    place = home / ".conda"
    if kind == "file":
        place.touch()
    else:
        place.mkdir()
        path = place / ".condarc"
        path.mkdir() if kind == "directory" else path.symlink_to("gone")
    assert [] == condarc_files()


def test_a_root_is_prepended_to_the_systems_directories(tmp_path):
    """Drive letters are removed."""
    system = search_path.administrator_directories(None)
    assert system == search_path.system_directories()
    below = [path.removeprefix(str(tmp_path)) for path in search_path.system_directories(tmp_path)]
    assert [os.path.splitdrive(path)[1] for path in system] == below


@pytest.mark.parametrize("name", [".condarc", "condarc", "condarc.d/a.yml"])
@pytest.mark.parametrize(
    "kind, problem",
    [
        ("fifo", "not a regular file"),
        ("device", "not a regular file"),
        ("loop", "too many levels of symbolic links"),
    ],
)
def test_a_possible_configuration_file_is_a_problem(home, name, kind, problem):
    """conda skips pipes and loops, but they may replace an opt-out."""
    path = home / ".conda" / name
    path.parent.mkdir(parents=True)
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/null" if kind == "device" else path)
    assert [(str(path), problem)] == search_path.condarc_files(None, None)
