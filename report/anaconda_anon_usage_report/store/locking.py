"""Who may change a store now? One process at a time, which the others wait for.

The locks are those of flock(2), so a store must be on a local file system. They end with their
process, however it ends.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from ..reading.sources import ReadingError, unreadable


@contextlib.contextmanager
def locked(directory: Path, *, shared: bool = False) -> Iterator[None]:
    """Lock a directory. If that takes time, say so on stderr and wait.

    Args:
        directory: The directory.
        shared: Whether others may have a shared lock, too.

    Raises:
        ReadingError: The directory cannot be opened or locked.
    """
    if sys.platform == "win32":
        raise ReadingError("stores need flock(2), which Windows does not have")
    import fcntl

    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except OSError as error:
        raise unreadable(str(directory), error) from None
    try:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"aau-report: waiting for another aau-report that uses {directory}\n")
            sys.stderr.flush()
            fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)
