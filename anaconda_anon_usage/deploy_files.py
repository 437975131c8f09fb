"""Read and write the files that ``deploy`` changes, and say in one line what went wrong.

They are an administrator's: in a directory of the system they are readable by everybody,
and one that stands keeps its permissions and its owner.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections import namedtuple

from . import deploy_record
from ._common.files import read_bytes, write_temporary
from .condarc_text import CannotEdit
from .deploy_record import Record, WrongRecord
from .settings import condarc

#: One file, its content before and after (None: there is no file), and its permissions.
Write = namedtuple("Write", "path before after mode")

#: What is to be done: the writes in their order, how many directories go if they are
#: empty then, and notes for people.
Plan = namedtuple("Plan", "writes directories notes")


class CannotDeploy(Exception):
    """It can't be done; the message is one line that says why."""


def apply(directory: str, plan: Plan) -> None:
    """Write what was planned.

    Args:
        directory: the conda directory that it was planned for.
        plan: the plan.

    Raises:
        CannotDeploy: it could not be done; what was written is in the record.
    """
    made: list[str] = []
    written = 0
    try:
        if any(write.after is not None for write in plan.writes):
            _make_directories(directory, made)
        for write in plan.writes:
            _put(write)
            written += 1
    except CannotDeploy as error:
        if written:
            raise CannotDeploy(f"{error}; --undo takes back the rest") from None
        _remove_directories(reversed(made))
        raise
    for _ in range(plan.directories):
        if not _remove_directories([directory]):
            break
        directory = os.path.dirname(directory)


def read(path: str) -> bytes | None:
    """Return what a file holds, or None if there is none.

    Raises:
        CannotDeploy: it can't be read, or is a link, which a write would replace.
    """
    if os.path.islink(path):
        raise CannotDeploy(f"{path} is a symbolic link; nothing is changed through links")
    with _named(path):
        try:
            return read_bytes(path, condarc.SIZE_LIMIT)
        except (FileNotFoundError, NotADirectoryError):
            return None


def read_text(path: str) -> str | None:
    """Return what a file holds as text, or None if there is none.

    Raises:
        CannotDeploy: as for read(), or it is not UTF-8.
    """
    return decoded(path, read(path))


def decoded(path: str, data: bytes | None) -> str | None:
    """Return a file's content as text, and None as None.

    Raises:
        CannotDeploy: it is not UTF-8.
    """
    try:
        return None if data is None else data.decode("utf-8")
    except ValueError:
        raise CannotDeploy(f"{path} is not UTF-8 text") from None


def encoded(text: str | None) -> bytes | None:
    """Return text as a file's content, and None as None."""
    return None if text is None else text.encode("utf-8")


def read_record(directory: str) -> Record | None:
    """Return the record in a directory, or None if there is none.

    Raises:
        CannotDeploy: there is one that can't be read.
    """
    path = os.path.join(directory, deploy_record.NAME)
    try:
        with _named(path):
            return deploy_record.read(directory)
    except WrongRecord as error:
        raise CannotDeploy(f"{path}: {error}") from None


@contextlib.contextmanager
def explained(path: str):
    """Name the condarc that can't be edited."""
    try:
        yield
    except CannotEdit as error:
        raise CannotDeploy(f"{path}: {error}") from None


def mode_of(path: str) -> int:
    """Return a file's permissions, or those of a new one: everybody may read it."""
    try:
        return stat.S_IMODE(os.lstat(path).st_mode)
    except OSError:
        return 0o644


def missing_directories(directory: str) -> int:
    """Return how many directories have to be made for a directory to stand.

    Raises:
        CannotDeploy: something else is in the way.
    """
    missing = 0
    while not os.path.isdir(directory):
        if os.path.lexists(directory):
            raise CannotDeploy(f"{directory} is not a directory")
        missing += 1
        directory = os.path.dirname(directory)
    return missing


def _make_directories(directory: str, made: list[str]) -> None:
    if os.path.isdir(directory):
        return
    _make_directories(os.path.dirname(directory), made)
    with _named(directory):
        os.mkdir(directory)
        made.append(directory)
        os.chmod(directory, 0o755)  # whatever the umask is


def _remove_directories(directories) -> bool:
    """Remove directories as long as they are empty; return whether all went."""
    try:
        for directory in directories:
            os.rmdir(directory)
    except OSError:
        return False
    return True


def _put(write: Write) -> None:
    """Make a file what it should be, in one piece."""
    with _named(write.path):
        if write.after is None:
            os.unlink(write.path)
            return
        temporary = write_temporary(write.path, write.after, write.mode)
        try:
            with contextlib.suppress(OSError, AttributeError):  # none; not ours; Windows
                standing = os.lstat(write.path)
                os.chown(temporary, standing.st_uid, standing.st_gid)
            os.replace(temporary, write.path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


@contextlib.contextmanager
def _named(path: str):
    """Name the file that something went wrong with, which may be a temporary one's."""
    try:
        yield
    except OSError as error:
        raise CannotDeploy(f"{path}: {error.strerror or type(error).__name__}") from None
