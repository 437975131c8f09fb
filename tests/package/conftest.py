"""Fixtures for the sdist, the wheel and the conda packages, which are built offline."""

from __future__ import annotations

import re
import shutil
import sys
import tarfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from conda_root import Base, clean_environ, read_deadline
from installed import ACTIVATE, NEXT, PACKAGE, PROJECT, check
from support import tool, wait_until

HERE = Path(__file__).parent

#: Dependencies, which remain after the package is removed.
REQUIREMENTS = ("python", "requests", "ruamel.yaml")


def pytest_collection_modifyitems(items):
    """Run these tests in one process, because the packages take long to build."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("package"))


@pytest.fixture(scope="session")
def session_environ(tmp_path_factory):
    """Environment variables of processes that work for the whole session."""
    return clean_environ(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def dist(tmp_path_factory, session_environ) -> SimpleNamespace:
    """The sdist, and the wheel that is built from it."""
    directory = tmp_path_factory.mktemp("dist")
    check(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", directory, PROJECT],
        session_environ,
    )
    [sdist], [wheel] = directory.glob("*.tar.gz"), directory.glob("*.whl")
    return SimpleNamespace(sdist=sdist, wheel=wheel)


@pytest.fixture(scope="session")
def source(dist, tmp_path_factory) -> Path:
    """The source tree from the sdist, whose heartbeats have more time."""
    directory = tmp_path_factory.mktemp("source")
    with tarfile.open(dist.sdist) as archive:
        archive.extractall(directory, **({"filter": "data"} if sys.version_info >= (3, 12) else {}))
    [tree] = directory.iterdir()
    read_deadline(tree)
    return tree


@pytest.fixture(scope="session")
def next_source(source, tmp_path_factory) -> Path:
    """A later version, in which one script is missing, one is new, and the others differ."""
    tree = shutil.copytree(source, tmp_path_factory.mktemp("next") / "source")
    init = tree / "anaconda_anon_usage" / "__init__.py"
    init.write_text(re.sub('__version__ = ".*"', f'__version__ = "{NEXT}"', init.read_text()))
    (tree / "PKG-INFO").unlink()  # hatchling would take the version from it
    launchers = tree / "etc" / "conda" / "anon-usage"
    for script in (launchers / "heartbeat.sh", *tree.glob("*activate.d/*.sh")):
        script.write_text(f"# {NEXT}\n{script.read_text()}")
    (launchers / "heartbeat.bat").rename(launchers / "heartbeat.cmd")
    recipe = tree / "recipe" / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("heartbeat.{bat,sh}", "heartbeat.{cmd,sh}"))
    return tree


@pytest.fixture(scope="session")
def channel(
    conda_root, source, next_source, tmp_path_factory, session_environ, make_httpserver_ipv4
):
    """A local channel with both versions of the package and substitutes for its dependencies.

    The heartbeat is on, because a build activates environments.
    """
    channel = tmp_path_factory.mktemp("channel") / "channel"
    local_channel = [sys.executable, "-I", HERE / "local_channel.py", channel]
    check([*local_channel, "--conda-root", conda_root], session_environ)
    server = make_httpserver_ipv4
    environ = {**session_environ, "CONDA_ANACONDA_HEARTBEAT": server.url_for("/")}
    logs = []
    for tree in (source, next_source):
        out = tmp_path_factory.mktemp("out")
        build = [sys.executable, "-I", tree / "recipe" / "build.py", out, channel.as_uri()]
        logs.append(check(build, environ))
        [package] = out.glob("noarch/*.conda")
        check([*local_channel, "--add", package], session_environ)
    return SimpleNamespace(url=channel.as_uri(), logs=logs, heartbeats=server.log)


@pytest.fixture
def receiver(httpserver, home):
    """A server that receives the heartbeats of this test's user."""
    httpserver.expect_request(re.compile(".*"), method="HEAD").respond_with_data(status=404)
    (home / ".condarc").write_text(f"anaconda_heartbeat: {httpserver.url_for('/beat')}\n")
    return httpserver


@pytest.fixture(scope="session")
def plain_base(conda_root, tmp_path_factory) -> Base:
    """A base without the package, to test the package in an environment."""
    return Base(tmp_path_factory.mktemp("plain") / "base", conda_root)


@pytest.fixture(scope="session")
def base_with_package(conda_root, dist, tmp_path_factory) -> Base:
    """A base with the package, which can install scripts in environments."""
    base = Base(tmp_path_factory.mktemp("base") / "base", conda_root)
    base.install(dist.wheel)
    return base


@pytest.fixture
def conda(environ, plain_base, channel, tmp_path):
    """A function that runs conda on an environment, with only the local channel."""

    def run(command: str, prefix: Path, *arguments, base: Base = plain_base) -> str:
        options = ["--yes", "--offline", "--prefix", prefix]
        if command != "remove":
            options += ["--override-channels", "--channel", channel.url]
        own = {"CONDA_PKGS_DIRS": str(tmp_path / "packages"), "CONDA_ALWAYS_COPY": "1"}
        output = check([base.conda, command, *options, *arguments], {**environ, **own})
        assert "warning" not in output.lower()
        assert "error" not in output.lower()
        return output

    return run


@pytest.fixture
def rattler(environ, channel):
    """A function that makes an environment match specifications, with py-rattler."""

    def run(prefix: Path, *specifications) -> str:
        program = [sys.executable, "-I", HERE / "rattler_install.py"]
        output = check([*program, channel.url, prefix, *specifications], environ)
        assert output == ""
        return output

    return run


@pytest.fixture(params=["conda", "rattler"])
def installer(request, conda, rattler):
    """Two installers, with functions that create and change an environment."""
    if request.param == "conda":
        return SimpleNamespace(
            create=lambda prefix: conda("create", prefix, *REQUIREMENTS),
            install=lambda prefix, wanted: conda("install", prefix, wanted),
            remove=lambda prefix: conda("remove", prefix, PACKAGE),
        )
    return SimpleNamespace(
        create=lambda prefix: rattler(prefix, *REQUIREMENTS),
        install=lambda prefix, wanted: rattler(prefix, *REQUIREMENTS, wanted),
        remove=lambda prefix: rattler(prefix, *REQUIREMENTS),
    )


@pytest.fixture
def environment(installer, tmp_path):
    """An environment without the package, and its files."""
    prefix = tmp_path / "envs" / "ènv"
    installer.create(prefix)
    return prefix


@pytest.fixture
def activate(environ, plain_base, tmp_path):
    """A function that activates an environment in a real shell, and expects no output."""

    def run(prefix: Path, shell: str = "bash", base: Base = plain_base) -> None:
        options = ACTIVATE[shell]
        output = check([tool(shell), *options, shell, base.conda, prefix], environ, cwd=tmp_path)
        assert output == ""

    return run


@pytest.fixture
def heartbeat(receiver):
    """A function that waits for exactly one further heartbeat and returns its User-Agent."""

    def next_one() -> str:
        wait_until(lambda: receiver.log)
        [(request, _)] = receiver.log
        receiver.clear_log()
        return request.headers["User-Agent"]

    return next_one
