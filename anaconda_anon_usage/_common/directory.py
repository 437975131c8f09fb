"""Change files only below the intended directory.

Other users may replace a directory with a symlink at any moment. So everything that this
package writes, chmods or deletes goes through a Directory: the anchor (an environment,
``~/.conda``, the system's conda directory) is opened once, through symlinks, and below it
every name is relative to an open descriptor and no symlink is followed (openat(2)).
"""

from __future__ import annotations

import binascii
import contextlib
import errno
import os
import re
import stat
import sys
import time
from collections.abc import Iterator

from .files import OPEN_FLAGS, SIZE_LIMIT, read_descriptor
from .superuser import is_superuser, open_as_superuser, require_trusted

# Age in seconds at which a temporary file counts as abandoned by a killed process.
_ABANDONED_AFTER = 60

_TEMPORARY = r"(.+)\.[0-9a-f]{16}\.tmp"

_FLAGS = OPEN_FLAGS | getattr(os, "O_NOFOLLOW", 0)

# Windows SDK, winnt.h: the bit that symlinks, junctions and mount points share.
_NAME_SURROGATE = 0x20000000


class Directory:
    """An open directory; use it as a context manager.

    Every method raises OSError if it fails, if it would follow a symlink, or if
    require_trusted() refuses a directory to the superuser. The descriptor is None on Windows.
    The mode and the group are those of the anchor, which new directories below it get.
    """

    def __init__(
        self, path: str, descriptor: int | None, mode: int, group: int, as_superuser: bool
    ):
        self.path = path
        self.descriptor = descriptor
        self.mode = mode
        self.group = group
        self._as_superuser = as_superuser

    def __enter__(self) -> Directory:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)

    def below(self, *names: str, create: bool = False) -> Directory:
        """Return a directory below this one, or this one again; create what is missing.

        Names may be joined by slashes, and empty ones are ignored.
        """
        descriptor = None if self.descriptor is None else os.dup(self.descriptor)
        found = self._with(self.path, descriptor)
        for name in filter(None, "/".join(names).replace(os.sep, "/").split("/")):
            with found:
                found = found._child(name, create)
        return found

    def names(self) -> list[str]:
        """Return the names in this directory."""
        return sorted(os.listdir(self.path if self.descriptor is None else self.descriptor))

    def exists(self, name: str) -> bool:
        """Return whether this name exists, even as a dangling symlink."""
        return self._status(name) is not None

    def open(self, name: str, flags: int) -> int:
        """Open a file without blocking; a new one is accessible to this user only."""
        self._refuse_link(name)
        try:
            return os.open(self._at(name), flags | _FLAGS, 0o600, dir_fd=self.descriptor)
        except OSError as error:
            error.filename = os.path.join(self.path, name)
            raise

    def read(self, name: str, limit: int = SIZE_LIMIT) -> bytes:
        """Return the content of a regular file; see files.read_bytes()."""
        path = os.path.join(self.path, name)
        return read_descriptor(self.open(name, os.O_RDONLY), path, limit)

    def write(self, name: str, data: bytes, mode: int) -> None:
        """Replace a file, or a symlink of this name, atomically; the umask is ignored."""
        with self.temporary(name, data, mode) as temporary:
            self.rename(temporary, name)

    @contextlib.contextmanager
    def temporary(self, name: str, data: bytes, mode: int) -> Iterator[str]:
        """Provide the name of a complete new file for write(), which is removed afterwards."""
        temporary = f"{name}.{binascii.hexlify(os.urandom(8)).decode()}.tmp"
        descriptor = self.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            try:
                if os.write(descriptor, data) != len(data):  # the disk or the quota is full
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), temporary)
                _set_permissions(descriptor, mode, self.group)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            yield temporary
        finally:
            # Windows refuses while another process reads the file by its other name.
            with contextlib.suppress(OSError):
                self.remove(temporary)

    def rename(self, name: str, new_name: str) -> None:
        """Rename a file, replacing the one that has the new name."""
        at = self.descriptor
        os.replace(self._at(name), self._at(new_name), src_dir_fd=at, dst_dir_fd=at)

    def link(self, name: str, new_name: str) -> None:
        """Give a file a second name, which must be free: only one process can win it."""
        at = self.descriptor
        if at is None:
            os.link(self._at(name), self._at(new_name))
        else:
            os.link(name, new_name, src_dir_fd=at, dst_dir_fd=at, follow_symlinks=False)

    def remove(self, name: str) -> None:
        """Delete a file or a symlink, but not the symlink's target."""
        os.unlink(self._at(name), dir_fd=self.descriptor)

    def remove_if_empty(self, name: str) -> None:
        """Delete a directory in this one if it is empty and not a symlink."""
        with contextlib.suppress(OSError):
            os.rmdir(self._at(name), dir_fd=self.descriptor)

    def sweep(self, *names: str) -> None:
        """Remove temporary files for these names that killed processes left behind."""
        with contextlib.suppress(OSError):
            for entry in self.names():
                found = re.fullmatch(_TEMPORARY, entry)
                status = self._status(entry) if found and found[1] in names else None
                if status is None or not stat.S_ISREG(status.st_mode):
                    continue
                if abs(time.time() - status.st_mtime) > _ABANDONED_AFTER:
                    with contextlib.suppress(OSError):
                        self.remove(entry)

    def _with(self, path: str, descriptor: int | None) -> Directory:
        return Directory(path, descriptor, self.mode, self.group, self._as_superuser)

    def _child(self, name: str, create: bool) -> Directory:
        created = create and self._make(name)
        path = os.path.join(self.path, name)
        if sys.platform == "win32" or self.descriptor is None:
            self._refuse_link(name)
            if not stat.S_ISDIR(os.stat(path).st_mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
            return self._with(path, None)
        descriptor = self.open(name, os.O_RDONLY | os.O_DIRECTORY)
        try:
            if self._as_superuser:
                require_trusted(os.fstat(descriptor), path)
            if created:
                _set_permissions(descriptor, self.mode, self.group)
        except BaseException:
            os.close(descriptor)
            raise
        return self._with(path, descriptor)

    def _make(self, name: str) -> bool:
        """Create a directory; return whether its permissions have to be set."""
        # A default ACL determines them, within the requested ones. Without one, nobody else
        # may write there before the group is the anchor's.
        has_acl = _has_default_acl(self.descriptor)
        mode = 0o777 if has_acl else self.mode & ~0o022
        try:
            os.mkdir(self._at(name), mode, dir_fd=self.descriptor)
        except FileExistsError:
            return False
        return not has_acl

    def _at(self, name: str) -> str:
        if os.path.basename(name) != name or name in ("", os.curdir, os.pardir):
            raise OSError(errno.EINVAL, "not a plain file name", name)
        return os.path.join(self.path, name) if self.descriptor is None else name

    def _status(self, name: str) -> os.stat_result | None:
        try:
            return os.stat(self._at(name), dir_fd=self.descriptor, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _refuse_link(self, name: str) -> None:
        """Raise OSError for a symlink or junction. O_NOFOLLOW closes the race that is left."""
        status = self._status(name)
        tag = getattr(status, "st_reparse_tag", 0)
        if status and (stat.S_ISLNK(status.st_mode) or tag & _NAME_SURROGATE):
            path = os.path.join(self.path, name)
            raise OSError(errno.ELOOP, "refusing to follow symlinks", path)


def open_directory(path: str, create: bool = False, change: bool = True) -> Directory:
    """Return the anchor of changes: a directory, whose path may have symlinks.

    It can be created in its existing parent, with at most the permissions that the parent and
    the umask allow. For changes as superuser, raise OSError if another user owns a directory or
    symlink in the path, or if everyone may write there.
    """
    if create and not os.path.isdir(path):
        parent, name = os.path.split(path)
        with open_directory(parent) as anchor:
            with contextlib.suppress(FileExistsError):
                os.mkdir(anchor._at(name), anchor.mode, dir_fd=anchor.descriptor)
            return anchor.below(name)
    as_superuser = change and is_superuser()
    descriptor = None
    # Windows opens no directories: there, each name is checked before it is used.
    if sys.platform != "win32":
        flags = os.O_RDONLY | os.O_DIRECTORY
        if as_superuser:
            descriptor = open_as_superuser(path, flags, trusted=True)
        else:
            descriptor = os.open(path, flags)
    status = os.stat(path if descriptor is None else descriptor)
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    mode = stat.S_IMODE(status.st_mode) & ~stat.S_ISUID
    return Directory(path, descriptor, mode, status.st_gid, as_superuser)


def _has_default_acl(descriptor: int | None) -> bool:
    """Return whether a directory passes ACLs on (acl(5)); only known on Linux."""
    if sys.platform != "linux" or descriptor is None:
        return False
    try:
        os.getxattr(descriptor, "system.posix_acl_default")
        return True
    except OSError:
        return False


def _set_permissions(descriptor: int, mode: int, group: int) -> None:
    """Set the group and permissions of a new file or directory, whatever the umask is.

    A group that this user is not in cannot be set. Then the user's own group, which can
    be any, gets no more than others do.
    """
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):  # vfat
        if os.fstat(descriptor).st_gid != group:
            try:
                os.fchown(descriptor, -1, group)
            except OSError:
                mode &= 0o1707 | (mode & 0o007) << 3
        os.fchmod(descriptor, mode)
