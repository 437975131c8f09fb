"""The code for Windows, which runs on every system as far as it needs nothing of Windows."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from types import SimpleNamespace

import pytest
from processes import run
from support import PATIENCE, posix

from anaconda_anon_usage._common import Directory, open_directory
from anaconda_anon_usage.tokens import binding
from anaconda_anon_usage.tokens.token_file import TokenFile

on_windows = pytest.mark.skipif(sys.platform != "win32", reason="Windows only")

#: Lets modules that are imported later see Windows, but no module of Windows.
LIKE_WINDOWS = """
    import ntpath, os, subprocess, sys, threading
    os.path = sys.modules["os.path"] = ntpath
    os.environ["USERPROFILE"] = r"C:\\Users\\me"
    sys.platform = "win32"
"""


@pytest.fixture
def directory(tmp_path):
    """A directory without a descriptor, because Windows cannot open directories."""
    path = tmp_path / "directory"
    path.mkdir()
    return Directory(str(path), None, 0o755, path.stat().st_gid, False)


def test_files_are_replaced_by_their_paths(directory):
    """No temporary file is left."""
    with directory.below("a", "b/c", create=True) as below:
        below.write("file", b"old", 0o600)
        below.write("file", b"new", 0o600)
        assert (["file"], b"new", True) == (below.names(), below.read("file"), below.exists("file"))
    directory.below("a/b/c").remove("file")
    assert [] == os.listdir(os.path.join(directory.path, "a/b/c"))


def test_only_one_process_can_link_a_file(directory):
    """The second one is told that the name exists."""
    with directory.temporary("file", b"text", 0o600) as temporary:
        directory.link(temporary, "file")
        with pytest.raises(FileExistsError):
            directory.link(temporary, "file")
    assert (["file"], b"text") == (directory.names(), directory.read("file"))


@pytest.mark.parametrize("create", [False, True])
def test_symlinks_are_refused_without_o_nofollow(directory, tmp_path, create):
    """Each name is checked before it is used."""
    elsewhere, path = tmp_path / "elsewhere", tmp_path / "directory"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("precious")
    (path / "link").symlink_to(elsewhere, target_is_directory=True)
    (path / "file").symlink_to(elsewhere / "file")
    with pytest.raises(OSError, match="refusing to follow symlinks"):
        directory.below("link", create=create)
    with pytest.raises(OSError, match="refusing to follow symlinks"):
        directory.open("file", os.O_WRONLY)
    directory.write("file", b"ours", 0o600)
    assert "precious" == (elsewhere / "file").read_text()


@pytest.mark.parametrize(
    "tag, refused", [(0xA0000003, True), (0xA000000C, True), (0x9000001A, False), (0, False)]
)
def test_junctions_are_refused_but_directories_of_onedrive_are_not(
    directory, tmp_path, monkeypatch, tag, refused
):
    """Both are reparse points, but only a name surrogate leads elsewhere."""
    (tmp_path / "directory" / "point").mkdir()
    status = SimpleNamespace(st_mode=stat.S_IFDIR | 0o755, st_reparse_tag=tag)
    monkeypatch.setattr(Directory, "_status", lambda self, name: status)
    try:
        directory.below("point")
        actual = False
    except OSError:
        actual = True
    assert refused == actual


@on_windows
def test_a_real_junction_is_refused(tmp_path):
    """Creating one needs no privilege."""
    import _winapi

    (tmp_path / "elsewhere").mkdir()
    _winapi.CreateJunction(str(tmp_path / "elsewhere"), str(tmp_path / "junction"))
    with open_directory(str(tmp_path)) as anchor, pytest.raises(OSError, match="refusing"):
        anchor.below("junction")


@on_windows
def test_a_file_that_another_process_reads_is_kept(tmp_path):
    """It cannot be replaced then, and the attempt leaves nothing."""
    (tmp_path / "file").write_text("old")
    with open_directory(str(tmp_path)) as anchor, open(tmp_path / "file"), pytest.raises(OSError):
        anchor.write("file", b"new", 0o600)
    assert [] == [name for name in os.listdir(tmp_path) if name.endswith(".tmp")]
    assert "old" == (tmp_path / "file").read_text()


def test_a_new_token_that_another_process_reads_is_returned(tmp_path, monkeypatch):
    """Windows then cannot remove its temporary name, which the next process does."""

    def refuse(self, name):
        raise PermissionError(13, "used by another process")

    monkeypatch.setattr(Directory, "remove", refuse)
    token = TokenFile(str(tmp_path), "", "aau_token_host", None, 0o600).read_or_create()
    assert f"{token}\n" == (tmp_path / "aau_token").read_text()


@posix
def test_the_search_path_is_condas(home):
    """The system's directory is a constant of conda's, with slashes."""
    code = r"""
    os.environ["CONDARC"] = r"D:\own\rc.yml"
    from anaconda_anon_usage.settings import search_path
    print(*search_path.search_directories(r"C:\env", r"C:\base"), sep="\n")
    print(*search_path.system_directories("C:\\root"))
    """
    expected = [
        "C:/ProgramData/conda",
        r"C:\base",
        r"C:\Users\me\.config\conda",
        r"C:\Users\me\.conda",
        r"C:\Users\me",
        r"C:\env",
        r"D:\own",
        r"C:\root\ProgramData\conda",
    ]
    assert expected == run(home, LIKE_WINDOWS, code).splitlines()


@posix
def test_a_machine_whose_registry_cannot_be_read_has_no_identity(home):
    """Tokens are then not bound to it."""
    code = "from anaconda_anon_usage.tokens import binding; print(binding.machine_identity())"
    assert "None" == run(home, LIKE_WINDOWS, code)


@on_windows
def test_the_identity_is_the_machine_guid():
    """It is read from the 64-bit view, whatever Python is."""
    key = r"HKLM\SOFTWARE\Microsoft\Cryptography"
    shown = subprocess.run(
        ["reg", "query", key, "/v", "MachineGuid", "/reg:64"],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert shown.stdout.split()[-1] == binding.machine_identity()
