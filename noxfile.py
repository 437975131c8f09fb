"""The unit tests on every supported Python of this machine: ``make unit``.

They run against the wheel in dist/, in a directory that holds the tests and nothing else
of the source tree.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")

nox.options.sessions = ["unit"]
nox.options.reuse_existing_virtualenvs = True
# Whatever the machine has; that is at least the Python that runs this.
nox.options.error_on_missing_interpreters = False

# pyenv keeps its interpreters off PATH, and shims in their places that may not work.
PYENV = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
INTERPRETERS = sorted(map(str, PYENV.glob("versions/3.*/bin")))
os.environ["PATH"] = os.pathsep.join((*INTERPRETERS, os.environ["PATH"]))


@nox.session(python=PYTHONS)
def unit(session: nox.Session) -> None:
    """Run tests/unit against the installed wheel."""
    [wheel] = Path("dist").glob("*.whl")
    session.install(f"anaconda-anon-usage[unit] @ {wheel.absolute().as_uri()}")
    # The same version again is another wheel.
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
    session.run("python", "-m", "pytest", "tests/unit", *session.posargs)
