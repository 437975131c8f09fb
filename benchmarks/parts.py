"""The real parts of the measurements: conda bases, environments, servers."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "tests"))

from conda_root import Base, build_wheel, clean_environ  # noqa: E402

#: Excludes the current directory and the user's settings from Python.
ISOLATED = "-I"

# A typical configuration.
CONDARC = "channels:\n  - conda-forge\n  - defaults\nauto_activate_base: false\n"


class Parts:
    """Shared parts of all benchmarks, which are created once.

    Args:
        place: a directory for all files.
        installation: the conda installation that all bases use.
    """

    def __init__(self, place: Path, installation: Path):
        self.place = place
        self.installation = installation
        self.wheel = build_wheel(PROJECT, place)
        self.base = self.make_base("base", with_package=True)
        self.plain_base = self.make_base("plain", with_package=False)
        self.environment = self.base.make_environment(place / "envs" / "activated")
        self.empty_environment = place / "envs" / "empty"
        (self.empty_environment / "conda-meta").mkdir(parents=True)
        (self.empty_environment / "conda-meta" / "history").touch()

    def make_base(self, name: str, with_package: bool) -> Base:
        """Return a new base, with or without this package."""
        base = Base(self.place / name, self.installation)
        if with_package:
            base.install(self.wheel)
        return base

    def python_without_conda(self) -> Path:
        """Return a Python with this package and its dependencies, but without conda."""
        base = self.make_base("without-conda", with_package=True)
        sources = sorted(self.installation.glob("lib/python3*/site-packages"))
        packages = self.links(
            "packages-without-conda",
            [path for source in sources for path in source.iterdir() if path.name != "conda"],
        )
        (base.site_packages / "conda.pth").write_text(f"{packages}\n")
        return base.python

    def add_anaconda_auth(self, base: Base) -> str:
        """Make anaconda-auth available in a base, and return its version.

        If the tests' environment has the same Python, its anaconda-auth is used. Otherwise,
        anaconda-auth is installed for this run.
        """
        directory = self.place / "anaconda-auth"
        if not directory.exists():
            [own] = Path(sys.prefix).glob("lib/python3*/site-packages")
            same = own.parent.name == base.site_packages.parent.name
            if same and list(own.glob("anaconda_auth-*.dist-info")):
                # Exclude this package and the packages that conda already has.
                taken = {path.name for path in _packages_of(self.installation)}
                self.links(
                    directory.name,
                    [
                        path
                        for path in own.iterdir()
                        if path.name not in taken
                        and "anaconda_anon_usage" not in path.name
                        and path.suffix != ".pth"
                    ],
                )
            else:
                pip = [sys.executable, "-m", "pip", "--python", base.python, "install"]
                subprocess.run(
                    [*pip, "--quiet", "--target", directory, "anaconda-auth"], check=True
                )
        (base.site_packages / "anaconda-auth.pth").write_text(f"{directory}\n")
        [record] = directory.glob("anaconda_auth-*.dist-info")
        return record.name.split("-")[1].removesuffix(".dist")

    def links(self, name: str, targets: list[Path]) -> Path:
        """Return a new directory of symlinks to files."""
        directory = self.place / name
        directory.mkdir()
        for target in targets:
            (directory / target.name).symlink_to(target.resolve())
        return directory

    def environ(self, name: str, heartbeat: str | None, **variables: str) -> dict[str, str]:
        """Return the environment variables of an activation script.

        Args:
            name: the name of the home directory, which is created on first use.
            heartbeat: the value of ``anaconda_heartbeat`` in the configuration, if any.
            variables: further variables.
        """
        home = self.place / "homes" / name
        home.mkdir(parents=True, exist_ok=True)
        setting = "" if heartbeat is None else f"anaconda_heartbeat: {heartbeat}\n"
        (home / ".condarc").write_text(CONDARC + setting)
        environ = clean_environ(home)
        # Use conda's default solver, as users do. For the User-Agent, it loads plugins.
        del environ["CONDA_SOLVER"]
        return {
            **environ,
            "CONDA_PREFIX": str(self.environment),
            "CONDA_SHLVL": "1",
            "CONDA_EXE": str(self.base.conda),
            "CONDA_PYTHON_EXE": str(self.base.python),
            "PATH": f"{self.environment}/bin:{environ['PATH']}",
            **variables,
        }

    def stub(self, extension: str = ".sh") -> Path:
        """Return the activation script for a file extension."""
        return self.environment / f"etc/conda/activate.d/anaconda-anon-usage{extension}"


def _packages_of(installation: Path) -> list[Path]:
    return [
        path
        for directory in installation.glob("lib/python3*/site-packages")
        for path in directory.iterdir()
    ]


class Server(ThreadingHTTPServer):
    """Accepts requests, and records their paths and times.

    Args:
        answers: False to accept requests without ever responding.
        delay: the seconds before a response.
        handshake_delay: the seconds before TLS begins.
        tls: a certificate with its key, or None for plain HTTP.
        hangs_up: whether to read a request and then close the connection.
        files: a directory of files to serve.
    """

    daemon_threads = True
    request_queue_size = 1024

    def __init__(
        self,
        answers: bool = True,
        delay: float = 0,
        handshake_delay: float = 0,
        tls: ssl.SSLContext | None = None,
        hangs_up: bool = False,
        files: Path | None = None,
    ):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.delay = delay
        self.handshake_delay = handshake_delay
        self.tls = tls
        self.hangs_up = hangs_up
        self.files = files
        self.paths: list[str] = []
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """Print nothing, because the benchmarks include clients that give up."""


class _Handler(BaseHTTPRequestHandler):
    def setup(self):
        if self.server.tls:
            time.sleep(self.server.handshake_delay)
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def do_HEAD(self):
        self.server.paths.append(self.path)
        if self.server.hangs_up:
            self.close_connection = True
            return
        if not self.server.answers:
            time.sleep(30)
            return
        time.sleep(self.server.delay)
        self.send_response(404)
        self.end_headers()

    def do_GET(self):
        path = self.server.files and self.server.files / self.path.lstrip("/")
        content = path.read_bytes() if path and path.is_file() else None
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *args):
        pass


class Authority:
    """Certificates for 127.0.0.1, and a bundle that also trusts all usual authorities.

    Args:
        bundle: the path of the new bundle, which is as large as certifi's.
    """

    def __init__(self, bundle: Path):
        import certifi
        import trustme

        authority = trustme.CA()
        bundle.write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
        self.bundle = bundle
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(self.context)


def closed_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def versions(parts: Parts) -> dict[str, str]:
    """Return the versions of the measured programs."""
    code = (
        "import platform, conda, requests, anaconda_anon_usage as package;"
        "print(platform.python_version(), conda.__version__, requests.__version__,"
        " package.__version__)"
    )
    done = subprocess.run(
        [parts.base.python, ISOLATED, "-c", code],
        env=clean_environ(parts.place),
        check=True,
        capture_output=True,
        text=True,
    )
    python, conda, requests, package = done.stdout.split()
    commit = subprocess.run(
        ["git", "-C", PROJECT, "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
    ).stdout.strip()
    return {
        "anaconda-anon-usage": f"{package} ({commit or 'no commit'})",
        "conda": conda,
        "Python": python,
        "requests": requests,
    }


def machine() -> dict[str, str]:
    """Return a description of this machine, without its name."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    system = os.uname()
    return {
        "processor": f"{model}, {os.cpu_count()} cores",
        "kernel": f"{system.sysname} {system.release} {system.machine}",
        "/bin/sh": os.path.basename(os.path.realpath("/bin/sh")),
    }
