"""The wheel and the sdist, and their installation by pip."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile

import pytest
from conda_root import read_deadline
from installed import (
    PACKAGE,
    PROJECT,
    TOKEN_FILES,
    check,
    files_below,
    files_in,
    record,
    scripts_in,
)
from support import tool

from anaconda_anon_usage import __version__

PIP = ("pip", "--disable-pip-version-check")


@pytest.fixture
def virtual_environment(tmp_path):
    """A virtual environment that has the package's dependencies."""
    prefix = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", prefix], check=True)
    site_packages = next(prefix.glob("lib/python3*/site-packages"))
    paths = [path for path in sys.path if path.endswith("site-packages")]
    (site_packages / "libraries.pth").write_text("\n".join(paths) + "\n")
    return prefix


def pip_install(prefix, wheel, environ) -> None:
    """Install a wheel with a pip outside the environment, isolated from other packages."""
    check(
        [
            *(sys.executable, "-m", *PIP, "--python", prefix / "bin" / "python", "install"),
            *("--no-deps", "--no-index", "--ignore-installed", wheel),
        ],
        environ,
    )


def test_twine_accepts_the_wheel_and_the_sdist(dist, environ):
    """Without warnings."""
    shown = check(
        [sys.executable, "-m", "twine", "check", "--strict", dist.sdist, dist.wheel],
        environ,
    )
    assert re.findall("PASSED|FAILED|WARNING", shown) == ["PASSED", "PASSED"]


def test_the_sdist_has_the_files_of_the_repository(dist):
    """Except for files that concern only the repository, the report, and ignored files."""
    if not (PROJECT / ".git").exists():
        pytest.skip("the source tree is not a repository")

    def listed(*options) -> list[str]:
        command = [tool("git"), "ls-files", "--exclude-standard", *options]
        return check(command, {"PATH": "/usr/bin:/bin"}, cwd=PROJECT).splitlines()

    with tarfile.open(dist.sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    tracked = {name for name in listed("--cached") if (PROJECT / name).exists()}
    assert all(name.startswith((".ci/", ".github/", "report/")) for name in tracked - held)
    ignored = tuple(listed("--others", "--ignored", "--directory"))
    assert [name for name in held if name.startswith(ignored)] == []


def test_the_wheel_and_the_conda_package_have_the_same_files(dist, conda, tmp_path):
    """The modules, the scripts and the launchers are identical."""
    conda("create", tmp_path / "env", f"{PACKAGE}={__version__}")
    of_conda = {
        re.sub(r"^lib/python3\.\d+/site-packages/", "", name): (
            tmp_path / "env" / name
        ).read_bytes()
        for name in record(tmp_path / "env")["files"]
        if not name.endswith(".pyc") and ".dist-info/" not in name and not name.startswith("bin/")
    }
    with zipfile.ZipFile(dist.wheel) as archive:
        archive.extractall(tmp_path / "wheel")
    read_deadline(tmp_path / "wheel")  # as in the conda package for the tests
    of_wheel = {
        re.sub(r"^[^/]+\.data/data/", "", name): content
        for name, content in files_below(tmp_path / "wheel").items()
        if ".dist-info/" not in name
    }
    assert of_wheel == of_conda


def test_every_script_in_the_source_is_installed(dist, conda, tmp_path):
    """pyproject.toml has the only list, which names directories."""
    conda("create", tmp_path / "env", f"{PACKAGE}={__version__}")
    with tarfile.open(dist.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    folders = {"activate.d": "etc/conda/activate.d", "deactivate.d": "etc/conda/deactivate.d"}
    wanted = {
        f"{folders.get(folder, folder)}/{name}"
        for folder, _, name in (path.rpartition("/") for path in names)
        if folder in (*folders, "etc/conda/anon-usage") and name
    }
    assert wanted == scripts_in(tmp_path / "env").keys()


def test_the_version_has_one_source(dist, source, channel, conda, environ, tmp_path):
    """The module, the token, the program, the wheel, the sdist and the conda package agree."""
    conda("create", tmp_path / "env", f"{PACKAGE}={__version__}")
    python = tmp_path / "env" / "bin" / "python"
    tokens = check([python, "-Im", "anaconda_anon_usage.tokens"], environ)
    metadata = (
        "from importlib.metadata import version; import anaconda_anon_usage as package;"
        f"print(version('{PACKAGE}'), package.__version__)"
    )
    init = (source / "anaconda_anon_usage" / "__init__.py").read_text()
    versions = {
        "source": re.search('^__version__ = "(.*)"$', init, re.MULTILINE)[1],
        "metadata": check([python, "-Ic", metadata], environ),
        "--version": check([tmp_path / "env" / "bin" / PACKAGE, "--version"], environ),
        "aau/": re.match(r"aau/(\S+)", tokens)[1],
        "wheel": dist.wheel.name.split("-")[1],
        "sdist": re.fullmatch(r"anaconda_anon_usage-(.*)\.tar\.gz", dist.sdist.name)[1],
        "conda package": record(tmp_path / "env")["version"],
    }
    assert versions == {
        "source": __version__,
        "metadata": f"{__version__} {__version__}\n",
        "--version": f"{PACKAGE} {__version__}\n",
        "aau/": __version__,
        "wheel": __version__,
        "sdist": __version__,
        "conda package": __version__,
    }


def test_pip_installs_the_package_in_a_conda_environment_as_conda_does(
    dist, conda, environ, activate, heartbeat, tmp_path
):
    """The paths are the same, a heartbeat is sent, and uninstalling removes everything."""
    prefix, by_conda = tmp_path / "env", tmp_path / "by-conda"
    conda("create", by_conda, "pip", f"{PACKAGE}={__version__}")
    conda("create", prefix, "pip", "requests", "ruamel.yaml")
    before = files_in(prefix)
    pip = [prefix / "bin" / "python", "-Im", *PIP]
    check([*pip, "install", "--no-index", dist.wheel], environ)
    assert scripts_in(prefix) == scripts_in(by_conda)
    assert files_in(prefix) == files_in(by_conda)
    activate(prefix)
    assert f" aau/{__version__} " in heartbeat()
    check([*pip, "uninstall", "--yes", PACKAGE], environ)
    assert files_in(prefix) - before == TOKEN_FILES
    activate(prefix)


def test_everything_except_activation_works_in_a_virtual_environment(
    dist, virtual_environment, environ, receiver, tmp_path
):
    """The tokens, the status, and a heartbeat that is sent manually."""
    before = files_in(virtual_environment)
    pip_install(virtual_environment, dist.wheel, environ)
    python = virtual_environment / "bin" / "python"
    program = virtual_environment / "bin" / PACKAGE
    assert check([program, "--version"], environ) == f"{PACKAGE} {__version__}\n"
    assert re.match(rf"aau/{__version__} c/\S+ s/\S+", check([program, "tokens"], environ))
    assert "User-Agent: " in check([python, "-Im", "anaconda_anon_usage"], environ)
    sent = check([python, "-Im", "anaconda_anon_usage.heartbeat"], environ)
    assert "status 404" in sent
    [(request, _)] = receiver.log
    assert f" aau/{__version__} " in request.headers["User-Agent"]
    check(
        [*(sys.executable, "-m", *PIP, "--python", python), "uninstall", "--yes", PACKAGE], environ
    )
    assert files_in(virtual_environment) - before <= TOKEN_FILES
