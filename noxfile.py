"""The unit tests on every supported Python of this machine: ``make unit``.

They test the wheel in dist/, in a directory that has only the tests from the source tree.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")

nox.options.sessions = ["unit"]
nox.options.reuse_existing_virtualenvs = True
# Use the installed Pythons, which include at least the one that runs nox.
nox.options.error_on_missing_interpreters = False

# pyenv has only shims on PATH, which may not work, so add its interpreters.
PYENV = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
INTERPRETERS = sorted(map(str, PYENV.glob("versions/3.*/bin")))
os.environ["PATH"] = os.pathsep.join((*INTERPRETERS, os.environ["PATH"]))


@nox.session(python=PYTHONS)
def unit(session: nox.Session) -> None:
    """Run tests/unit against the installed wheel."""
    [wheel] = Path("dist").glob("*.whl")
    session.install(f"anaconda-anon-usage[unit] @ {wheel.absolute().as_uri()}")
    # The version may be the same as that of an installed, older wheel.
    session.install("--force-reinstall", "--no-deps", str(wheel))
    place = Path(session.create_tmp()) / "installed"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree("tests", place / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy("pyproject.toml", place)  # pytest's settings
    session.chdir(place)
    code = "import anaconda_anon_usage as package; print(package.__file__)"
    found = session.run("python", "-c", code, silent=True)
    if not found.startswith(session.virtualenv.location):
        session.error(f"not the installed package: {found}")
    session.run("python", "-m", "pytest", "-n", "auto", "tests/unit", *session.posargs)
