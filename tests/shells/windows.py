"""Windows programs, which run on Windows or, on Linux, in wine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from support import PROJECT, tool

WINDOWS = os.name == "nt"

#: The arguments with which a launcher starts Python.
STARTED = "-I -m anaconda_anon_usage.heartbeat.activated"


def windows(path) -> str:
    """Return the path by which Windows programs know a file."""
    return str(path) if WINDOWS else "Z:" + str(path).replace("/", "\\")


def make_environment(prefix: Path) -> Path:
    """Create an environment that has only the activation scripts."""
    for folder in ("activate.d", "deactivate.d"):
        shutil.copytree(PROJECT / folder, prefix / "etc/conda" / folder)
    shutil.copytree(PROJECT / "etc/conda/anon-usage", prefix / "etc/conda/anon-usage")
    return prefix


def make_python(directory: Path) -> Path:
    """Create a base that has the package, and a python.exe that records its starts."""
    module = directory / "Lib/site-packages/anaconda_anon_usage/heartbeat/activated.py"
    module.parent.mkdir(parents=True)
    module.touch()
    python = directory / "python.exe"
    source = Path(__file__).with_name("python_stand_in.c")
    subprocess.run([tool("x86_64-w64-mingw32-gcc"), "-o", python, source], check=True)
    return python


def records(record: Path) -> list[list[str]]:
    """Return the arguments, CONDA_PREFIX and CASE of each start, and "ended" if it has.

    Args:
        record: the path in the variable RECORD.
    """
    texts = [path.read_text() for path in record.parent.glob(f"{record.name}-*")]
    return [text.replace("\n", "\t").split("\t")[:-1] for text in texts if text.endswith("\n")]
