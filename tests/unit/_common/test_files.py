"""Small files, read and written where nothing can be trusted."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess

import pytest
from processes import run
from support import wait_until

from anaconda_anon_usage._common import files
from anaconda_anon_usage._common.files import make_directory, read_bytes, read_text, write


@pytest.mark.parametrize("size", [0, 1, 99, 100])
def test_file_up_to_the_limit_is_read(tmp_path, size):
    """In full."""
    (tmp_path / "file").write_bytes(b"x" * size)
    assert b"x" * size == read_bytes(str(tmp_path / "file"), 100)


@pytest.mark.parametrize("size", [101, 10_000_000])
def test_file_beyond_the_limit_is_refused(tmp_path, size):
    """Not cut, and not kept in memory either."""
    with open(tmp_path / "file", "wb") as file:
        file.truncate(size)
    with pytest.raises(OSError, match="too large"):
        read_bytes(str(tmp_path / "file"), 100)


def test_text_that_can_not_be_read_is_none_and_said(tmp_path, monkeypatch, capsys):
    """An administrator who wonders finds the reason; a file that is absent is none."""
    monkeypatch.setenv("ANACONDA_ANON_USAGE_DEBUG", "1")
    (tmp_path / "file").write_bytes(b"\xff\xfet\0o\0")
    (tmp_path / "directory").mkdir()
    names = ["file", "directory", "absent", "file/below"]
    texts = [read_text(str(tmp_path / name)) for name in names]
    said = capsys.readouterr().err
    assert [None] * 4 == texts
    assert [True, True, False, False] == [f"{tmp_path / name}: " in said for name in names]


def test_reading_a_pipe_does_not_take_what_is_for_another_reader(tmp_path):
    """Opening it would let its writer go, which would then find no reader."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = subprocess.Popen(["/bin/sh", "-c", 'echo it > "$0"', path])
    try:
        wait_until(lambda: writer.poll() is not None, 0.2)  # it is writing now, or soon
        with pytest.raises(OSError, match="not a regular file"):
            read_bytes(str(path))
        wait_until(lambda: writer.poll() is not None, 0.2)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            assert b"it\n" == wait_until(lambda: read_what_is_there(reader))
        finally:
            os.close(reader)
    finally:
        writer.kill()
        writer.wait()


def test_file_that_becomes_a_pipe_just_before_it_is_opened_does_not_block(tmp_path, home):
    """Whoever may write there can time it."""
    os.mkfifo(tmp_path / "pipe")
    code = f"""
        import os
        from anaconda_anon_usage._common.files import read_text
        regular = os.stat(os.__file__)
        os.stat = lambda *arguments, **options: regular
        print(read_text({str(tmp_path / "pipe")!r}))
    """
    assert "None" == run(home, code)


def read_what_is_there(descriptor):
    with contextlib.suppress(BlockingIOError):
        return os.read(descriptor, 100)


@pytest.mark.parametrize(
    "umask, parent, expected",
    [(0, 0o700, 0o700), (0, 0o755, 0o755), (0o022, 0o777, 0o755), (0o077, 0o755, 0o700),
     (0o002, 0o775, 0o775)],
)  # fmt: skip
def test_directory_is_no_more_open_than_the_one_it_is_in(tmp_path, umask, parent, expected):
    """Nor than the umask wants."""
    (tmp_path / "parent").mkdir()
    (tmp_path / "parent").chmod(parent)
    before = os.umask(umask)
    try:
        assert True is make_directory(str(tmp_path / "parent" / "made"))
    finally:
        os.umask(before)
    assert expected == stat.S_IMODE((tmp_path / "parent" / "made").stat().st_mode)


@pytest.fixture
def directory(tmp_path):
    """An empty directory to write in."""
    (tmp_path / "directory").mkdir()
    return tmp_path / "directory"


@pytest.mark.parametrize("umask", [0, 0o077, 0o777])
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_written_file_has_its_content_and_permissions(directory, umask, mode):
    """Whatever stood there, and whatever the umask is."""
    (directory / "file").write_text("before")
    before = os.umask(umask)
    try:
        write(str(directory / "file"), b"after\n", mode)
    finally:
        os.umask(before)
    assert (b"after\n", ["file"]) == ((directory / "file").read_bytes(), os.listdir(directory))
    assert mode == stat.S_IMODE((directory / "file").stat().st_mode)


def test_writing_replaces_a_link_and_not_its_target(directory):
    """Whoever may write there could aim it at any file of the user's."""
    (directory / "target").write_text("precious")
    (directory / "file").symlink_to("target")
    write(str(directory / "file"), b"text", 0o600)
    assert ("precious", "text") == tuple(
        (directory / name).read_text() for name in ("target", "file")
    )


@pytest.mark.parametrize("room", [0, 2])
def test_file_stays_as_it_is_where_the_disk_is_full(directory, home, room):
    """A limit of the process is to it what a full disk or a quota is."""
    (directory / "file").write_text("before")
    code = f"""
        import resource
        from anaconda_anon_usage._common.files import write
        resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))
        try:
            write({str(directory / "file")!r}, b"after", 0o600)
        except OSError:
            print("failed")
    """
    assert "failed" == run(home, code)
    assert ("before", ["file"]) == ((directory / "file").read_text(), os.listdir(directory))


def test_writing_leaves_nothing_where_it_can_not_replace(directory):
    """A directory in the file's place."""
    (directory / "file").mkdir()
    with pytest.raises(OSError):
        write(str(directory / "file"), b"text", 0o600)
    assert ["file"] == os.listdir(directory)


def test_a_symlink_is_refused_where_it_must_not_be_followed(tmp_path):
    """A regular file is read."""
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert b"x" == files.read_bytes(str(tmp_path / "file"), follow_symlinks=False)
    with pytest.raises(OSError, match="refusing to follow symlinks"):
        files.read_bytes(str(tmp_path / "link"), follow_symlinks=False)


def test_temporary_files_are_those_of_one_file(tmp_path):
    """Other names are not ours."""
    ours = files.write_temporary(str(tmp_path / "a"), b"", 0o600)
    files.write_temporary(str(tmp_path / "b"), b"", 0o600)
    for name in ("a", "a.tmp", "a.x.tmp", "a.0123456789abcdef"):
        (tmp_path / name).touch()
    assert [ours] == files.temporary_files(str(tmp_path / "a"))
    assert [] == files.temporary_files(str(tmp_path / "absent" / "a"))
