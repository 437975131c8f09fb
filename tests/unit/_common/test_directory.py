"""Files are changed only below the intended directory."""

from __future__ import annotations

import os
import stat
import subprocess
import time

import pytest
from processes import FULL_DISK, run
from support import PATIENCE, posix, tool

from anaconda_anon_usage._common.directory import open_directory

as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files to others"
)

OTHER_USER = 54321


@posix
@pytest.mark.parametrize(
    "umask, parent, expected",
    [(0, 0o700, 0o700), (0, 0o755, 0o755), (0o022, 0o775, 0o755), (0o077, 0o755, 0o700),
     (0o002, 0o775, 0o775)],
)  # fmt: skip
def test_a_new_anchor_has_at_most_the_permissions_of_its_parent(tmp_path, umask, parent, expected):
    """And at most those that the umask allows."""
    (tmp_path / "parent").mkdir()
    (tmp_path / "parent").chmod(parent)
    before = os.umask(umask)
    try:
        open_directory(str(tmp_path / "parent" / "made"), create=True).__exit__()
    finally:
        os.umask(before)
    assert expected == stat.S_IMODE((tmp_path / "parent" / "made").stat().st_mode)


@pytest.fixture
def directory(tmp_path):
    """An empty directory to write to."""
    (tmp_path / "directory").mkdir()
    return tmp_path / "directory"


def write(path: str, data: bytes, mode: int) -> None:
    """Write a file through its open directory."""
    parent, name = os.path.split(path)
    with open_directory(parent) as anchor:
        anchor.write(name, data, mode)


@posix
@pytest.mark.parametrize("umask", [0, 0o077, 0o777])
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_written_file_has_its_content_and_permissions(directory, umask, mode):
    """The previous content and the umask do not matter."""
    (directory / "file").write_text("before")
    before = os.umask(umask)
    try:
        write(str(directory / "file"), b"after\n", mode)
    finally:
        os.umask(before)
    assert (b"after\n", ["file"]) == ((directory / "file").read_bytes(), os.listdir(directory))
    assert mode == stat.S_IMODE((directory / "file").stat().st_mode)


def test_writing_replaces_a_symlink_and_not_its_target(directory):
    """Another user with write permission could point it at any file of the user."""
    (directory / "target").write_text("precious")
    (directory / "file").symlink_to("target")
    write(str(directory / "file"), b"text", 0o600)
    assert ("precious", "text") == tuple(
        (directory / name).read_text() for name in ("target", "file")
    )


@posix
@pytest.mark.parametrize("room", [0, 2])
def test_a_file_does_not_change_on_a_full_disk(directory, home, room):
    """A limit on the file size has the same effect as a full disk or a quota."""
    (directory / "file").write_text("before")
    code = f"""
        from anaconda_anon_usage._common.directory import open_directory
        with full_disk({room}):
            try:
                with open_directory({str(directory)!r}) as anchor:
                    anchor.write("file", b"after", 0o600)
            except OSError:
                print("failed")
    """
    assert "failed" == run(home, FULL_DISK, code)
    assert ("before", ["file"]) == ((directory / "file").read_text(), os.listdir(directory))


def test_a_failed_write_leaves_no_temporary_file(directory):
    """A directory is in the way."""
    (directory / "file").mkdir()
    with pytest.raises(OSError):
        write(str(directory / "file"), b"text", 0o600)
    assert ["file"] == os.listdir(directory)


@posix
@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755, 0o770, 0o775])
@pytest.mark.parametrize("umask", [0, 0o022, 0o077, 0o777])
def test_directories_below_the_anchor_get_its_permissions(directory, mode, umask):
    """Other users of the environment can use them, whatever the umask is."""
    directory.chmod(mode)
    before = os.umask(umask)
    try:
        with open_directory(str(directory)) as anchor:
            anchor.below("etc", "conda", create=True).__exit__()
    finally:
        os.umask(before)
    found = [stat.S_IMODE((directory / name).stat().st_mode) for name in ("etc", "etc/conda")]
    assert [mode, mode] == found


@posix
def test_a_setgid_anchor_has_setgid_directories(directory):
    """A group can share them."""
    directory.chmod(0o2775)
    before = os.umask(0o077)
    try:
        with open_directory(str(directory)) as anchor:
            anchor.below("etc", create=True).__exit__()
    finally:
        os.umask(before)
    assert 0o2775 == stat.S_IMODE((directory / "etc").stat().st_mode)


@posix
def test_default_acls_apply_to_new_directories(directory):
    """An administrator has set them."""
    acl = ["d:u::rwx,d:g::r-x,d:o::---,d:u:54321:rwx", directory]
    subprocess.run([tool("setfacl"), "-m", *acl], check=True, timeout=PATIENCE)
    directory.chmod(0o755)
    with open_directory(str(directory)) as anchor:
        anchor.below("etc", create=True).__exit__()
    shown = subprocess.run(
        [tool("getfacl"), "--omit-header", "--absolute-names", directory / "etc"],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    expected = ["user::rwx", "user:54321:rwx", "group::r-x", "mask::rwx", "other::---"]
    assert expected == shown.stdout.splitlines()[:5]


def test_the_path_of_the_anchor_may_contain_symlinks(directory, tmp_path):
    """Some users keep ~/.conda on another disk."""
    (tmp_path / "link").symlink_to(directory)
    with open_directory(str(tmp_path / "link")) as anchor:
        anchor.write("file", b"text", 0o600)
    assert "text" == (directory / "file").read_text()


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("target", ["elsewhere", "nowhere"])
def test_no_symlink_below_the_anchor_is_followed(directory, tmp_path, create, target):
    """It could point to another user's files."""
    (tmp_path / "elsewhere").mkdir()
    (directory / "etc").symlink_to(tmp_path / target)
    with open_directory(str(directory)) as anchor, pytest.raises(OSError):
        anchor.below("etc", create=create)
    assert [] == os.listdir(tmp_path / "elsewhere")


@posix
def test_a_directory_that_is_replaced_with_a_symlink_is_not_followed(directory, tmp_path):
    """Changes apply to the directory that was opened."""
    (tmp_path / "elsewhere").mkdir()
    with open_directory(str(directory)) as anchor, anchor.below("etc", create=True) as etc:
        (directory / "etc").rename(directory / "moved")
        (directory / "etc").symlink_to(tmp_path / "elsewhere")
        etc.write("file", b"text", 0o600)
    assert [] == os.listdir(tmp_path / "elsewhere")
    assert "text" == (directory / "moved" / "file").read_text()


@pytest.mark.parametrize("name", [".", "..", "./a", "../b"])
def test_only_plain_names_are_accepted(directory, name):
    """Other names could leave the directory."""
    with open_directory(str(directory)) as anchor, pytest.raises(OSError, match="plain"):
        anchor.below(name)


@posix
@as_root
def test_root_follows_no_symlink_of_another_user_to_the_anchor(directory, tmp_path):
    """It could point to any directory of root."""
    (tmp_path / "link").symlink_to(directory)
    os.chown(tmp_path / "link", OTHER_USER, OTHER_USER, follow_symlinks=False)
    with pytest.raises(PermissionError):
        open_directory(str(tmp_path / "link"))


@posix
@as_root
@pytest.mark.parametrize("owned", ["directory", "parent"])
def test_root_changes_nothing_below_another_users_directory(directory, owned):
    """The other user could replace it at any time."""
    inner = directory / "inner"
    inner.mkdir()
    os.chown(inner if owned == "directory" else directory, OTHER_USER, OTHER_USER)
    with pytest.raises(PermissionError):
        open_directory(str(inner))


@posix
@as_root
def test_root_changes_nothing_in_another_users_directory_below_the_anchor(directory):
    """It does not matter who created it."""
    (directory / "etc").mkdir()
    os.chown(directory / "etc", OTHER_USER, OTHER_USER)
    with open_directory(str(directory)) as anchor, pytest.raises(PermissionError):
        anchor.below("etc", create=True)


@posix
@as_root
@pytest.mark.parametrize("mode, allowed", [(0o775, True), (0o1777, True), (0o777, False)])
def test_root_rejects_world_writable_directories(directory, mode, allowed):
    """Sticky directories such as /tmp are accepted."""
    directory.chmod(mode)
    (directory / "inner").mkdir()
    try:
        open_directory(str(directory / "inner")).__exit__()
        opened = True
    except PermissionError:
        opened = False
    assert allowed == opened


def test_only_old_temporary_files_with_our_names_are_deleted(directory):
    """Other files have similar names."""
    old = ["file.0123456789abcdef.tmp", "file.tmp", "file.x.tmp", "other.0123456789abcdef.tmp"]
    for name in [*old, "file.fedcba9876543210.tmp"]:
        (directory / name).touch()
    for name in old:
        os.utime(directory / name, (time.time() - 3600, time.time() - 3600))
    (directory / "file.0000000000000000.tmp").symlink_to("/nowhere")
    with open_directory(str(directory)) as anchor:
        anchor.sweep("file", "another")
    assert sorted([*old[1:], "file.0000000000000000.tmp", "file.fedcba9876543210.tmp"]) == sorted(
        os.listdir(directory)
    )
