"""Exchange a directory for a symlink before the first system call, the second, and so on.

    exchanges.py ACTION DIRECTORY TARGET OWNER ARGUMENT

ACTION is ``install``, ``remove`` or ``token`` for the environment ARGUMENT, or ``read``
for the file ARGUMENT. While it runs, DIRECTORY becomes a symlink of OWNER's to TARGET, and
in some runs a directory again a few system calls later. Print whatever was changed in, or
read from, TARGET; then the number of runs.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from pathlib import Path

from users import snapshot

from anaconda_anon_usage import _common, activation_scripts
from anaconda_anon_usage.tokens import token_file

#: System calls after which the directory is back.
BACK_AFTER = (1, 2, 3, 1000)

#: System calls of one action at most.
MOST_CALLS = 600

action, directory, target, owner, argument = sys.argv[1:]
originals = {
    name: getattr(os, name)
    for name in ("open", "stat", "lstat", "readlink", "mkdir", "listdir", "replace", "unlink")
}
rename, symlink, link_owner, unlink = os.rename, os.symlink, os.lchown, os.unlink


def exchange() -> None:
    with contextlib.suppress(FileNotFoundError):
        rename(directory, directory + ".aside")
        symlink(target, directory)
        link_owner(directory, int(owner), -1)


def restore() -> None:
    with contextlib.suppress(FileNotFoundError):
        rename(directory + ".aside", directory + ".back")
        unlink(directory)
        rename(directory + ".back", directory)


def perform() -> bytes:
    with contextlib.suppress(OSError):
        if action == "read":
            return _common.read_token_bytes(argument)
        if action == "token":
            token_file.TokenFile(
                argument, "etc", "aau_token_prefix", argument, 0o600
            ).read_or_create()
        else:
            getattr(activation_scripts, action)(argument)
    return b""


def exchanged_at(first: int, last: int) -> tuple[bytes, int]:
    """Perform the action and return what it read and how many system calls it took."""
    calls = itertools.count(1)

    def watched(function):
        def call(*arguments, **options):
            number = next(calls)
            if number == first:
                exchange()
            elif number == last:
                restore()
            return function(*arguments, **options)

        return call

    for name, function in originals.items():
        setattr(os, name, watched(function))
    try:
        found = perform()
    finally:
        for name, function in originals.items():
            setattr(os, name, function)
        restore()
    return found, next(calls) - 1


runs = 0
before = snapshot(Path(target))
for back_after in BACK_AFTER:
    for first in range(1, MOST_CALLS):
        found, calls = exchanged_at(first, first + back_after)
        runs += 1
        if found.startswith(b"secret"):
            print("read at call", first, "back after", back_after)
        after = snapshot(Path(target))
        if after != before:
            print("changed at call", first, "back after", back_after)
            before = after
        if action in ("install", "token"):  # so that the next run has something to do
            activation_scripts.remove(argument)
            with contextlib.suppress(FileNotFoundError):
                unlink(os.path.join(argument, "etc", "aau_token"))
        elif action == "remove":
            activation_scripts.install(argument)
        if first > calls:
            break
    else:
        print("not all system calls were tried")
print(runs > 100)
