"""The file of one token, under races, kills, copies and full disks."""

from __future__ import annotations

import base64
import itertools
import os
import re
import shutil
import signal
import stat
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import FULL_DISK, is_random, run
from support import posix

from anaconda_anon_usage._common import Directory, files
from anaconda_anon_usage.tokens import token_file
from anaconda_anon_usage.tokens.binding import make_binding
from anaconda_anon_usage.tokens.grammar import encode, is_token
from anaconda_anon_usage.tokens.token_file import (
    TokenFile,
    random_token,
)

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")

TOKEN = "0123456789abcdefABCD-_"


@pytest.fixture
def directory(tmp_path):
    """An empty directory for the token and its sidecar."""
    (tmp_path / "directory").mkdir()
    return tmp_path / "directory"


def create(directory, place="here", mode=0o600, proposed=None):
    """Read or create the token in a directory, and its sidecar."""
    file = TokenFile(str(directory), "", "aau_token_place", place, mode)
    return file.read_or_create(proposed)


def without_links(*arguments, **options):
    raise OSError("no hard links here")


# Random tokens


def test_a_random_token_has_22_url_safe_characters():
    """They encode 128 bits."""
    assert [] == [t for t in (random_token() for _ in range(200)) if not is_random(t)]


def test_random_tokens_are_distinct():
    """This holds for any two of them."""
    assert 1000 == len({random_token() for _ in range(1000)})


@given(st.binary())
def test_the_encoding_is_url_safe_base64_without_padding(data):
    """RFC 4648, section 5."""
    assert base64.urlsafe_b64encode(data).rstrip(b"=").decode() == encode(data)


# Creating


def test_a_token_is_created_once(directory):
    """Its sidecar is the only other file."""
    token = create(directory)
    assert (token, token) == (create(directory), create(directory))
    assert f"{token}\n" == (directory / "aau_token").read_text()
    assert ["aau_token", "aau_token_place"] == sorted(os.listdir(directory))


def test_a_proposed_token_is_written_unless_one_exists(tmp_path):
    """The process may have sent the proposed token already."""
    assert (TOKEN, TOKEN) == (create(tmp_path, proposed=TOKEN), create(tmp_path, proposed="x" * 22))


@posix
@pytest.mark.parametrize("umask", [0, 0o022, 0o077, 0o777])
@pytest.mark.parametrize("mode", [0o600, 0o644])
@pytest.mark.parametrize("links", [True, False])
def test_the_umask_does_not_affect_permissions(tmp_path, monkeypatch, umask, mode, links):
    """This applies to the token and the sidecar."""
    if not links:
        monkeypatch.setattr(os, "link", without_links)
    before = os.umask(umask)
    try:
        create(tmp_path, mode=mode)
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("aau_*")]
    assert [mode, mode] == modes


@posix
def test_a_file_system_without_permissions_can_store_a_token(tmp_path, monkeypatch):
    """Some file systems refuse chmod."""

    def refuse(*arguments):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchmod", refuse)
    assert f"{create(tmp_path)}\n" == (tmp_path / "aau_token").read_text()


@posix
@pytest.mark.parametrize("room", [0, 10])
def test_a_full_disk_never_has_a_partial_token(directory, home, room):
    """A limit on the file size has the same effect as a full disk or a quota."""
    code = f"""
        from anaconda_anon_usage.tokens.token_file import TokenFile
        file = TokenFile({str(directory)!r}, "", "aau_token_place", "here", 0o600)
        with full_disk({room}):
            print(file.read_or_create())
    """
    assert ("None", []) == (run(home, FULL_DISK, code), os.listdir(directory))


UNUSABLE = [b"", b"\n", b"short", b"x" * 37, b"\xff" * 22, b"\0" * 22, b"\x1b" * 22]
UNUSABLE += [b"X-Evil: 1\r\n" + TOKEN.encode(), TOKEN[:11].encode() + b" " + TOKEN.encode()]


@pytest.mark.parametrize("content", UNUSABLE)
def test_a_file_without_a_token_is_replaced(tmp_path, content):
    """A full disk, an editor or another program may have left it."""
    (tmp_path / "aau_token").write_bytes(content)
    token = create(tmp_path)
    assert is_random(token)
    assert f"{token}\n" == (tmp_path / "aau_token").read_text()


@pytest.mark.parametrize(
    "content",
    [TOKEN, f"  {TOKEN}\r\n\n", "x" * 36, f"{TOKEN} gRSuYDBp\n", f"\n{TOKEN}\r\nX-Evil: 1\r\n"],
)
def test_the_first_word_is_the_token_and_the_file_is_left_as_it_is(tmp_path, content):
    """anaconda-anon-usage 0.7.0 wrote the host's ID behind the token."""
    (tmp_path / "aau_token").write_bytes(content.encode())
    assert content.split()[0] == create(tmp_path)
    assert content.encode() == (tmp_path / "aau_token").read_bytes()


@pytest.mark.parametrize("name", ["aau_token", "aau_token_place"])
@pytest.mark.parametrize("content", [None, "precious"])
def test_a_symlink_is_not_written_through(tmp_path, directory, name, content):
    """Another user with write permission could point it at any file of the user."""
    target = tmp_path / "target"
    if content:
        target.write_text(content)
    (directory / name).symlink_to(target)
    create(directory)
    assert content == (target.read_text() if target.exists() else None)


# Binding


def test_a_copied_token_is_replaced_once(tmp_path):
    """The new token is kept, and the original does not change."""
    (tmp_path / "there").mkdir()
    original = create(tmp_path)
    for name in ("aau_token", "aau_token_place"):
        (tmp_path / "there" / name).write_bytes((tmp_path / name).read_bytes())
    copy = create(tmp_path / "there", "there")
    assert original != copy
    assert (copy, original) == (create(tmp_path / "there", "there"), create(tmp_path))


def test_a_token_is_kept_if_the_binding_cannot_be_checked(tmp_path):
    """Its sidecar is kept, too."""
    token = create(tmp_path)
    sidecar = (tmp_path / "aau_token_place").read_bytes()
    assert token == create(tmp_path, None)
    assert sidecar == (tmp_path / "aau_token_place").read_bytes()


def test_a_token_without_an_identity_is_not_bound(directory):
    """There is nothing to bind it to."""
    create(directory, None)
    assert ["aau_token"] == os.listdir(directory)


@pytest.mark.parametrize(
    "sidecar", [None, b"", b"\xff\0", b" ", b"x", make_binding("y" * 22, "z").encode()]
)
def test_a_token_without_a_valid_sidecar_is_kept_and_bound(tmp_path, sidecar):
    """The sidecar may be lost, damaged, or belong to an earlier token."""
    (tmp_path / "aau_token").write_text(TOKEN)
    if sidecar is not None:
        (tmp_path / "aau_token_place").write_bytes(sidecar)
    assert TOKEN == create(tmp_path)
    assert f"{make_binding(TOKEN, 'here')}\n" == (tmp_path / "aau_token_place").read_text()


def test_the_sidecar_is_written_once(tmp_path):
    """Later processes only read it."""
    create(tmp_path)
    before = (tmp_path / "aau_token_place").stat()
    create(tmp_path)
    after = (tmp_path / "aau_token_place").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_binding_is_two_short_hashes_that_reveal_neither_token_nor_identity(place):
    """24 bits each are too few to find an identity by trial."""
    assert re.fullmatch("[A-Za-z0-9_-]{4} [A-Za-z0-9_-]{4}", make_binding(TOKEN, place))


def test_bindings_of_different_tokens_to_the_same_place_differ():
    """Two users' sidecars do not show that they share a machine."""
    # Fixed tokens: 100 random ones collide in 24 bits once in 3,400 runs.
    tokens = [f"{number:022}" for number in range(100)]
    assert 100 == len({make_binding(token, "here").split()[1] for token in tokens})


@posix
def test_an_identity_may_be_a_path_that_is_not_utf8(tmp_path):
    """On Unix, paths are arbitrary bytes."""
    place = os.fsdecode(b"/envs/\xff\xe9")
    token = create(tmp_path, place)
    assert (True, token) == (is_random(token), create(tmp_path, place))


# Races


@pytest.mark.parametrize("moment", range(1, 11))
@pytest.mark.parametrize("state", ["none", "none, no links", "copied", "short"])
def test_a_process_that_loses_the_race_uses_the_winners_token(tmp_path, monkeypatch, state, moment):
    """Another process creates the token between any two reads, flushes and links of this one."""
    if state.endswith("no links"):
        monkeypatch.setattr(os, "link", without_links)
    if state == "short":
        (tmp_path / "aau_token").write_text("short")
    elif state == "copied":
        create(tmp_path, "there", proposed=TOKEN)
    monkeypatch.setattr(token_file, "_LOCK_WAIT", 0.01)  # it may hold the lock itself
    calls, winner = itertools.count(1), []

    def overtaken(function):
        def call(*arguments, **options):
            if next(calls) == moment:
                winner.append(create(tmp_path))
            return function(*arguments, **options)

        return call

    with monkeypatch.context() as patch:
        for name in ("fsync", "link"):
            patch.setattr(os, name, overtaken(getattr(os, name)))
        patch.setattr(token_file, "read_token_bytes", overtaken(files.read_token_bytes))
        patch.setattr(Directory, "read", overtaken(Directory.read))
        token = create(tmp_path)
    assert ([token] if winner else []) == winner
    assert token == create(tmp_path) != TOKEN


STATES = ["none", "none, no links", "copied", "short"]


def prepare(directory, state):
    """Create a directory with a complete token, or with none."""
    unfinished = directory.with_name("unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    if state == "short":
        (unfinished / "aau_token").write_text("short")
    elif state == "copied":
        create(unfinished, "there", proposed=TOKEN)
    unfinished.rename(directory)


def assert_whole_and_swept(directory, state):
    """Check that the files are complete, and that the second process after the kill cleans up."""
    file = directory / "aau_token"
    if file.exists() and (state != "short" or file.read_text() != "short"):
        assert re.fullmatch(r"[A-Za-z0-9_-]{22}\n", file.read_text())
    for stray in directory.glob("*.tmp"):
        os.utime(stray, (time.time() - 3600, time.time() - 3600))
    token = create(directory)
    assert is_random(token)
    assert token != TOKEN
    assert ["aau_token", "aau_token_place"] == sorted(os.listdir(directory))


@posix
@needs_fork
@pytest.mark.parametrize("state", STATES)
def test_a_process_killed_before_any_system_call_leaves_complete_files(tmp_path, state):
    """One process is killed before each call, until one process completes."""
    names = ("open", "write", "fchmod", "fsync", "close", "link", "replace", "unlink", "mkdir")
    for number in range(1, 400):
        directory = tmp_path / str(number)
        prepare(directory, state)

        def child(directory=directory, number=number):
            calls = itertools.count(1)

            def deadly(function):
                def call(*arguments, **options):
                    if next(calls) == number:
                        os.kill(os.getpid(), signal.SIGKILL)
                    return function(*arguments, **options)

                return call

            if state.endswith("no links"):
                os.link = without_links
            for name in names:
                setattr(os, name, deadly(getattr(os, name)))
            create(directory)

        status = in_fork(child)
        assert_whole_and_swept(directory, state)
        if status == 0:
            break
        assert signal.SIGKILL == status
    assert 10 < number < 399


@needs_fork
@pytest.mark.parametrize("state", STATES)
def test_a_process_killed_at_any_moment_leaves_complete_files(tmp_path, state):
    """Each creates one token after another until it is killed."""
    for number in range(25):

        def child(number=number):
            if state.endswith("no links"):
                os.link = without_links
            for count in itertools.count():
                prepare(tmp_path / f"{number}-{count}", state)
                create(tmp_path / f"{number}-{count}")

        in_fork(child, number * 0.02 / 25)
    for directory in tmp_path.glob("*-*"):
        assert_whole_and_swept(directory, state)


def in_fork(function, seconds=None):
    """Run a function in a forked process, kill it after some seconds, and return its status."""
    child = os.fork()
    if child == 0:
        try:
            function()
            os._exit(0)
        finally:
            os._exit(1)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def test_the_temporary_file_of_a_running_process_is_kept(directory):
    """So is any other file."""
    names = ["aau_token.x.tmp", "aau_token_place.y.tmp", "other.tmp", "aau_token.bak"]
    for name in names:
        (directory / name).touch()
    for name in names[2:]:
        os.utime(directory / name, (0, 0))
    create(directory)
    assert sorted([*names, "aau_token", "aau_token_place"]) == sorted(os.listdir(directory))


@posix
def test_the_wait_for_a_lock_is_short(tmp_path, monkeypatch):
    """A process may be stopped while it holds the lock."""
    import fcntl

    monkeypatch.setattr(token_file, "_LOCK_WAIT", 0.05)
    (tmp_path / "aau_token").write_text("short")
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        assert is_token(create(tmp_path))
    finally:
        os.close(descriptor)
