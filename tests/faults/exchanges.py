"""Exchange a directory for a symlink before the first system call, the second, and so on.

    exchanges.py ACTION DIRECTORY TARGET OWNER ARGUMENT

ACTION is ``install``, ``remove`` or ``token`` for the environment ARGUMENT, or ``read``
for the file ARGUMENT. Meanwhile DIRECTORY is at times a symlink of OWNER's to TARGET. Print
each change in TARGET and each secret that was read there; at last, whether all was tried.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys

from anaconda_anon_usage import _common, activation_scripts
from anaconda_anon_usage.tokens.token_file import TokenFile

#: Whether the directory is a symlink before a call, by the calls' number and the run's.
PATTERNS = (
    lambda call, run: call >= run,
    lambda call, run: call == run,
    lambda call, run: call != run,
)

#: System calls of one action at most.
MOST_CALLS = 600

action, directory, target, owner, argument = sys.argv[1:]
names = ("open", "stat", "lstat", "readlink", "mkdir", "listdir", "replace", "unlink", "rmdir")
originals = {name: getattr(os, name) for name in names}
os.fsync = lambda descriptor: None


def exchange(wanted: bool) -> None:
    """Make the directory a symlink, or a directory again."""
    aside = directory + ".aside"
    is_link = os.path.exists(aside)
    if wanted and not is_link and os.path.exists(directory):
        os.rename(directory, aside)
        os.symlink(target, directory)
        os.lchown(directory, int(owner), -1)
    elif is_link and not wanted:
        os.rename(directory, directory + ".link")
        os.rename(aside, directory)
        originals["unlink"](directory + ".link")


def use_originals() -> dict:
    """Let system calls through; return the functions that were in their place."""
    watched = {name: getattr(os, name) for name in names}
    for name in names:
        setattr(os, name, originals[name])
    return watched


def perform() -> bytes:
    """Perform the action and return what it read."""
    with contextlib.suppress(OSError):
        if action == "read":
            return _common.read_token_bytes(argument)
        if action == "token":
            TokenFile(argument, "etc", "aau_token_prefix", argument, 0o600).read_or_create()
        else:
            getattr(activation_scripts, action)(argument)
    return b""


def attack(pattern, run: int) -> tuple[bytes, int]:
    """Perform the action under attack; return what it read and its number of calls."""
    calls = itertools.count(1)
    total = 0

    def watch(function):
        def call(*arguments, **options):
            nonlocal total
            if not str(arguments[0]).startswith(sys.prefix):
                total = next(calls)
                watched = use_originals()
                exchange(pattern(total, run))
                for name in names:
                    setattr(os, name, watched[name])
            return function(*arguments, **options)

        return call

    for name in names:
        setattr(os, name, watch(originals[name]))
    try:
        return perform(), total
    finally:
        use_originals()
        exchange(False)


def snapshot() -> list:
    """Return the names and change times of what is in the target."""
    return sorted(
        (os.path.join(folder, name), os.lstat(os.path.join(folder, name)).st_ctime_ns)
        for folder, folders, files in os.walk(target)
        for name in folders + files
    )


def prepare() -> None:
    """Give the action something to do."""
    if action == "install":
        activation_scripts.remove(argument)
    elif action == "remove":
        activation_scripts.install(argument)
    elif action == "token":
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(argument, "etc", "aau_token"))


prepare()
before = snapshot()
for kind, pattern in enumerate(PATTERNS):
    for run in range(1, MOST_CALLS):
        found, total = attack(pattern, run)
        if found.startswith(b"secret"):
            print("read", kind, run)
        if snapshot() != before:
            print("changed", kind, run)
            before = snapshot()
        prepare()
        if run > total:
            break
    print(3 < run < MOST_CALLS - 1)
