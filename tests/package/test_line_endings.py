"""Shell scripts have LF and batch files CR LF, in every source and package."""

from __future__ import annotations

import shutil
import zipfile

import pytest
from installed import check, files_below
from support import tool

#: Files that a shell reads. A strict bash fails on a carriage return.
SHELL = (".csh", ".fish", ".nu", ".ps1", ".sh", "Makefile")


@pytest.fixture
def wheel(dist) -> dict[str, bytes]:
    """The files of the wheel."""
    with zipfile.ZipFile(dist.wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def sdist(source) -> dict[str, bytes]:
    """The files of the sdist."""
    return files_below(source)


@pytest.fixture
def checkout(source, environ, tmp_path) -> dict[str, bytes]:
    """The files of a checkout with the defaults of Git for Windows."""
    repository = shutil.copytree(source, tmp_path / "repository")
    git = [tool("git"), "-c", "user.name=Test", "-c", "user.email=test@example.org"]
    check([*git, "init", "--quiet"], environ, cwd=repository)
    check([*git, "add", "--all", "--force"], environ, cwd=repository)
    check([*git, "commit", "--quiet", "--message=Add all"], environ, cwd=repository)
    clone = ["clone", "--quiet", "--config=core.autocrlf=true", repository, tmp_path / "checkout"]
    check([*git, *clone], environ)
    return files_below(tmp_path / "checkout")


@pytest.mark.parametrize("origin", ["wheel", "sdist", "checkout"])
def test_shell_scripts_have_no_carriage_returns(request, origin):
    """Neither does the Makefile, whose recipes a shell reads."""
    files = request.getfixturevalue(origin)
    scripts = {name: text for name, text in files.items() if name.endswith(SHELL)}
    assert len(scripts) > len(SHELL)
    assert [] == sorted(name for name, text in scripts.items() if b"\r" in text)


@pytest.mark.parametrize("origin", ["wheel", "sdist", "checkout"])
def test_batch_files_have_a_carriage_return_in_each_line(request, origin):
    """cmd.exe misses labels in files with bare line feeds."""
    files = request.getfixturevalue(origin)
    scripts = {name: text for name, text in files.items() if name.endswith(".bat")}
    assert 3 == len(scripts)
    assert [] == sorted(
        name for name, text in scripts.items() if text.count(b"\n") != text.count(b"\r\n")
    )


def test_a_checkout_has_the_same_bytes_as_the_sdist(checkout, sdist):
    """For example, the fuzzer's inputs, which may look like text."""
    assert sdist == checkout
