"""A real conda for tests and for the demo, from PyPI, and throwaway bases that use it.

conda itself is not on PyPI, but the wheel of conda-lock carries one whole. Another conda
installation can take its place: ``pytest --conda-root DIR`` or ``AAU_TEST_CONDA=DIR``.
Such an installation is only read: every test makes a base of its own, a virtual
environment of the installation's Python that sees the installation's packages.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

# The version that carries conda 24.7.1. Its own requirements are not needed.
CONDA_LOCK = "conda-lock==4.0.3"

# What conda 24.7 requires; see its pyproject.toml. python-sat takes the place of pycosat,
# which has no wheels: it would need a compiler.
REQUIREMENTS = (
    "archspec",
    "boltons",
    "conda-package-handling",
    "distro",
    "frozendict",
    "jsonpatch",
    "packaging",
    "platformdirs",
    "pluggy",
    "python-sat",
    "requests",
    "ruamel.yaml",
    "tqdm",
    "truststore",
    "zstandard",
)

VENDORED_NAME = re.compile(r"conda_lock\._?vendor\.conda\b")

# What newer Pythons and the other solver need to have changed in the text of conda 24.7.
ADAPTATIONS = {
    "logging._acquireLock()": "logging._lock.acquire()",
    "logging._releaseLock()": "logging._lock.release()",
    # Otherwise a FutureWarning on stderr.
    r'TOKEN_REPLACE = partial(TOKEN_URL_PATTERN.sub, r"\1\2\3/t/<TOKEN>/")': (
        r'TOKEN_REPLACE = staticmethod(partial(TOKEN_URL_PATTERN.sub, r"\1\2\3/t/<TOKEN>/"))'
    ),
    "PrimitiveParameter(SatSolverChoice.PYCOSAT)": "PrimitiveParameter(SatSolverChoice.PYSAT)",
}

# multiprocessing imports the main script again in its children, hence the guard.
CONDA_SCRIPT = """\
#!{python}
import sys

if __name__ == "__main__":
    from conda.cli import main

    sys.exit(main())
"""

#: Set while coverage is measured (see [tool.coverage] in pyproject.toml): each Python that
#: has coverage and sees this variable records what it executes.
COVERAGE = "COVERAGE_PROCESS_CONFIG"

# Runs a script as Python does, and lists on stderr what has been imported by its end.
LIST_MODULES = """\
import atexit, runpy, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def make_installation(root: Path) -> None:
    """Make a conda installation in root from packages on PyPI.

    Args:
        root: the directory, which is made anew.
    """
    shutil.rmtree(root, ignore_errors=True)
    venv.create(root, with_pip=True)
    python = root / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *REQUIREMENTS], check=True)
    unpacked = root / "conda-lock"
    subprocess.run([*pip, "--no-deps", "--target", unpacked, CONDA_LOCK], check=True)
    conda = next(root.glob("lib/python3*/site-packages")) / "conda"
    shutil.move(unpacked / "conda_lock" / "_vendor" / "conda", conda)
    shutil.rmtree(unpacked)
    record_conda(conda)
    # Undo what vendoring changed, or parts of conda would be imported twice.
    for module in conda.rglob("*.py"):
        text = VENDORED_NAME.sub("conda", module.read_text())
        for old, new in ADAPTATIONS.items():
            text = text.replace(old, new)
        module.write_text(text)
    _make_base_of(root)


def record_conda(conda: Path) -> None:
    """Write the record that pip would have written, had it installed this conda.

    Args:
        conda: the package's directory in site-packages.
    """
    version = re.search(r"__version__ = version = '(.+)'", (conda / "_version.py").read_text())[1]
    record = conda.parent / f"conda-{version}.dist-info"
    record.mkdir()
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: conda\nVersion: {version}\n")


class Base:
    """A throwaway base: a prefix with a Python, a ``conda`` and nothing else.

    Args:
        prefix: the directory, which is made.
        installation: the conda installation whose Python and packages it uses.
    """

    def __init__(self, prefix: Path, installation: Path):
        self.prefix = prefix
        self.installation = installation
        python = installation / "bin" / "python"
        subprocess.run([python, "-m", "venv", "--without-pip", prefix], check=True)
        self.python = prefix / "bin" / "python"
        self.conda = prefix / "bin" / "conda"
        self.site_packages = next(prefix.glob("lib/python3*/site-packages"))
        # The directories themselves: .pth files in them would not be read.
        found = subprocess.run(
            [python, "-I", "-c", "import json, sys; print(json.dumps(sys.path))"],
            check=True,
            capture_output=True,
            text=True,
        )
        directories = [path for path in json.loads(found.stdout) if os.path.isdir(path)]
        (self.site_packages / "conda.pth").write_text("\n".join(directories) + "\n")
        if COVERAGE in os.environ:
            self._add_coverage()
        _make_base_of(prefix)

    def install(self, wheel: Path) -> None:
        """Install a wheel, without what it requires, which the installation has."""
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "--python", self.python),
                *("install", "--quiet", "--no-deps", "--no-index", wheel),
            ],
            check=True,
        )

    def modules(self, arguments: list[str], environ: dict[str, str]) -> set[str]:
        """Run a conda command and return the modules that it has imported at its end.

        Args:
            arguments: the command's arguments.
            environ: its variables.
        """
        done = subprocess.run(
            [self.python, "-Ic", LIST_MODULES, self.conda, *arguments],
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return set(done.stderr.split())

    def make_environment(self, prefix: Path) -> Path:
        """Make an empty environment that holds this base's activation scripts.

        Args:
            prefix: the environment's directory.
        """
        (prefix / "conda-meta").mkdir(parents=True)
        (prefix / "conda-meta" / "history").touch()
        self.install_scripts(prefix)
        return prefix

    def install_scripts(self, prefix: Path) -> None:
        """Install this base's activation scripts in an environment, as users do."""
        command = [self.python, "-Im", "anaconda_anon_usage", "hooks", "--install", "-p", prefix]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def _add_coverage(self) -> None:
        """Give the base this Python's coverage, and the file that starts it."""
        import coverage

        (self.site_packages / "coverage").symlink_to(Path(coverage.__file__).parent)
        start = f'import os; os.getenv("{COVERAGE}") and __import__("coverage").process_startup()'
        (self.site_packages / "coverage.pth").write_text(start + "\n")


def build_wheel(source: Path, into: Path) -> Path:
    """Build the package's wheel and return its path.

    Args:
        source: the project's directory.
        into: the directory that the wheel is put in.
    """
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--wheel-dir", into, source),
        ],
        check=True,
    )
    return next(into.glob("anaconda_anon_usage-*.whl"))


def clean_environ(home: Path, **variables: str) -> dict[str, str]:
    """Return the variables of a process that knows nothing of the machine's user.

    Args:
        home: the home directory.
        variables: further variables.
    """
    measured = {COVERAGE: os.environ[COVERAGE]} if COVERAGE in os.environ else {}
    return {
        **measured,
        "HOME": str(home),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        # The default solver is not on PyPI.
        "CONDA_SOLVER": "classic",
        **variables,
    }


def _make_base_of(prefix: Path) -> None:
    """Make a virtual environment what conda takes for a base."""
    (prefix / "conda-meta").mkdir()
    (prefix / "conda-meta" / "history").touch()
    conda = prefix / "bin" / "conda"
    conda.write_text(CONDA_SCRIPT.format(python=prefix / "bin" / "python"))
    conda.chmod(0o755)


if __name__ == "__main__":
    make_installation(Path(sys.argv[1]).absolute())
