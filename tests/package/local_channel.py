"""Create a channel with substitutes for the package's dependencies, or add a package to one.

    local_channel.py CHANNEL --conda-root DIRECTORY
    local_channel.py CHANNEL --add PACKAGE

A separate program, because py-rattler sometimes crashes when a process exits.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from rattler import Subdir
from rattler.index import index_fs
from rattler_build import assemble_package

#: The recipe's dependencies, made from the packages of the Python that runs the tests.
DISTRIBUTIONS = ("hatchling", "pip", "requests", "ruamel.yaml")

#: Otherwise, `pip check` would be the machine's.
PIP = '#!/bin/sh\nexec "$(dirname "$0")/python" -m pip "$@"\n'

#: Prints the versions of Python and conda in a conda installation.
ABOUT = """\
import conda, json, os, platform, sys

python = {"interpreter": os.path.realpath(sys.executable), "version": platform.python_version()}
print(json.dumps({"python": python, "conda": {"version": conda.__version__, "path": sys.path}}))
"""

#: A stand-in for anaconda-anon-usage 0.8.1. Its heartbeat is a file in the environment.
THEIRS = {
    **{f"site-packages/anaconda_anon_usage/{name}.py": "" for name in ("tokens", "heartbeat")},
    "site-packages/anaconda_anon_usage/__init__.py": "__version__ = '0.8.1'\n",
    "site-packages/anaconda_anon_usage-0.8.1.dist-info/METADATA": (
        "Metadata-Version: 2.1\nName: anaconda-anon-usage\nVersion: 0.8.1\n"
    ),
    **{
        f"etc/conda/activate.d/anaconda-anon-usage{more}.{extension}": (
            'touch "$CONDA_PREFIX/their-heartbeat"\n'
        )
        for more in ("", "-heartbeat")
        for extension in ("sh", "fish")
    },
    "bin/.anaconda-anon-usage-post-link.sh": '#!/bin/sh\ntouch "$PREFIX/etc/linked"\n',
    "bin/.anaconda-anon-usage-pre-unlink.sh": '#!/bin/sh\nrm -f "$PREFIX/etc/linked"\n',
}

PLATFORM = str(Subdir.current())


def make_channel(channel: Path, conda_root: Path) -> None:
    """Create a channel with python, conda and all dependencies of DISTRIBUTIONS.

    Args:
        channel: the directory.
        conda_root: the conda installation that the package ``conda`` refers to.
    """
    for name in (PLATFORM, "noarch"):
        (channel / name).mkdir(parents=True)
    with tempfile.TemporaryDirectory() as directory:
        python = conda_root / "bin" / "python"
        done = subprocess.run([python, "-Ic", ABOUT], check=True, capture_output=True, text=True)
        about = json.loads(done.stdout)
        _add_python(channel, Path(directory, "python"), **about["python"])
        _add_conda(channel, Path(directory, "conda"), **about["conda"])
        for path, content in THEIRS.items():
            file = Path(directory, "theirs", path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        theirs = Path(directory, "theirs")
        _assemble_noarch(channel, "anaconda-anon-usage", "0.8.1", [], theirs)
        for name, requires in _closure(DISTRIBUTIONS).items():
            _add_distribution(channel, Path(directory, name), name, requires)
    _index(channel)


def add(channel: Path, package: Path) -> None:
    """Add a noarch package to a channel.

    Args:
        channel: the directory.
        package: the file.
    """
    shutil.copy(package, channel / "noarch")
    _index(channel)


def _add_python(channel: Path, files: Path, interpreter: str, version: str) -> None:
    """Add an interpreter, as a virtual environment without the module venv."""
    major, minor, _ = version.split(".")
    (files / "bin").mkdir(parents=True)
    for name in ("python", "python3", f"python{major}.{minor}"):
        (files / "bin" / name).symlink_to(interpreter)
    (files / "pyvenv.cfg").write_text(f"home = {os.path.dirname(interpreter)}\n")
    assemble_package("python", version, PLATFORM, "0", channel / PLATFORM, files_dir=files)


def _add_conda(channel: Path, files: Path, version: str, path: list[str]) -> None:
    """Add a package that refers to a real conda, which is not copied."""
    (files / "site-packages").mkdir(parents=True)
    places = "\n".join(directory for directory in path if os.path.isdir(directory))
    (files / "site-packages" / "conda.pth").write_text(f"{places}\n")
    _assemble_noarch(channel, "conda", version, [], files)


def _closure(names) -> dict[str, list[str]]:
    """Return distributions and their dependencies on this machine, each with its requirements."""
    found: dict[str, list[str]] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        requirements = map(Requirement, metadata.requires(name) or [])
        found[name] = [
            required.name.lower().replace("_", "-")
            for required in requirements
            if not required.marker or required.marker.evaluate({"extra": ""})
        ]
        waiting += found[name]
    return found


def _add_distribution(channel: Path, files: Path, name: str, requires: list[str]) -> None:
    """Add the modules of an installed distribution."""
    distribution = metadata.distribution(name)
    for file in distribution.files:
        # Omit its scripts, and byte code for another directory.
        if ".." not in file.parts and file.suffix != ".pyc":
            target = files / "site-packages" / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file.locate(), target)
    if name == "pip":
        (files / "python-scripts").mkdir()
        (files / "python-scripts" / "pip").write_text(PIP)
        (files / "python-scripts" / "pip").chmod(0o755)
    _assemble_noarch(channel, name, distribution.version, requires, files)


def _assemble_noarch(channel: Path, name: str, version: str, requires, files: Path) -> None:
    assemble_package(
        name,
        version,
        "noarch",
        "0",
        channel / "noarch",
        files_dir=files,
        noarch="python",
        depends=["python", *requires],
        compression_level=1,
    )


def _index(channel: Path) -> None:
    asyncio.run(index_fs(channel, write_zst=False, write_shards=False, force=True))


def main() -> None:
    """Run the command line of the process."""
    channel, option, argument = sys.argv[1:]
    action = {"--conda-root": make_channel, "--add": add}[option]
    action(Path(channel), Path(argument))


if __name__ == "__main__":
    try:
        main()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)
