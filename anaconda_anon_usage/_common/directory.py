"""Change files only below the directory that was meant.

Environments, homes and the system's conda directory can be shared with other users, who
may replace a directory by a symlink at any moment. So everything that this package
writes, chmods or deletes goes through a Directory: the anchor (an environment,
``~/.conda``, the system's conda directory) is resolved once, links included, and below it
every name is relative to an open descriptor and no symlink is followed (openat(2)).
"""

from __future__ import annotations

import binascii
import contextlib
import errno
import os
import re
import stat
import time
from collections.abc import Iterator

from .files import (
    SIZE_LIMIT,
    is_superuser,
    read_descriptor,
    require_links_of_superuser,
)

# Seconds after which a temporary file was left by a process that was killed.
_ABANDONED_AFTER = 60

_TEMPORARY = re.compile(r"(.+)\.[0-9a-f]{16}\.tmp")

# Windows has neither; there, each name is checked before it is used (_refuse_link).
_HAS_DESCRIPTORS = os.open in os.supports_dir_fd and os.listdir in os.supports_fd
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_FOLLOW |= getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)

# Windows SDK, winnt.h: the bit that symlinks, junctions and mount points share.
_NAME_SURROGATE = 0x20000000


class Directory:
    """An open directory; use it as a context manager.

    Attributes:
        path: its path.
        descriptor: the open directory; None on Windows.
        mode: the anchor's permissions.

    Every method raises OSError if it fails, or if it would follow a symlink.
    """

    def __init__(self, path: str, descriptor: int | None, mode: int, change: bool):
        self.path = path
        self.descriptor = descriptor
        self.mode = mode
        self._change = change

    def __enter__(self) -> Directory:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)

    def below(self, *names: str, create: bool = False) -> Directory:
        """Return a directory below this one, or this one again.

        Args:
            names: the names on the way to it, also joined by slashes; empty ones are
                ignored.
            create: whether to create missing directories, with the anchor's permissions.

        Raises:
            OSError: a name is absent, not a directory or a symlink; or this process is
                the superuser's and the directory is another user's.
        """
        parts = [part for name in names for part in name.replace(os.sep, "/").split("/") if part]
        if not parts:
            descriptor = None if self.descriptor is None else os.dup(self.descriptor)
            return Directory(self.path, descriptor, self.mode, self._change)
        child = self._child(parts[0], create)
        if len(parts) == 1:
            return child
        with child:
            return child.below(*parts[1:], create=create)

    def create(self, name: str) -> None:
        """Create a directory in this one, with its permissions as far as the umask allows."""
        with contextlib.suppress(FileExistsError):
            os.mkdir(self._at(name), self.mode, dir_fd=self.descriptor)

    def names(self) -> list[str]:
        """Return the names in this directory."""
        return sorted(os.listdir(self.path if self.descriptor is None else self.descriptor))

    def exists(self, name: str) -> bool:
        """Return whether there is anything of this name, a dangling symlink included."""
        try:
            os.stat(self._at(name), dir_fd=self.descriptor, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def read(self, name: str, limit: int = SIZE_LIMIT) -> bytes:
        """Return the content of a regular file; see files.read_bytes()."""
        self._refuse_link(name)
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _NO_FOLLOW
        descriptor = os.open(self._at(name), flags, dir_fd=self.descriptor)
        return read_descriptor(descriptor, os.path.join(self.path, name), limit)

    def write(self, name: str, data: bytes, mode: int) -> None:
        """Replace a file atomically.

        Args:
            name: the file; a symlink of this name is replaced, not followed.
            data: its content.
            mode: its permissions, whatever the umask is.
        """
        with self.temporary(name, data, mode) as temporary:
            self.rename(temporary, name)

    @contextlib.contextmanager
    def temporary(self, name: str, data: bytes, mode: int) -> Iterator[str]:
        """Provide the name of a complete new file, which is removed afterwards.

        Args:
            name: the file that it is for.
            data: its content, which is flushed to the disk.
            mode: its permissions, whatever the umask is.
        """
        temporary = f"{name}.{binascii.hexlify(os.urandom(8)).decode()}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW
        descriptor = os.open(self._at(temporary), flags, 0o600, dir_fd=self.descriptor)
        try:
            try:
                if os.write(descriptor, data) != len(data):  # the disk or the quota is full
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), temporary)
                with contextlib.suppress(OSError, AttributeError):  # vfat; Windows
                    os.fchmod(descriptor, mode)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            yield temporary
        finally:
            with contextlib.suppress(FileNotFoundError):
                self.remove(temporary)

    def rename(self, name: str, new_name: str) -> None:
        """Rename a file, in place of the one that has the new name."""
        os.replace(
            self._at(name),
            self._at(new_name),
            src_dir_fd=self.descriptor,
            dst_dir_fd=self.descriptor,
        )

    def link(self, name: str, new_name: str) -> None:
        """Give a file a second name, which must be free: only one process can win it."""
        os.link(
            self._at(name),
            self._at(new_name),
            src_dir_fd=self.descriptor,
            dst_dir_fd=self.descriptor,
            **({} if self.descriptor is None else {"follow_symlinks": False}),
        )

    def remove(self, name: str) -> None:
        """Delete a file; of a symlink, the link itself."""
        os.unlink(self._at(name), dir_fd=self.descriptor)

    def remove_if_empty(self, name: str) -> None:
        """Delete a directory in this one, unless it holds anything or is a symlink."""
        with contextlib.suppress(OSError):
            os.rmdir(self._at(name), dir_fd=self.descriptor)

    def sweep(self, *names: str) -> None:
        """Remove temporary files of processes that were killed; failures are ignored.

        Args:
            names: the files that they were for.
        """
        with contextlib.suppress(OSError):
            for entry in self.names():
                found = _TEMPORARY.fullmatch(entry)
                if found and found[1] in names:
                    self._remove_abandoned(entry)

    def _remove_abandoned(self, entry: str) -> None:
        status = os.stat(self._at(entry), dir_fd=self.descriptor, follow_symlinks=False)
        if stat.S_ISREG(status.st_mode) and abs(time.time() - status.st_mtime) > _ABANDONED_AFTER:
            self.remove(entry)

    def _child(self, name: str, create: bool) -> Directory:
        # A default ACL decides about a new directory's permissions, up to those asked for.
        has_acl = _has_default_acl(self.descriptor)
        created = False
        if create:
            with contextlib.suppress(FileExistsError):
                os.mkdir(self._at(name), 0o777 if has_acl else self.mode, dir_fd=self.descriptor)
                created = True
        self._refuse_link(name)
        path = os.path.join(self.path, name)
        try:
            descriptor = _open_directory(self._at(name), self.descriptor)
        except OSError as error:
            if os.path.islink(path):
                raise OSError(errno.ELOOP, "refusing to follow symlinks", path) from None
            error.filename = path
            raise
        try:
            if self._change:
                _require_trusted(path, os.stat(descriptor or path))
            if created and not has_acl and descriptor is not None:
                _set_permissions(descriptor, self.mode)
        except BaseException:
            if descriptor is not None:
                os.close(descriptor)
            raise
        return Directory(path, descriptor, self.mode, self._change)

    def _at(self, name: str) -> str:
        if os.path.basename(name) != name or name in ("", os.curdir, os.pardir):
            raise OSError(errno.EINVAL, "not a plain file name", name)
        return os.path.join(self.path, name) if self.descriptor is None else name

    def _refuse_link(self, name: str) -> None:
        """Raise OSError for a symlink or junction where the system cannot refuse it."""
        if self.descriptor is None:
            with contextlib.suppress(FileNotFoundError):
                tag = getattr(os.lstat(self._at(name)), "st_reparse_tag", 0)
                if tag & _NAME_SURROGATE:
                    raise OSError(errno.ELOOP, "refusing to follow links", self._at(name))


def open_directory(path: str, create: bool = False, change: bool = True) -> Directory:
    """Return the anchor of changes: an existing directory, links in its path included.

    Args:
        path: the directory's full path.
        create: whether to create it in its existing parent, no more open than the parent
            and than the umask allows.
        change: whether anything is to be changed there.

    Raises:
        OSError: it is absent; or the superuser is to change something, and another user
            owns the directory, one above it or a symlink on the way, or everyone may
            write there.
    """
    if create and not os.path.isdir(path):
        parent, name = os.path.split(path)
        with open_directory(parent) as anchor:
            anchor.create(name)
            return anchor.below(name)
    given, path = path, os.path.realpath(path)
    descriptor = _open_directory(path, None)
    try:
        if change and is_superuser():
            require_links_of_superuser(given, os.stat(descriptor))
        directory = Directory(path, descriptor, os.stat(descriptor or path).st_mode & 0o777, change)
        while change:
            _require_trusted(path, os.lstat(path))
            path, child = os.path.dirname(path), path
            if path == child:
                break
        return directory
    except BaseException:
        if descriptor is not None:
            os.close(descriptor)
        raise


def _open_directory(name: str, parent: int | None) -> int | None:
    if not _HAS_DESCRIPTORS:
        if not os.path.isdir(name):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), name)
        return None
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | _NO_FOLLOW, dir_fd=parent)


def _require_trusted(path: str, status: os.stat_result) -> None:
    """Raise OSError if the superuser would change what another user controls.

    ``sudo conda ...`` keeps the user's HOME on many systems. A file of root's there would
    lock the user out of their own token, and the user could have any file replaced.
    """
    if not is_superuser():
        return
    if status.st_uid != 0:
        raise PermissionError(errno.EPERM, "owned by another user", path)
    if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        raise PermissionError(errno.EPERM, "writable by everyone", path)


def _has_default_acl(descriptor: int | None) -> bool:
    """Return whether a directory passes ACLs on (acl(5)); only known on Linux."""
    try:
        os.getxattr(descriptor, "system.posix_acl_default")
        return True
    except (AttributeError, OSError, TypeError):
        return False


def _set_permissions(descriptor: int, mode: int) -> None:
    """Give a new directory the permissions that the umask has reduced; keep setgid."""
    with contextlib.suppress(OSError):
        current = stat.S_IMODE(os.fstat(descriptor).st_mode)
        if current & 0o777 != mode:
            os.fchmod(descriptor, (current & 0o7000) | mode)
