"""Kill an installation of scripts before its first system call, its second, and so on.

    killed_install.py DIRECTORY

Each time, install the scripts again, as if an hour later, and print any errors.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from pathlib import Path

from anaconda_anon_usage import activation_scripts as hooks

NAMES = ("open", "write", "fchmod", "fsync", "replace", "makedirs", "unlink")


def killed_before(number, prefix):
    calls = itertools.count(1)

    def deadly(function):
        def call(*arguments, **options):
            if next(calls) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        return call

    if os.fork() == 0:
        for name in NAMES:
            setattr(os, name, deadly(getattr(os, name)))
        hooks.install(str(prefix))
        os._exit(0)
    return os.wait()[1] == signal.SIGKILL


for number in itertools.count(1):
    prefix = Path(sys.argv[1], str(number))
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "history").touch()
    was_killed = killed_before(number, prefix)
    for stray in prefix.rglob("*.tmp"):
        os.utime(stray, (time.time() - 3600, time.time() - 3600))
    state = hooks.install(str(prefix)).state
    if state != "current" or list(prefix.rglob("*.tmp")):
        print(number, state, *prefix.rglob("*.tmp"))
    if not was_killed:
        print("completed before call", number > 50)
        break
