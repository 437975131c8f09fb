"""A demonstration: a real environment is activated, and a real HEAD request is received.

Run it with ``make demo``. It uses a temporary directory and 127.0.0.1.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

from conda_root import Base, build_wheel, clean_environ
from servers import NOT_FOUND, Server
from support import wait_until

PROJECT = Path(__file__).parents[1]

MEANING = {
    "aau": "version of anaconda-anon-usage",
    "c": "client: random, one per user and machine    (~/.conda/aau_token)",
    "s": "session: random, one per process            (kept in memory)",
    "e": "environment: random, one per environment    (<prefix>/etc/aau_token)",
    "a": "Anaconda account you are logged in to",
    "i": "installer                                   (installer_token)",
    "o": "organization, set by its administrator      (org_token)",
    "m": "machine, set by its administrator           (machine_token)",
}

# Activates as conda's own shell function does, and measures the time.
ACTIVATE = """
elapsed() {{ local now=${{EPOCHREALTIME/./}}; echo $(( now - {start} )); }}
code=$({conda} shell.posix activate {environment})
{start}=${{EPOCHREALTIME/./}}
eval "$code"
elapsed
"""


def activation_time(base: Base, environment: Path, environ: dict[str, str]) -> float:
    """Activate an environment in a real bash, and return the duration in ms.

    Only the shell's own work counts. ``conda activate`` itself takes a hundred times longer, with
    or without this package.
    """
    script = ACTIVATE.format(conda=base.conda, environment=environment, start="start")
    done = subprocess.run(
        ["bash", "-c", script], env=environ, check=True, capture_output=True, text=True
    )
    *noise, microseconds = done.stdout.splitlines()
    if noise or done.stderr:
        raise SystemExit(f"the activation printed something: {done.stdout}{done.stderr}")
    return int(microseconds) / 1000


def main() -> int:
    """Run the demonstration and return the exit status, which is 0 if the request was received."""
    with (
        tempfile.TemporaryDirectory() as directory,
        contextlib.closing(Server(NOT_FOUND)) as receiver,
    ):
        return demonstrate(Path(directory), receiver)


def demonstrate(directory: Path, receiver: Server) -> int:
    """Create a base and two environments, activate both, and show the request.

    Args:
        directory: the directory for all files.
        receiver: the server for heartbeats.
    """
    home = directory / "home"
    home.mkdir()
    environ = clean_environ(home)
    print("creating a conda base with anaconda-anon-usage, and two environments …")
    base = Base(directory / "base", PROJECT / ".conda-root")
    base.install(build_wheel(PROJECT, directory))
    environment, plain = directory / "envs" / "demo", directory / "envs" / "plain"
    base.make_environment(environment)
    (plain / "conda-meta").mkdir(parents=True)
    (plain / "conda-meta" / "history").touch()
    (home / ".condarc").write_text(
        f"anaconda_heartbeat: {receiver.url}/main/noarch/activate-0.0.0-0.conda\n"
    )
    print(f"~/.condarc: {(home / '.condarc').read_text()}")

    without = min(activation_time(base, plain, environ) for _ in range(3))
    print(f"$ conda activate {environment}")
    with_script = activation_time(base, environment, environ)
    if not wait_until(lambda: receiver.heads):
        print("no request was received")
        return 1
    [head] = receiver.heads
    request = head.replace("\r\n", "\n").strip()
    print(f"\none request was received:\n\n{request}\n")
    for token in request.partition("User-Agent: ")[2].partition("\n")[0].split():
        letter, _, value = token.partition("/")
        if letter in MEANING:
            print(f"  {letter + '/' + value:26} {MEANING[letter]}")
    print(
        f"\nactivation was delayed by {max(0.0, with_script - without):.1f} ms"
        f" ({with_script:.1f} ms in the shell, {without:.1f} ms without the script)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
