"""A demonstration: installs and activations by a real conda, a simulated month, and a report on both.

Run it with ``make demo-report``, which gives the name of the engine as an argument. It uses a
temporary directory and 127.0.0.1, and writes build/report.html.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import real_conda
from fleet import lines
from fleet.invent import DAY, Fleet

#: The page.
PAGE = Path(__file__).parents[2] / "build" / "report.html"
#: The simulated clients of each kind, and days.
PEOPLE, DAYS = 30, 28


def main() -> int:
    """Run the demonstration and return the exit status, which is that of the report."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        logs = directory / "logs"
        logs.mkdir()
        print("creating environments with a real conda, and activating them …")
        real = real_conda.record(directory)
        (logs / "access.log").write_text("".join(f"{line}\n" for line in real))
        print(f"{len(real)} requests of a real conda, the last of which is:\n\n{real[-1]}\n")
        # The simulation ends before today.
        begin = (int(time.time()) // DAY - DAYS - 1) * DAY
        fleet = Fleet(21, people=PEOPLE, days=DAYS, start=begin)
        with gzip.open(logs / "access.log.1.gz", "wb") as log:
            for request in fleet.requests:
                log.write(lines.nginx(request) + b"\n")
        print(f"{len(fleet.requests):,} simulated requests in {DAYS} days\n")
        arguments = ["--by", "week", "--package", "numpy", "--engine", *sys.argv[1:]]
        print("$ aau-report logs", *arguments, flush=True)
        command = [sys.executable, "-m", "anaconda_anon_usage_report", logs, *arguments]
        status = subprocess.run(command).returncode
        PAGE.parent.mkdir(exist_ok=True)
        return status or subprocess.run([*command, "--html", PAGE]).returncode


if __name__ == "__main__":
    sys.exit(main())
