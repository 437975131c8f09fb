"""Changes by path on systems that cannot open directories, such as Windows."""

from __future__ import annotations

import os
import time
from types import SimpleNamespace

import pytest

from anaconda_anon_usage._common import directory as module
from anaconda_anon_usage._common.directory import open_directory


@pytest.fixture(autouse=True)
def _without_descriptors(monkeypatch):
    """Make the module treat this system as Windows, without a superuser."""
    monkeypatch.setattr(module, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(module, "is_superuser", lambda: False)


def test_files_are_written_read_and_removed_below_the_anchor(tmp_path):
    """Missing directories are created."""
    with open_directory(str(tmp_path / "anchor"), create=True) as anchor:
        below = anchor.below("etc", "conda", create=True)
        below.write("file", b"text", 0o600)
        below.write("other", b"text", 0o600)
        below.link("file", "linked")
        assert ["file", "linked", "other"] == below.names()
        assert b"text" == below.read("linked")
        below.remove("file")
    assert ["linked", "other"] == sorted(os.listdir(tmp_path / "anchor/etc/conda"))


def test_only_empty_directories_are_removed(tmp_path):
    """A directory that holds anything stays."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "full" / "content").mkdir(parents=True)
    with open_directory(str(tmp_path)) as anchor:
        anchor.remove_if_empty("empty")
        anchor.remove_if_empty("full")
    assert (False, True) == ((tmp_path / "empty").exists(), (tmp_path / "full").exists())


def test_abandoned_temporary_files_are_swept(tmp_path):
    """A process that was killed left them a day ago."""
    abandoned = tmp_path / f"file.{'0' * 16}.tmp"
    abandoned.touch()
    os.utime(abandoned, (time.time() - 100_000,) * 2)
    with open_directory(str(tmp_path)) as anchor:
        anchor.sweep("file")
    assert False is abandoned.exists()


@pytest.mark.parametrize(
    "name, expected", [("absent", FileNotFoundError), ("file", NotADirectoryError)]
)
def test_an_anchor_that_is_not_a_directory_is_an_error(tmp_path, name, expected):
    """Nothing is created."""
    (tmp_path / "file").touch()
    with pytest.raises(expected):
        open_directory(str(tmp_path / name))


def test_no_symlink_below_the_anchor_is_followed(tmp_path):
    """To a directory or to a file."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").touch()
    (tmp_path / "directory").symlink_to("elsewhere")
    (tmp_path / "file").symlink_to("elsewhere/file")
    with open_directory(str(tmp_path)) as anchor:
        with pytest.raises(OSError, match="refusing to follow symlinks"):
            anchor.below("directory")
        with pytest.raises(OSError, match="refusing to follow symlinks"):
            anchor.read("file")


def test_a_file_in_place_of_a_directory_is_an_error(tmp_path):
    """It stays as it is."""
    (tmp_path / "etc").write_text("text")
    with open_directory(str(tmp_path)) as anchor, pytest.raises(OSError):
        anchor.below("etc", create=True)
    assert "text" == (tmp_path / "etc").read_text()
