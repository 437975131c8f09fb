"""What the plugin costs conda's own commands: ``python benchmarks/conda_commands.py``.

A base with the package and one without run the same command in turn, so that both see
the same machine. Only the ratio of their medians means anything.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "tests"))

from conda_root import Base, build_wheel, clean_environ  # noqa: E402

ROUNDS = 15
COMMANDS = (["info"], ["list"], ["config", "--show"])


def seconds(base: Base, arguments: list[str], environ: dict[str, str]) -> float:
    """Return how long one command took."""
    started = time.perf_counter()
    subprocess.run([base.conda, *arguments], env=environ, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print a table."""
    installation = Path(sys.argv[1] if len(sys.argv) > 1 else PROJECT / ".conda-root")
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        (place / "home").mkdir()
        environ = clean_environ(place / "home", CONDA_OFFLINE="1")
        plain = Base(place / "plain", installation.absolute())
        extended = Base(place / "extended", installation.absolute())
        extended.install(build_wheel(PROJECT, place))
        print(f"{'command':24}{'without':>10}{'with':>10}{'more':>10}{'ratio':>8}{'modules':>9}")
        for arguments in COMMANDS:
            times: dict[Base, list[float]] = {plain: [], extended: []}
            for _ in range(ROUNDS):
                for base, measured in times.items():
                    measured.append(seconds(base, arguments, environ))
            added = extended.modules(arguments, environ) - plain.modules(arguments, environ)
            without, with_it = (statistics.median(measured[1:]) for measured in times.values())
            print(
                f"conda {' '.join(arguments):18}{without * 1e3:7.0f} ms{with_it * 1e3:7.0f} ms"
                f"{(with_it - without) * 1e3:7.1f} ms{with_it / without:8.3f}{len(added):9}"
            )


if __name__ == "__main__":
    main()
