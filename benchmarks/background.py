"""2. The cost of a heartbeat in the background."""

from __future__ import annotations

from pathlib import Path

import measure
from measure import Table, column, goal, interleaved, paired_ratio
from parts import ISOLATED, Authority, Parts, Server

MODULE = ("-m", "anaconda_anon_usage.heartbeat.activated")

#: Goals: the maximum ratio to the processor time of importing requests.
GOALS = {"heartbeat, http": 0.85, "heartbeat, https": 1.0}


def measure_all(parts: Parts, quick: bool) -> list[Table]:
    """Return the tables of this module."""
    server = Server()
    authority = Authority(parts.place / "authority.pem")
    secure = Server(tls=authority.context)
    unset = parts.environ("background-unset", None)
    off = parts.environ("background-off", "false")
    on = parts.environ("background-on", server.url + "/on")
    https = parts.environ("background-https", secure.url + "/on")
    condarc = Path(https["HOME"], ".condarc")
    condarc.write_text(condarc.read_text() + f"ssl_verify: {authority.bundle}\n")

    launcher = ["/bin/sh", parts.environment / "etc/conda/anon-usage/heartbeat.sh"]
    # As the launcher does it.
    python = ["/usr/bin/nice", "-n", "5", parts.base.python, ISOLATED]
    commands = {
        "bare Python": ([*python, "-c", "pass"], unset),
        "import requests": ([*python, "-c", "import requests"], unset),
        "launcher, heartbeat not set": (launcher, unset),
        "launcher, heartbeat off": (launcher, off),
        "heartbeat, off": ([*python, *MODULE], off),
        "heartbeat, http": ([*python, *MODULE], on),
        "heartbeat, https": ([*python, *MODULE], https),
    }
    samples = interleaved(
        {
            name: lambda command=command, environ=environ: measure.run(command, environ)
            for name, (command, environ) in commands.items()
        },
        1 if quick else 51,
    )
    reference = column(samples["import requests"], "cpu")
    table = Table(
        "Background cost of one heartbeat",
        ("", "processor time, ms", "memory, MB", "/ import requests", "goal"),
    )
    for name in commands:
        cpu = column(samples[name], "cpu")
        ratio = paired_ratio(cpu, reference)
        table.add(
            name,
            cpu.text(digits=1),
            f"{column(samples[name], 'memory').median:.1f}",
            "" if name == "import requests" else ratio.text(),
            f"≤ {GOALS[name]}: {goal(ratio.value <= GOALS[name])}" if name in GOALS else "",
        )
    table.notes.append(f"{len(server.paths) + len(secure.paths)} heartbeats were received.")
    return [table]
