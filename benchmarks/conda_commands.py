"""3. The cost of the plugin in conda's own commands.

Two bases, without and with this package, run the same command in pairs, in random order.
Processor time is measured, because other work on the machine disturbs it least.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import measure
from conda_root import Base, clean_environ
from measure import Table, goal
from parts import Parts, Server

#: Goal: the maximum additional time of a command in ms.
MORE = 15

#: The precision of the differences in ms, and what is spent on it.
PRECISION = 3
PAIRS = 400


def measure_all(parts: Parts, quick: bool) -> list[Table]:
    """Return the tables of this module."""
    server = Server(files=_channel(parts.place / "channel"))
    bases = {"without": parts.plain_base, "with": parts.base}
    search = ["search", "--override-channels", "--channel", server.url, "tiny"]
    table = Table(
        "conda commands",
        ("", "more processor time, ms", "modules", f"≤ {MORE} ms"),
    )
    for command in (["info"], search):

        def run(name: str, command=command) -> float:
            return 1e3 * measure.run([bases[name].conda, *command], _environ(parts, name)).cpu

        def pair() -> tuple[float, float]:
            costs = {name: run(name) for name in random.sample(list(bases), 2)}
            return costs["without"], costs["with"]

        pair()
        more = measure.paired_difference(pair, PRECISION, 2 if quick else PAIRS, parts.seconds)
        loaded = {name: _modules(parts, bases[name], name, command) for name in bases}
        table.add(
            f"conda {command[0]}",
            more.difference(PRECISION),
            len(loaded["with"] - loaded["without"]),
            goal(more.high <= MORE) if more.is_precise(PRECISION) else "",
        )
    table.notes.append(
        "More: the median difference of pairs and its 95% confidence interval. Modules: imports"
        " that the command does not need otherwise."
    )
    return [table]


def _modules(parts: Parts, base: Base, name: str, command: list[str]) -> set[str]:
    return base.modules(command, _environ(parts, name))


def _environ(parts: Parts, name: str) -> dict[str, str]:
    home = parts.place / "homes" / f"commands-{name}"
    home.mkdir(parents=True, exist_ok=True)
    return clean_environ(home, CONDA_PKGS_DIRS=str(home / "pkgs"))


def _channel(directory: Path) -> Path:
    """Create a channel with one package that exists only in the index."""
    record = {
        "name": "tiny",
        "version": "1.0",
        "build": "0",
        "build_number": 0,
        "depends": [],
        "md5": "0" * 32,
        "sha256": "0" * 64,
        "size": 1,
        "subdir": "noarch",
    }
    for subdir in ("noarch", "linux-64"):
        packages = {"tiny-1.0-0.tar.bz2": record} if subdir == "noarch" else {}
        content = {"info": {"subdir": subdir}, "packages": packages, "packages.conda": {}}
        (directory / subdir).mkdir(parents=True)
        (directory / subdir / "repodata.json").write_text(json.dumps(content))
    return directory
