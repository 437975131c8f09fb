"""Read or create the file of one token.

Many processes may want the first token at the same moment, and homes and environments
are copied. So exactly one of any number of racing processes wins, and a token that was
copied to another place (another machine, another prefix) is noticed and made anew.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time

from .._common import (
    may_write,
    read_bytes,
    read_text,
    say,
    say_failure,
    sweep,
    write,
    write_temporary,
)
from .binding import make_binding
from .grammar import encode, is_token

#: Characters of a random token: 16 bytes in base64 without padding.
TOKEN_LENGTH = 22

# Seconds that are waited at most for another process that makes a token anew.
_LOCK_WAIT = 1.0


def random_token() -> str:
    """Return a fresh token: 128 random bits of the system, in 22 characters.

    The form is base64 with the URL-safe alphabet and without padding (RFC 4648,
    section 5).
    """
    return encode(os.urandom(16))


def read_or_create(
    path: str,
    *,
    sidecar: str,
    place: str | None,
    mode: int = 0o600,
    proposed: str | None = None,
) -> str | None:
    """Return the token in path, which is made if there is none.

    Args:
        path: the token's file. Its directory must exist.
        sidecar: the file beside it that ties the token to its place.
        place: what the token belongs to; None where that can't be told, and then a
            token is taken as it stands.
        mode: the permissions of files that are made, whatever the umask is.
        proposed: the token to write if one has to be made; by default a random one.

    Returns:
        The token that all processes agree on; None if there is none and none can be
        made, or if what lies there can't be read.
    """
    sweep(path)  # and the sidecar, whose name begins with the token's
    try:
        for _ in range(3):  # read; make and read; once more where another was faster
            token, stale = _standing_token(path, sidecar, place)
            if token and not stale:
                if place:
                    _bind_once(token, sidecar, place, mode)
                say(f"{path}: the token there is used")
                return token
            if not _may_write_at(path):
                say(f"{path}: no token, for a superuser leaves none in another user's directory")
                return None
            say(
                f"{path}: {'what is there is of no use or a copy' if stale else 'no token is there'}"
            )
            _make(path, sidecar, place, mode, proposed or random_token(), replace=stale)
    except (OSError, ValueError) as error:
        say_failure(path, error)
    return None


def _standing_token(path: str, sidecar: str, place: str | None) -> tuple[str | None, bool]:
    """Return the token in path, and whether what lies there must be made anew.

    Raises:
        OSError: something lies there that is not ours to read or replace.
    """
    # The sidecar first: it is written after its token. Read in the other order, a copied
    # token could meet the sidecar of the one that just replaced it, and pass.
    standing = read_text(sidecar)
    try:
        data = read_bytes(path)
    except FileNotFoundError:
        return None, False
    text = data.decode("ascii", "replace").strip()
    if not is_token(text) or len(text) < TOKEN_LENGTH:
        return None, True
    if place and standing is not None:
        for_token, _, _ = standing.partition(" ")
        ours = make_binding(text, place)
        if ours.startswith(for_token + " ") and standing.strip() != ours:
            return text, True
    return text, False


def _bind_once(token: str, sidecar: str, place: str, mode: int) -> None:
    """Write the sidecar unless it stands; a failure leaves the token untied."""
    content = make_binding(token, place)
    if (read_text(sidecar) or "").strip() == content or not _may_write_at(sidecar):
        return
    try:
        write(sidecar, _line(content), mode)
    except OSError as error:
        say(f"{sidecar}: {error.strerror}")


def _may_write_at(path: str) -> bool:
    """Return whether a file can be made at path by the rule of may_write().

    It asks for the directory above too: ``~/.conda`` may be root's after an earlier
    ``sudo conda``, or a link to a directory of root's.
    """
    directory = os.path.dirname(path)
    return may_write(directory) and may_write(os.path.dirname(directory))


def _make(path: str, sidecar: str, place: str | None, mode: int, token: str, replace: bool) -> None:
    """Put token at path, unless another process is faster.

    Args:
        replace: whether what stands at path is of no use, and goes.
    """
    temporary = write_temporary(path, _line(token), mode)
    try:
        if not replace:
            try:
                os.link(temporary, path)
                return
            except FileExistsError:
                return
            except OSError:
                pass  # a file system without hard links
        with _lock(os.path.dirname(path)):
            _, stale = _standing_token(path, sidecar, place)
            if stale or not os.path.lexists(path):
                os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def _line(text: str) -> bytes:
    return text.encode("ascii") + b"\n"


@contextlib.contextmanager
def _lock(directory: str):
    """Hold the directory's advisory lock, if it has one, or go on after a second.

    Making a token anew and file systems without hard links need it; creating one has
    link(2), which only one process can win. The system frees the lock with the process.
    """
    try:
        import fcntl

        descriptor = os.open(directory, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except (ImportError, OSError):  # Windows
        yield
        return
    try:
        until = time.monotonic() + _LOCK_WAIT
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EINTR):
                    break  # no locks on this file system
                if time.monotonic() > until:
                    break
            time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)
