"""Fixtures: a clean process environment, a real conda, a receiver for heartbeats."""

from __future__ import annotations

import os
import signal
import uuid
from pathlib import Path

import hypothesis
import pytest
from conda_root import COVERAGE, DEADLINE, Base, build_wheel, clean_environ
from servers import NOT_FOUND, Server
from support import PROJECT, TEST_SLOTS, missing

# A parent such as `nohup` may ignore interrupts. Programs that tests interrupt would inherit
# that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Slow machines are not an error. (A test that suppresses other health checks repeats this
# one.) In CI, every run uses the same examples, so only changes to the code change the outcome.
slow = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("local", **slow)
hypothesis.settings.register_profile("ci", **slow, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.hookimpl(optionalhook=True)  # make unit has no pytest-xdist
def pytest_xdist_auto_num_workers(config) -> int:
    """Return the number of workers: one more than CPUs, as tests wait for deadlines."""
    return (os.cpu_count() or 1) + 1


def pytest_addoption(parser):
    parser.addoption(
        "--conda-root",
        default=os.environ.get("AAU_TEST_CONDA"),
        help="a conda installation to test with (default: the one from `make`)",
    )


@pytest.fixture(autouse=True)
def _own_environment(request, monkeypatch, tmp_path):
    """Isolate every test from the machine's user, proxies and settings."""
    for name in list(os.environ):
        if (
            name.startswith(("CONDA_", "_CONDA", "ANACONDA_", "_ANACONDA", "XDG_", "PYTHON"))
            or name.lower().endswith("_proxy")
            or name in ("CONDARC", "DO_NOT_TRACK", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        ):
            monkeypatch.delenv(name)
    if request.node.get_closest_marker("unmeasured"):
        monkeypatch.delenv(COVERAGE, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))  # HOME of Windows
    monkeypatch.setenv(TEST_SLOTS, uuid.uuid4().hex)


@pytest.fixture
def home() -> Path:
    """The home directory of this test."""
    return Path(os.environ["HOME"])


@pytest.fixture
def environ(home) -> dict[str, str]:
    """The environment variables for processes that this test starts.

    The deadline of heartbeats is shorter than PATIENCE. Without this variable, it is the
    package's own.
    """
    return clean_environ(home, **{TEST_SLOTS: os.environ[TEST_SLOTS], DEADLINE: "20"})


@pytest.fixture
def server():
    """A function that starts a server for this test. By default, it responds with 404."""
    servers = []

    def start(behave=NOT_FOUND, **options):
        servers.append(Server(behave, **options))
        return servers[-1]

    yield start
    for each in servers:
        each.close()


@pytest.fixture(scope="session")
def conda_root(request) -> Path:
    """The conda installation that the tests use."""
    given = request.config.getoption("--conda-root")
    root = Path(given) if given else PROJECT / ".conda-root"
    if not (root / "bin" / "python").exists():
        missing(f"conda in {root} (make .conda-root)")
    return root


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """The package's wheel, built from the source."""
    return build_wheel(PROJECT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def make_base(conda_root, wheel):
    """A function that creates a base with the package installed."""

    def make(prefix: Path) -> Base:
        base = Base(prefix, conda_root)
        base.install(wheel)
        base.read_deadline()
        return base

    return make


@pytest.fixture(scope="session")
def base(make_base, tmp_path_factory) -> Base:
    """A base with the package installed. Tests must not change it."""
    return make_base(tmp_path_factory.mktemp("base") / "base")


@pytest.fixture
def own_base(make_base, tmp_path) -> Base:
    """A base with the package installed that the test may change."""
    return make_base(tmp_path / "base")
