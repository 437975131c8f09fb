"""5. The cost of the tokens for a client."""

from __future__ import annotations

import subprocess

import measure
from measure import Samples, Table, column, interleaved
from parts import ISOLATED, Parts

KINDS = ("org_token", ".org_token", "machine_token", ".machine_token", "installer_token")

# Measures the first and later token strings, in milliseconds. Temporary directories replace
# the system's, which do not have a hundred token files.
ASK = """\
import sys, time
started = time.perf_counter()
from anaconda_anon_usage.settings import search_path
from anaconda_anon_usage import tokens
imported = time.perf_counter()
search_path._SYSTEM = tuple(sys.argv[1:])
def ask():
    started = time.perf_counter()
    text = tokens.token_string()
    return time.perf_counter() - started, text.count(" ")
first, count = ask()
print(imported - started, first, sorted(ask()[0] for _ in range(21))[10], count)
"""


def measure_all(parts: Parts, quick: bool) -> list[Table]:
    """Return the tables of this module."""
    rounds = 1 if quick else 25
    python = parts.base.python
    environ = parts.environ("tokens", None)
    code = {
        "python -I -c pass": "pass",
        "import anaconda_anon_usage.tokens": "import anaconda_anon_usage.tokens",
        "import json": "import json",
        "import requests": "import requests",
    }
    samples = interleaved(
        {
            name: lambda text=text: measure.run([python, ISOLATED, "-c", text], environ)
            for name, text in code.items()
        },
        rounds,
    )
    reference = samples["python -I -c pass"]
    imports = Table("Tokens: import", ("", "wall, ms", "CPU, ms", "more wall, ms", "CPU ratio"))
    for name, usages in samples.items():
        imports.add(
            name,
            column(usages, "wall").text(digits=1),
            column(usages, "cpu").text(digits=1),
            column(usages, "wall").minus(column(reference, "wall")).text(digits=1),
            f"{column(usages, 'cpu').median / column(reference, 'cpu').median:.2f}",
        )
    return [imports, _strings(parts, rounds)]


def _strings(parts: Parts, rounds: int) -> Table:
    empty = [parts.place / "system" / str(number) for number in range(2)]
    full = [parts.place / "system-full" / str(number) for number in range(20)]
    for directory in (*empty, *full):
        directory.mkdir(parents=True)
    for number, directory in enumerate(full):
        for kind in KINDS:
            (directory / kind).write_text(f"token-{number}-{kind.replace('.', '_')}\n")

    def ask(name: str, directories: list, new: bool) -> Samples:
        environ = parts.environ(name, None)
        if new:
            for path in parts.place.glob(f"homes/{name}/.conda/*"):
                path.unlink()
            for path in parts.environment.glob("etc/aau_token*"):
                path.unlink()
        done = subprocess.run(
            [parts.base.python, ISOLATED, "-c", ASK, *map(str, directories)],
            env=environ,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return Samples(map(float, done.stdout.split()))

    cases = {
        "first ever, files are made": lambda: ask("tokens-new", empty, True),
        "no system token file": lambda: ask("tokens-none", empty, False),
        "20 system directories, no file": lambda: ask("tokens-none", _missing(full), False),
        "100 system token files in 20": lambda: ask("tokens-full", full, False),
    }
    samples = interleaved(cases, rounds)
    base = Samples(figure[1] for figure in samples["no system token file"]).median
    table = Table(
        "Tokens: token_string()",
        ("", "import, ms", "first call, ms", "later calls, ms", "tokens", "first / no file"),
    )
    for name, figures in samples.items():
        first = Samples(figure[1] for figure in figures)
        table.add(
            name,
            Samples(figure[0] for figure in figures).text(),
            first.text(),
            Samples(figure[2] for figure in figures).text(digits=3),
            f"{figures[0][3]:.0f}",
            f"{first.median / base:.2f}",
        )
    return table


def _missing(directories: list) -> list:
    return [directory.with_name(f"{directory.name}-missing") for directory in directories]
