"""Processes in a clean environment: many at once, on another machine, without privileges.

This module also creates the contents of their homes and environments.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from conda_root import clean_environ
from support import PATIENCE, missing, tool

import anaconda_anon_usage
from anaconda_anon_usage import settings, tokens
from anaconda_anon_usage.tokens import binding

PACKAGE_PARENT = str(Path(anaconda_anon_usage.__file__).parents[1])

CLIENT_TOKEN = """
    from anaconda_anon_usage.tokens import client_token
    print(client_token())
"""

TOKEN_STRING = """
    from anaconda_anon_usage.tokens import token_string
    print(token_string())
"""

#: Simulates a file system without hard links, such as vfat.
WITHOUT_LINKS = """
    import errno, os
    def link(*arguments, **options):
        raise OSError(errno.EPERM, "no hard links here")
    os.link = link
"""

#: Becomes an unprivileged user, if the tests run as root. Imports come first, because such a
#: user may not be able to read this Python.
AS_NOBODY = """
    import anaconda_anon_usage.settings, anaconda_anon_usage.tokens, fcntl, os
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
"""


#: Simulates a full disk. The limit ends with the block: coverage writes its data later.
FULL_DISK = """
    import contextlib, resource

    @contextlib.contextmanager
    def full_disk(room):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
        yield
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
"""


def is_random(token) -> bool:
    """Return whether a token has the form of a random one."""
    return re.fullmatch(r"[A-Za-z0-9_-]{22}", str(token)) is not None


def make_environment(prefix: Path) -> Path:
    """Create a directory that conda accepts as an environment."""
    (prefix / "conda-meta").mkdir(parents=True)
    return prefix


def files_in(directory: Path) -> dict:
    """Return the entries of a directory by name, with their content and metadata."""
    return {
        str(path.relative_to(directory)): (path.lstat().st_ino, path.lstat().st_mtime_ns)
        for path in sorted(directory.rglob("*"))
    }


def forget() -> None:
    """Clear all caches, as in a new process."""
    settings.load_once.cache_clear()
    binding.machine_identity.cache_clear()
    tokens._client_token.cache_clear()
    tokens._environment_token.cache_clear()
    tokens._session_tokens.clear()
    tokens._unwritten.clear()


def run(home: Path, *code: str, before: list[str] | None = None, **variables: str) -> str:
    """Run code in a new Python and return its stdout; its stderr must be empty.

    Args:
        home: the home directory.
        code: Python code, in parts with any indentation.
        before: the start of the command line, for example from with_mounts().
        variables: further variables.
    """
    result = subprocess.run(
        [*(before or []), *_command(code)],
        env=_environ(home, variables),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
    )
    assert (0, "") == (result.returncode, result.stderr)
    return result.stdout.strip()


def race(
    home: Path, count: int, *code: str, before: list[str] | None = None, **variables: str
) -> list[str]:
    """Run code in many Pythons that start it at the same moment, and return the outputs.

    Args:
        home: the home directory.
        count: the number of processes.
        code: Python code, in parts with any indentation.
        before: the start of the command line, for example from with_mounts().
        variables: further variables.
    """
    gate = """
        import sys, anaconda_anon_usage.tokens
        print("ready", flush=True)
        sys.stdin.read()
    """
    closed, opener = os.pipe()
    processes = []
    try:
        for _ in range(count):
            process = subprocess.Popen(
                [*(before or []), *_command((gate, *code))],
                env=_environ(home, variables),
                stdin=closed,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            processes.append(process)
        assert ["ready\n"] * count == [process.stdout.readline() for process in processes]
        os.close(opener)
        opener = None
        return [process.communicate(timeout=2 * PATIENCE)[0].strip() for process in processes]
    finally:
        os.close(closed)
        if opener is not None:
            os.close(opener)
        for process in processes:
            process.kill()
            process.wait()
            process.stdout.close()


def with_mounts(mounts: dict[str, Path]) -> list[str]:
    """Return the start of a command line that runs with files mounted over the system's.

    Args:
        mounts: a file or directory for each path of the system.
    """
    if os.name != "posix":
        pytest.skip("mounts files over those of Unix")
    if not _can_mount():
        missing("unshare with the right to mount")
    script = """
        while [ "$1" != -- ]; do mount --bind "$2" "$1" || exit 99; shift 2; done
        shift
        exec "$@"
    """
    pairs = [str(path) for pair in mounts.items() for path in pair]
    return [*_unshare(), "/bin/sh", "-c", script, "sh", *pairs, "--"]


def machine(directory: Path, machine_id: str, cards: dict[str, str] | None = None) -> list[str]:
    """Return the start of a command line that runs on a simulated machine.

    Args:
        directory: the directory for the machine's files.
        machine_id: the content of /etc/machine-id.
        cards: the addresses of its network cards, by name; none by default.
    """
    (directory / "lib").mkdir(parents=True)
    (directory / "machine-id").write_text(machine_id)
    for name, address in (cards or {}).items():
        (directory / "net" / name / "device").mkdir(parents=True)
        (directory / "net" / name / "address").write_text(address + "\n")
    (directory / "net").mkdir(exist_ok=True)
    return with_mounts(
        {
            "/etc/machine-id": directory / "machine-id",
            "/var/lib": directory / "lib",
            "/sys/class/net": directory / "net",
        }
    )


def _command(code: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-c", "\n".join(map(textwrap.dedent, code))]


def _environ(home: Path, variables: dict[str, str]) -> dict[str, str]:
    return clean_environ(home, PYTHONPATH=PACKAGE_PARENT, **variables)


def _unshare() -> list[str]:
    return [tool("unshare"), "--mount" if os.geteuid() == 0 else "-rm"]


@functools.lru_cache(maxsize=1)
def _can_mount() -> bool:
    test = [*_unshare(), "mount", "--bind", "/dev/null", "/etc/machine-id"]
    return subprocess.run(test, capture_output=True, timeout=PATIENCE).returncode == 0
