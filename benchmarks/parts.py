"""The real parts of the measurements: conda bases, environments, servers."""

from __future__ import annotations

import os
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
        seconds: the maximum time for a figure that is measured until it is precise.
    """

    def __init__(self, place: Path, installation: Path, seconds: float):
        self.seconds = seconds
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


class Server(ThreadingHTTPServer):
    """Accepts requests, and records their paths and times.

    Args:
        answers: False to accept requests without ever responding.
        tls: a certificate with its key, or None for plain HTTP.
        files: a directory of files to serve.
    """

    daemon_threads = True
    request_queue_size = 1024

    def __init__(
        self,
        answers: bool = True,
        tls: ssl.SSLContext | None = None,
        files: Path | None = None,
    ):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.tls = tls
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
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def do_HEAD(self):
        self.server.paths.append(self.path)
        if not self.server.answers:
            time.sleep(30)
            return
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
