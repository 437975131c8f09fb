"""Why the log of heartbeats cannot be written; tests/conda/test_heartbeat_log.py is about its lines."""

from __future__ import annotations

import os

import pytest
from support import posix

from anaconda_anon_usage.heartbeat import log_problem


@posix
@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize(
    "kind, expected",
    [("absent", None), ("good", None), ("symlink", "refusing to follow symlinks"),
     ("shared", "writable by other users"), ("directory", "Is a directory"),
     ("hard link", "a hard link"), ("nowhere/log", "No such file or directory")],
)  # fmt: skip
def test_a_log_that_is_refused_has_a_reason(tmp_path, monkeypatch, kind, expected):
    """A log that does not exist yet is no problem, and is not created."""
    for name in ("good", "shared", "first"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o666 if name == "shared" else 0o600)
    (tmp_path / "directory").mkdir()
    (tmp_path / "symlink").symlink_to("good")
    os.link(tmp_path / "first", tmp_path / "hard link")
    monkeypatch.setenv("ANACONDA_ANON_USAGE_LOG", str(tmp_path / kind))
    assert (expected and f"{tmp_path / kind}: {expected}") == log_problem()
    assert False is (tmp_path / "absent").exists()


@pytest.mark.parametrize("value, expected", [("", None), ("log", "log: not an absolute path")])
def test_without_a_full_path_there_is_no_log(monkeypatch, value, expected):
    """Only a value that was meant as one is a problem."""
    monkeypatch.setenv("ANACONDA_ANON_USAGE_LOG", value)
    assert expected == log_problem()
