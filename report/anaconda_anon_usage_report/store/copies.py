"""Is a log a copy of others: merged, sorted or filtered, so that it begins differently?

Of about one line in 256 a keyed hash is kept. A copy repeats these lines wherever they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

_Hashes = npt.NDArray[np.uint64]


class Copies:
    """The hashes of some lines of all logs.

    Args:
        files: The files that contain the hashes of earlier runs.
        key: The store's key of logs.
    """

    def __init__(self, files: Iterable[Path], key: bytes) -> None:
        self._files = list(files)
        self._key = key
        self._known: _Hashes | None = None
        self._current: list[bytes] = []
        self._new: list[bytes] = []

    def add(self, block: bytes) -> None:
        """Hash whole lines of the current log."""
        key = self._key
        for line in block.removesuffix(b"\n").split(b"\n"):
            digest = blake2b(line, key=key, digest_size=8).digest()
            if not digest[-1]:
                self._current.append(digest)

    def finish(self, new: bool) -> bool:
        """End the current log.

        Args:
            new: Whether it is a log of which nothing was read before.

        Returns:
            Whether it is new, but more than half of its hashes are known.
        """
        current, self._current = self._current, []
        repeated = bool(new and current) and self._most_known(_array(b"".join(current)))
        self._new += current
        return repeated

    def data(self) -> bytes:
        """Return the new hashes, to be stored."""
        return b"".join(self._new)

    def _most_known(self, hashes: _Hashes) -> bool:
        if self._known is None:
            self._known = _array(b"".join(path.read_bytes() for path in self._files))
        hashes = np.unique(hashes)
        known = np.isin(hashes, self._known) | np.isin(hashes, _array(self.data()))
        # One request can be logged twice in one second, on both sides of a rotation.
        return known.sum() > 1 and int(known.sum()) * 2 > len(hashes)


def _array(data: bytes) -> _Hashes:
    return np.frombuffer(data, np.uint64)
