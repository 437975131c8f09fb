"""A real conda from PyPI, for tests and the demo, and temporary bases that use it.

conda itself is not on PyPI, but the wheel of conda-lock contains a complete copy. Another
conda installation can replace it: ``pytest --conda-root DIR`` or ``AAU_TEST_CONDA=DIR``. Such
an installation is only read. Every test creates its own base, a virtual environment of the
installation's Python that can import the installation's packages.
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

# This version contains conda 24.7.1. Its own dependencies are not needed.
CONDA_LOCK = "conda-lock==4.0.3"

# The dependencies of conda 24.7; see its pyproject.toml. python-sat replaces pycosat, which
# has no wheels and would need a compiler.
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

# Changes to the source of conda 24.7 for newer Pythons and the other solver.
ADAPTATIONS = {
    "logging._acquireLock()": "logging._lock.acquire()",
    "logging._releaseLock()": "logging._lock.release()",
    # Prevents a FutureWarning on stderr.
    r'TOKEN_REPLACE = partial(TOKEN_URL_PATTERN.sub, r"\1\2\3/t/<TOKEN>/")': (
        r'TOKEN_REPLACE = staticmethod(partial(TOKEN_URL_PATTERN.sub, r"\1\2\3/t/<TOKEN>/"))'
    ),
    "PrimitiveParameter(SatSolverChoice.PYCOSAT)": "PrimitiveParameter(SatSolverChoice.PYSAT)",
}

# multiprocessing imports the main script again in its children, so it needs the guard.
CONDA_SCRIPT = """\
#!{python}
import sys

if __name__ == "__main__":
    from conda.cli import main

    sys.exit(main())
"""

#: coverage sets this variable (`patch = ["subprocess"]`). Every Python that has coverage
#: installed starts it if the variable is set.
COVERAGE = "COVERAGE_PROCESS_CONFIG"

#: Sets the deadline of heartbeats, in seconds, in bases whose package reads it from here.
DEADLINE = "AAU_TEST_DEADLINE"

# Starts coverage when a process imports the package. It takes 0.1 s, and half of a base's
# processes never do.
START_COVERAGE = """\
import sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "anaconda_anon_usage":
            sys.meta_path.remove(self)
            try:
                import coverage
                coverage.process_startup()
            except ImportError:
                pass  # a test has removed a module that coverage needs

sys.meta_path.insert(0, Finder())
"""

# Runs a script as Python does, and prints all imported modules to stderr at the end.
LIST_MODULES = """\
import atexit, runpy, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def make_installation(root: Path) -> None:
    """Create a conda installation from packages on PyPI.

    Args:
        root: the directory, which is deleted first.
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
    # Revert the renaming by the vendoring tool, or parts of conda would be imported twice.
    for module in conda.rglob("*.py"):
        text = VENDORED_NAME.sub("conda", module.read_text())
        for old, new in ADAPTATIONS.items():
            text = text.replace(old, new)
        module.write_text(text)
    _make_base_of(root)


def record_conda(conda: Path) -> None:
    """Write the record that pip would write if it installed this conda.

    Args:
        conda: the package's directory in site-packages.
    """
    version = re.search(r"__version__ = version = '(.+)'", (conda / "_version.py").read_text())[1]
    record = conda.parent / f"conda-{version}.dist-info"
    record.mkdir()
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: conda\nVersion: {version}\n")


def read_deadline(parent: Path) -> None:
    """Change a copy of the package: a variable can set the deadline of heartbeats.

    A busy machine may need more than the 5 seconds of the package, because heartbeats have a
    low priority.

    Args:
        parent: the directory that contains the copy.
    """
    path = parent / "anaconda_anon_usage" / "heartbeat" / "deadline.py"
    before, number, after = path.read_text().partition("\nDEADLINE = 5.0\n")
    assert number, path
    value = f'float(__import__("os").environ.get("{DEADLINE}", "5"))'
    path.write_text(f"{before}\nDEADLINE = {value}\n{after}")


class Base:
    """A temporary base: a prefix with only a Python and a ``conda``.

    Args:
        prefix: the directory, which is created.
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
        # Add the directories themselves, because .pth files in them would not be read.
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
        """Install a wheel without its dependencies, which the installation has."""
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "--python", self.python),
                *("install", "--quiet", "--no-deps", "--no-index", wheel),
            ],
            check=True,
        )

    def read_deadline(self) -> None:
        """Change the installed package as read_deadline() does."""
        read_deadline(self.site_packages)

    def modules(self, arguments: list[str], environ: dict[str, str]) -> set[str]:
        """Run a conda command, and return the modules that it has imported.

        Args:
            arguments: the command's arguments.
            environ: its environment variables.
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
        """Create an environment that has only this base's activation scripts.

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
        """Install the coverage of the tests' Python, and files that start it."""
        import coverage

        (self.site_packages / "coverage").symlink_to(Path(coverage.__file__).parent)
        (self.site_packages / "start_coverage.py").write_text(START_COVERAGE)
        start = f'import os; os.getenv("{COVERAGE}") and __import__("start_coverage")'
        (self.site_packages / "coverage.pth").write_text(start + "\n")


def build_wheel(source: Path, into: Path) -> Path:
    """Build the package's wheel and return its path.

    Args:
        source: the project's directory.
        into: the directory for the wheel.
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
    """Return environment variables without anything from the machine's user.

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
        **(_needed_on_windows(home) if os.name == "nt" else {}),
        **variables,
    }


def _needed_on_windows(home: Path) -> dict[str, str]:
    """Return the variables without which programs fail there."""
    names = ("COMSPEC", "OS", "PATH", "PATHEXT", "SYSTEMROOT", "TEMP")
    return {"USERPROFILE": str(home), **{name: os.environ[name] for name in names}}


def _make_base_of(prefix: Path) -> None:
    """Turn a virtual environment into a conda base."""
    (prefix / "conda-meta").mkdir()
    (prefix / "conda-meta" / "history").touch()
    conda = prefix / "bin" / "conda"
    conda.write_text(CONDA_SCRIPT.format(python=prefix / "bin" / "python"))
    conda.chmod(0o755)


if __name__ == "__main__":
    make_installation(Path(sys.argv[1]).absolute())
