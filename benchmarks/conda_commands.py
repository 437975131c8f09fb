"""4. The cost of the plugin in conda's own commands, with and without anaconda-auth.

Four bases run the same command in turn: without either package, with this package, with
anaconda-auth, and with both.
"""

from __future__ import annotations

import json
from pathlib import Path

import measure
from conda_root import Base, clean_environ
from measure import Table, Usage, column, goal, interleaved
from parts import Parts, Server

#: Goal: the maximum delay of a command in seconds.
MORE = 0.015


def measure_all(parts: Parts, quick: bool) -> list[Table]:
    """Return the tables of this module."""
    server = Server(files=_channel(parts.place / "channel"))
    auth_base = parts.make_base("commands-auth", with_package=False)
    auth = parts.add_anaconda_auth(auth_base)
    both_base = parts.make_base("commands-both", with_package=True)
    parts.add_anaconda_auth(both_base)
    bases = {
        "plain": parts.plain_base,
        "ours": parts.base,
        "auth": auth_base,
        "both": both_base,
    }
    search = ["search", "--override-channels", "--channel", server.url, "tiny"]
    table = Table(
        f"conda commands, without and with anaconda-auth {auth}",
        (
            *("command", "anaconda-auth", "without, ms", "with, ms", "more, ms", "more CPU, ms"),
            *("ratio", "modules", "≤ 15 ms"),
        ),
    )
    for command in (["info"], search):
        samples = interleaved(
            {
                name: lambda name=name, command=command: _run(
                    bases[name], command, _environ(parts, name)
                )
                for name in bases
            },
            1 if quick else 41,
        )
        for label, without, with_it in (("no", "plain", "ours"), ("yes", "auth", "both")):
            walls = {name: column(samples[name], "wall") for name in (without, with_it)}
            more = walls[with_it].minus(walls[without])
            cpu = column(samples[with_it], "cpu").minus(column(samples[without], "cpu"))
            added = len(
                bases[with_it].modules(command, _environ(parts, with_it))
                - bases[without].modules(command, _environ(parts, without))
            )
            table.add(
                f"conda {command[0]}",
                label,
                walls[without].text(digits=0),
                walls[with_it].text(digits=0),
                more.text(digits=1),
                cpu.text(digits=1),
                f"{walls[with_it].median / walls[without].median:.3f}",
                added,
                goal(more.median <= MORE),
            )
    table.notes.append("More: median of the differences of each round.")
    return [table]


def _environ(parts: Parts, name: str) -> dict[str, str]:
    home = parts.place / "homes" / f"commands-{name}"
    home.mkdir(parents=True, exist_ok=True)
    return clean_environ(home, CONDA_PKGS_DIRS=str(home / "pkgs"))


def _run(base: Base, arguments: list[str], environ: dict[str, str]) -> Usage:
    return measure.run([base.conda, *arguments], environ)


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
