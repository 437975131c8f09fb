"""All benchmarks: ``make bench``, or ``python benchmarks/run.py [--quick] [NAME ...]``.

Prints tables. A complete run also writes them to ``benchmarks/results.md``, and its figures
to ``docs/activation.md``.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import math
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import measure  # noqa: E402
import results  # noqa: E402
from parts import PROJECT, Parts, machine, versions  # noqa: E402

#: One module for each section of README.md, in its order.
NAMES = ("activation", "background", "conda_commands", "scale", "powershell")

#: Seconds that are spent on a figure until it is precise, unless ``--patient`` is given.
SECONDS = 120


def main() -> int:
    """Run the selected benchmarks and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="few rounds, as a smoke test")
    parser.add_argument(
        "--conda-root",
        type=Path,
        default=os.environ.get("AAU_TEST_CONDA", PROJECT / ".conda-root"),
        help="a conda installation to measure, which is not modified",
    )
    parser.add_argument(
        "--patient",
        action="store_true",
        help=f"measure until figures are precise, instead of for at most {SECONDS} s each",
    )
    parser.add_argument("--output", type=Path, help="a Markdown file for the tables")
    parser.add_argument(
        "--compare",
        type=Path,
        metavar="FILE",
        help="earlier results; name the ratios that got worse, and exit with 1 if there are any",
    )
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    earlier = results.read(options.compare.read_text()) if options.compare else {}
    complete = not options.output and not options.quick and not options.names

    measure.adopt_orphans()
    started = time.monotonic()
    failed = []
    with tempfile.TemporaryDirectory(prefix="aau-bench-") as directory:
        seconds = math.inf if options.patient else SECONDS
        parts = Parts(Path(directory).resolve(), Path(options.conda_root).absolute(), seconds)
        texts = [_head(parts, options.quick)]
        print(texts[0])
        for name in NAMES:
            if options.names and name not in options.names:
                continue
            begun = time.monotonic()
            try:
                tables = importlib.import_module(name).measure_all(parts, options.quick)
                found = [table.markdown() for table in tables]
            except Exception as error:
                traceback.print_exc()
                failed.append(name)
                found = [f"### {name}\n\nfailed: {type(error).__name__}\n"]
            texts += found
            print(*found, sep="\n", flush=True)
            print(f"({name}: {time.monotonic() - begun:.0f} s)\n", file=sys.stderr, flush=True)
    print(f"(everything: {time.monotonic() - started:.0f} s)", file=sys.stderr)
    text = "\n".join(texts)
    tables = results.read(text)
    if options.output:
        options.output.write_text(text)
    elif complete and not failed:
        results.RESULTS.write_text(text)
        results.PAGE.write_text(results.documented(results.PAGE.read_text(), tables))
    slower = results.slower(tables, earlier)
    print(*(f"slower: {line}" for line in slower), sep="\n", end="\n" if slower else "")
    return 1 if failed or slower else 0


def _head(parts: Parts, quick: bool) -> str:
    date = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    facts = {"date": date, **versions(parts), **machine()}
    facts["load average before"] = f"{os.getloadavg()[0]:.1f} (other work on the machine)"
    if quick:
        facts["rounds"] = "too few for significant results (--quick)"
    lines = ["# Results", ""]
    lines += ["README.md explains the tables. Only ratios are significant.", ""]
    lines += [f"- {name}: {value}" for name, value in facts.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
