"""Bounded reads of small files from untrusted locations."""

from __future__ import annotations

import contextlib
import os
import subprocess

import pytest
from processes import run
from support import posix, wait_until

from anaconda_anon_usage._common.files import read_bytes, read_token_text


@pytest.mark.parametrize("size", [0, 1, 99, 100])
def test_a_file_up_to_the_limit_is_read(tmp_path, size):
    """It is read completely."""
    (tmp_path / "file").write_bytes(b"x" * size)
    assert b"x" * size == read_bytes(str(tmp_path / "file"), 100)


@pytest.mark.parametrize("size", [101, 10_000_000])
def test_a_file_beyond_the_limit_is_rejected(tmp_path, size):
    """It is neither truncated nor kept in memory."""
    with open(tmp_path / "file", "wb") as file:
        file.truncate(size)
    with pytest.raises(OSError, match="too large"):
        read_bytes(str(tmp_path / "file"), 100)


def test_unreadable_text_is_none_with_an_explanation(tmp_path, monkeypatch, capsys):
    """The debug output names the file. An absent file is not an error."""
    monkeypatch.setenv("ANACONDA_ANON_USAGE_DEBUG", "1")
    (tmp_path / "file").write_bytes(b"\xff\xfet\0o\0")
    (tmp_path / "directory").mkdir()
    names = ["file", "directory", "absent", "file/below"]
    texts = [read_token_text(str(tmp_path / name)) for name in names]
    said = capsys.readouterr().err
    assert [None] * 4 == texts
    assert [True, True, False, False] == [f"{tmp_path / name}: " in said for name in names]


@posix
def test_a_pipe_is_not_opened(tmp_path):
    """Opening it would unblock its writer, which then would have no reader."""
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


@posix
def test_a_file_that_is_replaced_with_a_pipe_before_opening_does_not_block(tmp_path, home):
    """Another user with write permission could do this."""
    os.mkfifo(tmp_path / "pipe")
    code = f"""
        import os
        from anaconda_anon_usage._common.files import read_token_text
        regular = os.stat(os.__file__)
        os.stat = lambda *arguments, **options: regular
        print(read_token_text({str(tmp_path / "pipe")!r}))
    """
    assert "None" == run(home, code)


def read_what_is_there(descriptor):
    with contextlib.suppress(BlockingIOError):
        return os.read(descriptor, 100)
