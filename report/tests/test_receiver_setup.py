"""etc/set-up-receiver.sh turns a fresh Debian into a receiver with a store and a page."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from receivers import AGENT, HEARTBEAT, PROJECT, Receiver, changed, free_port, program
from reporting import report
from support import missing

#: Debian's part of what is installed; the script finds it there.
PACKAGES = ("logrotate", "nginx", "python3-venv", "systemd")
STATE = Path("var/lib/aau-report")
UNITS = Path("etc/systemd/system")
LOGS = Path("var/log/conda-anon-usage")

#: The maximum time of a command, in seconds. debootstrap unpacks 150 packages.
LONG = 600


def run(*command: object, umask: int = 0o022) -> str:
    """Run a command, which must succeed, and return its output.

    Args:
        command: the command.
        umask: its file mode creation mask.
    """
    done = subprocess.run(
        list(map(str, command)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONG,
        cwd=PROJECT,
        umask=umask,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def kill_at(path: Path, command: list[object]) -> str:
    """Kill a command and its children as soon as a symlink exists, and return its output.

    Args:
        path: the symlink.
        command: the command.
    """
    process = subprocess.Popen(
        list(map(str, command)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + LONG
    while not path.is_symlink() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    output, _ = process.communicate(timeout=LONG)
    assert process.returncode == -signal.SIGKILL, output
    return output


def mirror_of_this_machine() -> tuple[str, str] | None:
    """Return the URL and the suite from which this machine installs packages."""
    options = ["--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)"]
    for line in run(program("apt-get"), "indextargets", *options).splitlines():
        found = re.fullmatch(r"(https?://\S+) (\w+) main", line)
        if found and Path("/usr/share/debootstrap/scripts", found[2]).exists():
            return found[1], found[2]
    return None


class Machine:
    """A Debian system in a directory, in which only the commands of a test run.

    Args:
        root: the directory, which is created.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        mirror, suite = mirror_of_this_machine() or missing("a mirror of Debian")
        (root / "etc/dpkg/dpkg.cfg.d").mkdir(parents=True)
        (root / "etc/dpkg/dpkg.cfg.d/quick").write_text(
            "force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\n"
        )
        # It mounts /proc, and this namespace ends with it.
        private = [program("unshare"), "--mount", "--propagation", "private", "--"]
        options = ["--variant=minbase", f"--include={','.join(PACKAGES)}"]
        run(*private, program("debootstrap"), *options, suite, root, mirror)

    def add_project(self) -> None:
        """Copy the repository into the system, and download what pip needs to install it."""
        hidden = shutil.ignore_patterns(".*", "build", "dist", "__pycache__")
        shutil.copytree(PROJECT, self.root / "clone", ignore=hidden)
        wheels = self.root / "wheels"
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        local = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels]
        run(*pip, *local, PROJECT, PROJECT / "report")
        version = self.run("python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
        options = ["--only-binary=:all:", "--python-version", version.strip(), "--dest", wheels]
        run(*pip, "download", *options, "hatchling", *wheels.glob("*.whl"))

    def command(self, *command: object, user: str = "root:root") -> list[object]:
        """Return a command that runs another one in the system.

        Args:
            command: the other command.
            user: the user and the group.
        """
        variables = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"]
        variables += ["PIP_NO_INDEX=1", "PIP_FIND_LINKS=/wheels"]
        change = [program("chroot"), f"--userspec={user}", self.root]
        return [*change, "/usr/bin/env", "--ignore-environment", *variables, *command]

    def run(self, *command: object, user: str = "root:root", umask: int = 0o022) -> str:
        """Run a command in the system, which must succeed, and return its output.

        Args:
            command: the command.
            user: the user and the group.
            umask: the file mode creation mask.
        """
        return run(*self.command(*command, user=user), umask=umask)

    def mode(self, path: Path) -> str:
        """Return the mode, user and group of a file."""
        return self.run("stat", "--format=%A %U %G", f"/{path}").strip()


@pytest.fixture
def machine(tmp_path):
    """Return a system with the repository in /clone."""
    if os.geteuid():
        pytest.skip("needs root")
    root = tmp_path / "machine"
    try:
        fresh = Machine(root)
        fresh.add_project()
        yield fresh
    finally:
        shutil.rmtree(root, ignore_errors=True)


@contextlib.contextmanager
def receiving(machine: Machine, directory: Path):
    """Run the system's nginx on another port."""
    port = free_port()
    configuration = machine.root / "etc/nginx/conf.d/heartbeat.conf"
    listen = {
        "listen 80 default_server;": f"listen 127.0.0.1:{port} default_server;",
        "listen [::]:80 default_server;": "",
    }
    configuration.write_text(changed(configuration.read_text(), listen))
    directory.mkdir()
    command = machine.command("nginx", "-g", "daemon off;")
    with contextlib.closing(Receiver(directory, port, command)) as receiver:
        yield receiver


def test_a_fresh_debian_receives_heartbeats_and_shows_them(machine, tmp_path):
    script = ("sh", "/clone/etc/set-up-receiver.sh")
    # The first run is killed while it creates the virtual environment.
    output = kill_at(machine.root / "opt/aau/bin/python3", machine.command(*script))
    assert "installed anaconda-anon-usage" not in output
    output += machine.run(*script)
    assert re.findall(r": wrote (\S+)$", output, re.MULTILINE) == [
        "/etc/logrotate.d/conda-anon-usage",
        "/etc/nginx/conf.d/heartbeat.conf",
        "/etc/systemd/system/aau-report.service",
        "/etc/systemd/system/aau-report.timer",
    ]
    assert "systemd is not running" in output
    assert (machine.root / UNITS / "timers.target.wants/aau-report.timer").is_symlink()
    assert not (machine.root / "etc/nginx/sites-enabled/default").is_symlink()
    assert machine.mode(LOGS) == "drwxr-x--- root www-data"

    with receiving(machine, tmp_path / "n") as server:
        again = machine.run(*script)
        assert re.findall(r": (wrote|removed|added|kept) (\S+)", again) == [
            ("kept", "/etc/nginx/conf.d/heartbeat.conf,")
        ]
        for client in range(8):
            if client == 4:
                machine.run("logrotate", "--force", "/etc/logrotate.d/conda-anon-usage")
            agent = AGENT.format(client=f"c{client}", session="s", environment=f"e{client % 3}")
            assert server.request("HEAD", HEARTBEAT, f"User-Agent: {agent}")[0] == 204
        url = f"http://127.0.0.1:{server.port}"
        sent = machine.run("/opt/aau/bin/anaconda-anon-usage", "heartbeat", "--channel", url)
        assert "sent:        status 204" in sent

    text = (machine.root / UNITS / "aau-report.service").read_text()
    values = dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))
    user = f"{values['User']}:{values['Group']}"
    # systemd creates this before it starts the service.
    options = [f"--mode={values['StateDirectoryMode']}", f"--owner={values['User']}"]
    machine.run("install", "--directory", *options, f"--group={values['Group']}", f"/{STATE}")
    for line in re.findall("^ExecStart=(.*)$", text, re.MULTILINE):
        machine.run(*shlex.split(line), user=user, umask=int(values["UMask"], 8))

    totals = report(machine.root / STATE / "store")["totals"]
    assert (totals["lines_read"], totals["lines_skipped"]) == (9, 0)
    assert (totals["heartbeats"], totals["heartbeat_clients"]) == (9, 9)
    assert machine.mode(STATE) == "drwxr-x--- aau-report www-data"
    assert machine.mode(STATE / "store") == "drwx------ aau-report www-data"
    assert machine.mode(STATE / "usage.html") == "-rw-r----- aau-report www-data"
    page = machine.run("cat", f"/{STATE}/usage.html", user="www-data:www-data")
    report(machine.root / STATE / "store", "--html", tmp_path / "usage.html", minimum=5)
    assert page == (tmp_path / "usage.html").read_text()

    # Beside a server that was there before, nothing of nginx changes.
    configuration = machine.root / "etc/nginx/conf.d"
    (configuration / "heartbeat.conf").rename(configuration / "site.conf")
    (machine.root / "etc/nginx/sites-enabled/default").symlink_to("../sites-available/default")
    (machine.root / "etc/nginx/sites-available/default").write_text(
        "server { listen 80 default_server; }"
    )
    before = sorted(configuration.parent.rglob("*"))
    refused = subprocess.run(
        list(map(str, machine.command(*script))),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONG,
    )
    assert refused.returncode == 1, refused.stdout
    assert "nginx does not accept heartbeat.conf beside its other" in refused.stdout
    assert before == sorted(configuration.parent.rglob("*"))
    machine.run("nginx", "-t", "-q")
