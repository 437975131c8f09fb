"""3. The cost of a heartbeat in the background."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import measure
from measure import Table, column, goal, interleaved
from parts import ISOLATED, Authority, Parts, Server

MODULE = ("-m", "anaconda_anon_usage.heartbeat.activated")
CONDA = "import conda.base.context, conda.gateways.connection.session"

#: Goals: the ratio to the processor time of importing requests, and the peak memory in MB.
IMPORTS = 1.5
MEMORY = 32


def measure_all(parts: Parts, quick: bool) -> list[Table]:
    """Return the tables of this module."""
    server = Server()
    authority = Authority(parts.place / "authority-background.pem")
    secure = Server(tls=authority.context)
    on = parts.environ("background-on", server.url + "/on")
    https = parts.environ("background-https", secure.url + "/on")
    condarc = Path(https["HOME"], ".condarc")
    condarc.write_text(condarc.read_text() + f"ssl_verify: {authority.bundle}\n")
    channels = parts.environ("background-channels", "true", CONDA_OFFLINE="1")
    off = parts.environ("background-off", "false")
    silent = parts.environ("background-unmentioned", None)

    python = parts.base.python
    bare = parts.python_without_conda()
    with_auth = parts.make_base("background-auth", with_package=True)
    auth = parts.add_anaconda_auth(with_auth)

    launcher = ["/bin/sh", parts.environment / "etc/conda/anon-usage/heartbeat.sh"]
    own = {**off, "CONDA_PYTHON_EXE": str(python)}
    commands = {
        "python -I -c pass": ([python, ISOLATED, "-c", "pass"], on),
        "import requests": ([python, ISOLATED, "-c", "import requests"], on),
        "import conda's context and session": ([python, ISOLATED, "-c", CONDA], on),
        "launcher, not set": (launcher, silent),
        "launcher, off": (launcher, own),
        "Python, off": ([python, ISOLATED, *MODULE], off),
        "Python, on, http": ([python, ISOLATED, *MODULE], on),
        "Python, on, https": ([python, ISOLATED, *MODULE], https),
        "Python, `true`, offline": ([python, ISOLATED, *MODULE], channels),
        "Python without conda, on, http": ([bare, ISOLATED, *MODULE], on),
        "Python without conda, on, https": ([bare, ISOLATED, *MODULE], https),
        f"Python, anaconda-auth {auth}, on, http": ([with_auth.python, ISOLATED, *MODULE], on),
    }
    # The reference for each heartbeat: the same interpreter, which imports requests.
    samples = interleaved(
        {
            name: lambda command=command, environ=environ: measure.run(command, environ)
            for name, (command, environ) in commands.items()
        },
        1 if quick else 21,
    )
    reference = column(samples["import requests"], "cpu").median
    table = Table(
        "Background cost of one heartbeat",
        ("", "CPU, ms", "user", "system", "wall, ms", "MB", "CPU / import requests", "goal"),
    )
    for name in commands:
        usages = samples[name]
        cpu, memory = column(usages, "cpu"), column(usages, "memory")
        ratio = cpu.median / reference
        sends = ", on" in name
        holds = ratio <= IMPORTS and memory.median <= MEMORY
        table.add(
            name,
            cpu.text(digits=1),
            f"{column(usages, 'user').median * 1e3:.1f}",
            f"{column(usages, 'system').median * 1e3:.1f}",
            column(usages, "wall").text(digits=1),
            f"{memory.median:.1f}",
            f"{ratio:.2f}",
            goal(holds) if sends else "",
        )
    table.notes.append(
        f"Goal: at most {IMPORTS} times the processor time of importing requests, and {MEMORY} MB."
        f" {len(server.paths) + len(secure.paths)} heartbeats were received."
    )
    return [table, _contents(commands)]


def _contents(commands: dict) -> Table:
    """Return the files, imports and programs of each process."""
    table = Table(
        "Files, imports and programs of one heartbeat",
        ("", "files opened", "not found", "system calls", "modules imported", "programs started"),
    )
    strace = shutil.which("strace")
    if not strace:
        table.notes.append("Without strace only modules are counted.")
    for name, (command, environ) in commands.items():
        cells = ["", "", "", ""]
        if strace:
            traced = subprocess.run(
                [strace, "-f", "-qq", "-e", "signal=none", "-o", "/dev/stdout", *command],
                env=environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                errors="replace",
            ).stdout.splitlines()

            def count(pattern: str, lines=traced) -> int:
                return sum(bool(re.match(r"\d+ +" + pattern, line)) for line in lines)

            # If another process interrupts a call, strace prints two lines.
            failed = count(r"(openat\(|<\.\.\. openat resumed>).* = -1 ")
            programs = count(r"(execve\(|<\.\.\. execve resumed>).* = 0$")
            # The first program is the process itself.
            cells = [count(r"openat\(") - failed, failed, count(r"\w+\("), programs - 1]
        *counts, programs = cells
        table.add(name, *counts, _modules(command, environ), programs)
    return table


def _modules(command: list, environ: dict[str, str]) -> int | str:
    """Return the number of modules that a Python imports."""
    if ISOLATED not in command:
        return ""
    done = subprocess.run(
        [command[0], "-X", "importtime", *command[1:]],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    return len(re.findall(r"(?m)^import time: +\d", done.stderr))
