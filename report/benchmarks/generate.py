"""Write large access logs: ``python benchmarks/generate.py FILE LINES``.

Clients follow Zipf's law, and the format is nginx's ``combined``.

Lines are assembled from columns, a million at a time, because a loop in Python would take longer
than what is measured. The same arguments give the same file.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Integers = npt.NDArray[np.int64]

#: Lines that are made at once.
CHUNK = 1_000_000

START = 1_767_225_600  # 2026-01-01
DAYS = 30

CLIENTS = 200_000
PROJECTS = 4_000

#: Seconds after which a client starts another session.
SESSION = 1_800

ALPHABET = np.frombuffer(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", dtype=np.uint8
)
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
CHANNELS = ("main", "conda-forge", "pkgs/r", "bioconda")
SUBDIRS = ("linux-64", "noarch", "osx-arm64", "win-64")
USER_AGENTS = (
    "conda/24.7.1 requests/2.34.2 CPython/3.11.7 Linux/6.1.0-18-amd64 debian/12 glibc/2.36",
    "conda/24.11.3 requests/2.32.3 CPython/3.12.8 Windows/11 Windows/10.0.26100",
    "conda/25.11.1 requests/2.32.3 CPython/3.12.4 Darwin/24.6.0 OSX/15.6"
    " solver/libmamba conda-libmamba-solver/25.4.0 libmambapy/2.0.5",
    "conda/26.5.3 requests/2.32.5 CPython/3.13.2 Linux/5.14.0-427.el9.x86_64 rhel/9.4 glibc/2.34"
    " solver/libmamba conda-libmamba-solver/25.11.0 libmambapy/2.3.2",
    "conda/26.7.1 requests/2.32.5 CPython/3.13.2 Linux/6.8.0-79-generic ubuntu/24.04.3 glibc/2.39"
    " solver/libmamba conda-libmamba-solver/25.11.0 libmambapy/2.3.2",
    "micromamba/2.3.2",
)


class Generator:
    """A source of lines.

    Args:
        seed: the source of all choices.
    """

    def __init__(self, seed: int = 1):
        self.random = np.random.default_rng(seed)
        self.tokens = self._tokens(CLIENTS)
        self.environments = self._tokens(CLIENTS * 3)
        self.tools = self.random.integers(0, len(USER_AGENTS), CLIENTS)
        self.weights = _zipf(CLIENTS)
        self.project_weights = _zipf(PROJECTS)
        self.paths = self._paths()

    def write(self, path: Path, lines: int) -> None:
        """Write a log.

        Args:
            path: the file, which is overwritten.
            lines: the number of lines.
        """
        with path.open("wb") as log:
            for first in range(0, lines, CHUNK):
                count = min(CHUNK, lines - first)
                seconds = DAYS * 86_400
                begin, end = seconds * first // lines, seconds * (first + count) // lines
                log.write(self._chunk(START + begin, START + max(end, begin + 1), count))

    def _chunk(self, begin: int, end: int, count: int) -> Any:
        """Return a buffer with lines whose times are in an interval."""
        times = np.sort(self.random.integers(begin, end, count))
        clients = np.searchsorted(self.weights, self.random.random(count))
        environments = clients * 3 + self.random.integers(0, 3, count)
        sessions, session_of = np.unique(
            clients * (DAYS * 86_400) + (times - START) // SESSION, return_inverse=True
        )
        # One request in ten is by a container, which is a client of its own.
        containers = self.random.random(count) < 0.1
        tokens = pc.if_else(
            pa.array(containers), self._tokens(count), self.tokens.take(pa.array(clients))
        )
        tool = pa.array(self.tools[clients])
        own = pc.binary_join_element_wise(
            *(" aau/0.9.0 c/", tokens),
            *(" s/", self._tokens(len(sessions)).take(pa.array(session_of))),
            *(" e/", self.environments.take(pa.array(environments)), ""),
        )
        lines = pc.binary_join_element_wise(
            self._addresses(clients),
            *(" - - [", _times(begin, end).take(pa.array(times - begin))),
            *(' +0000] "', self._requests(count)),
            *(' "-" "', pa.array(USER_AGENTS).take(tool)),
            # micromamba sends no tokens.
            pc.if_else(pc.less(tool, len(USER_AGENTS) - 1), own, ""),
            *('"\n', ""),
        )
        # The values of a string array are stored one after the other.
        return lines.buffers()[2]

    def _requests(self, count: int) -> Any:
        """Return request lines with status and size: downloads, repodata, heartbeats, others."""
        choice = self.random.random(count)
        projects = np.searchsorted(self.project_weights, self.random.random(count))
        kinds = np.where(choice < 0.6, projects, PROJECTS + (choice * 1_000).astype(int) % 16)
        return self.paths.take(pa.array(kinds))

    def _paths(self) -> Any:
        choose = self.random
        requests = []
        for number in range(PROJECTS):
            channel = CHANNELS[choose.integers(0, len(CHANNELS))]
            subdir = SUBDIRS[choose.integers(0, len(SUBDIRS))]
            file = f"package-{number}-{number % 7}.{number % 11}-py312h{number:07x}_0.conda"
            size = choose.integers(10_000, 50_000_000)
            requests.append(f'GET /{channel}/{subdir}/{file} HTTP/1.1" 200 {size}')
        for channel in CHANNELS:
            requests += [
                f'GET /{channel}/linux-64/repodata.json.zst HTTP/1.1" 304 0',
                f'GET /{channel}/noarch/current_repodata.json HTTP/1.1" 200 812345',
                'HEAD /main/noarch/activate-0.0.0-0.conda HTTP/1.1" 404 0',
                f'GET /{channel}/noarch/missing-1.0-0.conda HTTP/1.1" 404 153',
            ]
        return pa.array(requests)

    def _tokens(self, count: int) -> Any:
        """Return random tokens of 22 characters."""
        characters = ALPHABET[self.random.integers(0, 64, (count, 22), dtype=np.uint8)]
        offsets = np.arange(0, 22 * (count + 1), 22, dtype=np.int32)
        return pa.StringArray.from_buffers(
            count, pa.py_buffer(offsets.tobytes()), pa.py_buffer(characters.tobytes())
        )

    def _addresses(self, clients: Integers) -> Any:
        octets = [pa.array((clients >> shift) & 255).cast(pa.string()) for shift in (16, 8, 0)]
        return pc.binary_join_element_wise("10", *octets, ".")


def _zipf(count: int) -> npt.NDArray[np.float64]:
    """Return the cumulative weights of ranks after Zipf's law."""
    weights = np.cumsum(1 / np.arange(1, count + 1))
    return np.asarray(weights / weights[-1])


def _times(begin: int, end: int) -> Any:
    """Return the times of each second from begin to end, without the offset."""
    seconds = pa.array(np.arange(begin, end)).cast(pa.timestamp("s"))
    months = pa.array(MONTHS).take(pc.subtract(pc.month(seconds), 1))
    return pc.binary_join_element_wise(
        *(pc.strftime(seconds, "%d/"), months, pc.strftime(seconds, "/%Y:%H:%M:%S"), "")
    )


if __name__ == "__main__":
    Generator().write(Path(sys.argv[1]), int(sys.argv[2]))
