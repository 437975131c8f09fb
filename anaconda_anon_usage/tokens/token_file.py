"""Read or create the file of one token.

Many processes may need the first token at the same moment, and home directories and
environments are copied. Exactly one of the racing processes wins, and a token that was
copied to another machine or prefix is replaced.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable
from importlib import import_module

from .._common import Directory, open_directory, read_token_bytes, say, say_failure
from .binding import make_binding, names_other_machine
from .grammar import encode, is_token

#: Characters of a random token: 16 bytes in base64 without padding.
TOKEN_LENGTH = 22

# Seconds to wait for another process that replaces a token.
_LOCK_WAIT = 1.0


def random_token() -> str:
    """Return a new token: 128 random bits from the system, in 22 characters."""
    return encode(os.urandom(16))


def random_token_in(content: bytes) -> str | None:
    """Return the token in the content of a token file, or None.

    It is the first word: anaconda-anon-usage 0.7.0 wrote a second one, the host's ID.
    """
    word = next(iter(content.split()), b"").decode("ascii", "replace")
    return word if is_token(word) and len(word) >= TOKEN_LENGTH else None


class TokenFile:
    """The file of one token.

    Args:
        anchor: the intended directory, whose path may have symlinks.
        folder: the folder below it, where no symlink is followed, or "" for the anchor.
        sidecar: the name of the file that holds the token's binding.
        identity: of the token's machine or environment; if None, every valid token is used.
        mode: the permissions of new files, whatever the umask is.
        foreign_sidecar: the name of the sidecar of anaconda-anon-usage 0.7 and 0.8, which
            is only read, and only while the token has no binding.
    """

    name = "aau_token"

    def __init__(
        self,
        anchor: str,
        folder: str,
        sidecar: str,
        identity: str | None,
        mode: int,
        foreign_sidecar: str | None = None,
    ):
        self._anchor = anchor
        self._folder = folder
        self._sidecar = sidecar
        self._identity = identity
        self._mode = mode
        self._foreign_sidecar = foreign_sidecar
        self.path = os.path.join(anchor, folder, self.name)

    def read_or_create(self, proposed: str | None = None) -> str | None:
        """Return the token that all processes agree on, or None after a failure.

        If there is none, the proposed or a random token is written.
        """
        self._sweep()
        try:
            for _ in range(3):  # read; create and read; once more if another was faster
                token, stale = self._read(self._by_path)
                if token and not stale:
                    self._bind(token)
                    say(f"{self.path}: using the token")
                    return token
                say(f"{self.path}: {'invalid or copied; regenerating' if stale else 'no token'}")
                with self._open() as directory:
                    self._create(directory, proposed or random_token(), stale)
        except (OSError, ValueError) as error:
            say_failure(self.path, error)
        return None

    def _read(self, read: Callable[[str], bytes]) -> tuple[str | None, bool]:
        """Return the token, and whether the file must be replaced.

        An OSError means that the file cannot be read, so it is not ours to replace.
        """
        # The sidecar first, because it is written after its token. In the other order, a
        # copied token could be read with the sidecar of its replacement, and be accepted.
        binding: list[str] | None
        try:
            binding = read(self._sidecar).decode("ascii", "replace").split()
        except FileNotFoundError:
            binding = []
        except OSError:
            binding = None
        try:
            token = random_token_in(read(self.name))
        except FileNotFoundError:
            return None, False
        if token is None:
            return None, True
        if binding is None:
            return token, False
        expected = make_binding(token, self._identity).split()
        if binding[:1] != expected[:1]:
            return token, self._is_foreign(read)
        return token, len(binding) == len(expected) == 2 and binding != expected

    def _is_foreign(self, read: Callable[[str], bytes]) -> bool:
        """Return whether the other implementation's sidecar names another machine."""
        if self._foreign_sidecar:
            with contextlib.suppress(OSError, ValueError):
                return names_other_machine(read(self._foreign_sidecar).strip())
        return False

    def _by_path(self, name: str) -> bytes:
        return read_token_bytes(os.path.join(os.path.dirname(self.path), name))

    def _bind(self, token: str) -> None:
        """Write the sidecar unless it is correct. Without one, a copy is not detected."""
        if not self._identity:
            return
        try:
            with contextlib.suppress(FileNotFoundError):
                if self._by_path(self._sidecar).split() == self._binding(token).split():
                    return
            with self._open() as directory:
                directory.write(self._sidecar, self._binding(token), self._mode)
        except OSError as error:
            say_failure(self._sidecar, error)

    def _binding(self, token: str) -> bytes:
        return make_binding(token, self._identity).encode("ascii") + b"\n"

    def _create(self, directory: Directory, token: str, replace: bool) -> None:
        """Write a token, or replace an invalid one, unless another process is faster."""
        data = token.encode("ascii") + b"\n"
        with directory.temporary(self.name, data, self._mode) as temporary:
            if not replace:
                try:
                    return directory.link(temporary, self.name)
                except FileExistsError:
                    return
                except OSError:
                    pass  # a file system without hard links
            _lock(directory)
            _, stale = self._read(directory.read)
            if stale or not directory.exists(self.name):
                directory.rename(temporary, self.name)
                # Write the sidecar while holding the lock. Otherwise, a process that finds no
                # binding could consult the foreign sidecar and replace the token again.
                with contextlib.suppress(OSError):  # _bind() reports it
                    directory.write(self._sidecar, self._binding(token), self._mode)

    def _open(self) -> Directory:
        """Return the file's directory, which is created if it is absent."""
        with open_directory(self._anchor, create=True) as anchor:
            return anchor.below(self._folder, create=True)

    def _sweep(self) -> None:
        """Remove temporary files that killed processes left behind."""
        with contextlib.suppress(OSError):
            if any(name.endswith(".tmp") for name in os.listdir(os.path.dirname(self.path))):
                with self._open() as directory:
                    directory.sweep(self.name, self._sidecar)


def _lock(directory: Directory) -> None:
    """Acquire the directory's advisory lock if there is one, or continue after a second.

    Only one process can win link(2), but replacing a file, and file systems without hard
    links, need the lock. The system releases it when the directory is closed.
    """
    descriptor = directory.descriptor
    try:
        fcntl = import_module("fcntl")
    except ImportError:  # Windows, or a Python that was built without it
        return
    if descriptor is None:
        return
    until = time.monotonic() + _LOCK_WAIT
    while time.monotonic() <= until:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EINTR):
                return  # a file system without locks
        time.sleep(0.01)
