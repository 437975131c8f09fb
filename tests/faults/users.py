"""Users other than the one who runs the tests, by number, and what is theirs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from support import PATIENCE, tool

USER, COLLEAGUE, GROUP = 54321, 54322, 54323


def give(path: Path, user: int, group: int = GROUP) -> None:
    """Make a directory and all that is in it someone else's."""
    for each in [path, *path.rglob("*")]:
        os.chown(each, user, group, follow_symlinks=False)


def entries(path: Path, owner: int) -> list[str]:
    """Return what a user owns in a directory."""
    return [str(p.relative_to(path)) for p in path.rglob("*") if p.lstat().st_uid == owner]


def become(user: int, group: int = GROUP, groups: str = "--clear-groups") -> list[str]:
    """Return the start of a command line whose rest is run by a user.

    Who can read everything, for this Python may lie in a home of root's, but write only
    what is theirs.
    """
    if not user:
        return []
    capability = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return [tool("setpriv"), f"--reuid={user}", f"--regid={group}", groups, *capability]


def snapshot(path: Path) -> dict[str, tuple[int, str]]:
    """Return the status change time and content of all that is in a directory."""
    return {
        str(p.relative_to(path)): (
            p.lstat().st_ctime_ns,
            p.read_bytes().hex() if p.is_file() and not p.is_symlink() else "",
        )
        for p in sorted(path.rglob("*"))
    }


def exchanges(base, before: list[str], *arguments) -> str:
    """Run exchanges.py and return what it prints.

    Args:
        base: the base whose package is attacked.
        before: the start of the command line.
        arguments: those of exchanges.py.
    """
    done = subprocess.run(
        [*before, base.python, "-I", Path(__file__).with_name("exchanges.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=8 * PATIENCE,
    )
    assert "" == done.stderr
    return done.stdout
