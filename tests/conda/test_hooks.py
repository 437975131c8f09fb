"""One installation in base covers every environment, where an administrator opted in."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess

import pytest
from channel import NAME, make_channel
from conda_root import Base
from support import tool, wait_until

SCRIPT = "etc/conda/activate.d/anaconda-anon-usage.sh"
LAUNCHER = "etc/conda/anon-usage/heartbeat.sh"


@pytest.fixture(scope="module")
def base(make_base, tmp_path_factory) -> Base:
    """A base of this module's own: its environments are counted here."""
    return make_base(tmp_path_factory.mktemp("hooks") / "base")


@pytest.fixture
def prefix(base, tmp_path):
    """An environment without activation scripts."""
    prefix = tmp_path / "env"
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "history").touch()
    return prefix


@pytest.fixture
def hooks(base, environ):
    """Run the command; return its exit status and what it printed as JSON."""

    def run(*arguments, **variables):
        done = subprocess.run(
            [base.python, "-I", "-m", "anaconda_anon_usage", "hooks", "--json", *arguments],
            env={**environ, **variables},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stderr == ""
        states = [(found["state"], found["reason"]) for found in json.loads(done.stdout)]
        return done.returncode, states

    return run


def files(prefix) -> dict[str, bytes]:
    """Return what lies in an environment's etc/conda, but for the manifest."""
    found = {
        str(path.relative_to(prefix)): path.read_bytes()
        for path in sorted((prefix / "etc" / "conda").rglob("*"))
        if path.is_file() and path.name != "hooks.json"
    }
    return found


def test_install_copies_bases_scripts_byte_for_byte(hooks, base, prefix):
    """All of them, and a second time nothing changes."""
    assert hooks("--install", "-p", prefix) == (0, [("current", None)])
    assert files(prefix) == files(base.prefix)
    before = {path: path.stat().st_mtime_ns for path in prefix.rglob("*") if path.is_file()}
    assert hooks("--install", "-p", prefix) == (0, [("current", None)])
    after = {path: path.stat().st_mtime_ns for path in prefix.rglob("*") if path.is_file()}
    assert before == after


def test_remove_leaves_nothing(hooks, prefix):
    """Neither files nor empty directories of ours."""
    hooks("--install", "-p", prefix)
    assert hooks("--remove", "-p", prefix) == (0, [("missing", None)])
    assert files(prefix) == {}
    assert not (prefix / "etc" / "conda" / "anon-usage").exists()


def test_status_changes_nothing(hooks, prefix):
    """It is the default."""
    assert hooks("-p", prefix) == (0, [("missing", None)])
    assert not (prefix / "etc").exists()


def test_scripts_of_another_version_are_brought_up_to_date(hooks, base, prefix):
    """Also those that this version no longer has, and only those that we wrote."""
    hooks("--install", "-p", prefix)
    older = b"# an older version\n"
    (prefix / SCRIPT).write_bytes(older)
    gone = prefix / "etc/conda/activate.d/anaconda-anon-usage.gone"
    gone.write_bytes(older)
    manifest = prefix / "etc/conda/anon-usage/hooks.json"
    written = json.loads(manifest.read_text())
    written["files"].append(str(gone.relative_to(prefix)))
    written["sha256"].append(hashlib.sha256(older).hexdigest())
    manifest.write_text(json.dumps(written))
    assert hooks("-p", prefix) == (0, [("outdated", None)])
    assert hooks("--install", "-p", prefix) == (0, [("current", None)])
    assert files(prefix) == files(base.prefix)


#: Installs scripts into one environment after the other, killed before the first system
#: call, the second, and so on; then once more, an hour later. Says what went wrong.
KILL = """
import itertools, os, signal, sys, time
from pathlib import Path
from anaconda_anon_usage import activation_scripts as hooks

NAMES = ("open", "write", "fchmod", "fsync", "replace", "makedirs", "unlink")

def killed_before(number, prefix):
    calls = itertools.count(1)

    def deadly(function):
        def call(*arguments, **options):
            if next(calls) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        return call

    if os.fork() == 0:
        for name in NAMES:
            setattr(os, name, deadly(getattr(os, name)))
        hooks.install(str(prefix))
        os._exit(0)
    return os.wait()[1] == signal.SIGKILL

for number in itertools.count(1):
    prefix = Path(sys.argv[1], str(number))
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "history").touch()
    was_killed = killed_before(number, prefix)
    for stray in prefix.rglob("*.tmp"):
        os.utime(stray, (time.time() - 3600, time.time() - 3600))
    state = hooks.install(str(prefix)).state
    if state != "current" or list(prefix.rglob("*.tmp")):
        print(number, state, *prefix.rglob("*.tmp"))
    if not was_killed:
        print("came through before call", number > 50)
        break
"""


def test_killed_at_any_moment_it_leaves_nothing_for_ever(base, environ, tmp_path):
    """What is half done is finished by the next one, which also takes temporary files away."""
    done = subprocess.run(
        [base.python, "-Ic", KILL, tmp_path / "envs"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (0, "", "came through before call True\n") == (done.returncode, done.stderr, done.stdout)


@pytest.mark.parametrize("option", ["--install", "--remove"])
def test_somebody_elses_file_is_not_touched(hooks, prefix, option):
    """Whatever its name is."""
    script = prefix / SCRIPT
    script.parent.mkdir(parents=True)
    script.write_text("echo mine\n")
    status, [(state, reason)] = hooks(option, "-p", prefix)
    assert script.read_text() == "echo mine\n"
    assert (prefix / LAUNCHER).exists() is False
    if option == "--install":
        assert (status, state, reason) == (1, "blocked", f"{SCRIPT} is somebody else's")


def test_a_manifest_can_not_name_other_places(hooks, prefix, tmp_path):
    """One that somebody else wrote makes us remove nothing of theirs."""
    hooks("--install", "-p", prefix)
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    manifest = prefix / "etc/conda/anon-usage/hooks.json"
    written = json.loads(manifest.read_text())
    written["files"] += ["../precious", str(precious), "etc/conda/activate.d/../../../../precious"]
    written["sha256"].append(hashlib.sha256(b"precious").hexdigest())
    manifest.write_text(json.dumps(written))
    hooks("--remove", "-p", prefix)
    assert precious.read_bytes() == b"precious"


def test_an_environment_with_the_package_keeps_the_packages_scripts(hooks, prefix):
    """Its own record says that it brings them."""
    (prefix / "conda-meta" / "anaconda-anon-usage-9.9-0.json").write_text("{}")
    for option in ("--install", "--remove", "--status"):
        assert hooks(option, "-p", prefix) == (
            0,
            [("package", "the package is installed there")],
        )
    assert not (prefix / "etc").exists()


def test_a_half_created_environment_is_skipped_with_a_reason(hooks, prefix):
    """conda writes the history last."""
    (prefix / "conda-meta" / "history").unlink()
    assert hooks("--install", "-p", prefix) == (1, [("blocked", "it is not an environment")])


def test_an_environment_that_can_not_be_written_is_skipped_with_a_reason(hooks, prefix):
    """Whatever stands in the way."""
    (prefix / "etc").write_text("a file\n")
    status, [(state, reason)] = hooks("--install", "-p", prefix)
    assert (status, state, reason) == (1, "blocked", "Not a directory")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave files in anybody's home")
def test_roots_files_do_not_land_in_another_users_environment(hooks, prefix):
    """``sudo conda`` keeps the user's home on many systems."""
    os.chown(prefix / "conda-meta", 65534, 65534)
    assert hooks("--install", "-p", prefix) == (1, [("blocked", "it belongs to another user")])
    assert not (prefix / "etc").exists()


def test_every_environment_that_conda_knows(hooks, base, home, prefix, tmp_path):
    """environments.txt, and the directories for environments."""
    named = tmp_path / "envs" / "named"
    shutil.copytree(prefix, named)
    (home / ".conda").mkdir()
    (home / ".conda" / "environments.txt").write_text(f"{prefix}\n/nowhere\n\n")
    status, states = hooks("--install", "--all", CONDA_ENVS_DIRS=str(tmp_path / "envs"))
    assert (status, [state for state, _ in states]) == (0, ["package", "current", "current"])
    assert (named / SCRIPT).exists()
    assert (prefix / SCRIPT).exists()
    _, states = hooks("--remove", "--all", CONDA_ENVS_DIRS=str(tmp_path / "envs"))
    assert [state for state, _ in states] == ["package", "missing", "missing"]
    assert (base.prefix / SCRIPT).exists()


def test_a_table_for_people(base, environ, prefix):
    """Environment, state and reason."""
    done = subprocess.run(
        [base.conda, "anon-usage", "hooks", "-p", prefix],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[0].split() == ["environment", "state", "reason"]
    assert done.stdout.splitlines()[1].split() == [str(prefix), "missing"]


@pytest.fixture
def on(home):
    """Switch the heartbeat on, towards nowhere."""
    (home / ".condarc").write_text("anaconda_heartbeat: http://127.0.0.1:9/\n")


def has(prefix) -> bool:
    """Return whether an environment has stub and launcher."""
    return (prefix / SCRIPT).exists() and (prefix / LAUNCHER).exists()


def test_conda_leaves_what_it_creates_with_scripts(conda, base, on, tmp_path):
    """create, env create with the name in a file, clone, rename; by name and by path."""
    envs = tmp_path / "envs"
    variables = {"CONDA_ENVS_DIRS": str(envs), "CONDA_OFFLINE": "1"}
    (tmp_path / "environment.yml").write_text("name: in-file\ndependencies: []\n")
    for command in (
        ["create", "--yes", "--offline", "--name", "named"],
        ["create", "--yes", "--offline", "--prefix", tmp_path / "placed"],
        ["create", "--yes", "--offline", "--name", "copy", "--clone", "named"],
        ["rename", "--name", "copy", "renamed"],
        ["env", "create", "--file", tmp_path / "environment.yml"],
    ):
        if command[0] == "env" and conda(base, "env", "--help").returncode != 0:
            continue  # a program of its own before conda 24.1, which loads no plugins
        done = conda(base, *command, **variables)
        assert (done.returncode, done.stderr) == (0, ""), command
    assert {path.name: has(path) for path in [*envs.glob("[a-z]*"), tmp_path / "placed"]} == {
        **({"in-file": True} if (envs / "in-file").exists() else {}),
        "named": True,
        "renamed": True,
        "placed": True,
    }


def test_conda_leaves_what_it_changes_with_scripts(conda, base, on, prefix, tmp_path):
    """An environment that was there before the heartbeat was switched on."""
    channel = make_channel(tmp_path / "channel")
    done = conda(
        base,
        *("install", "--yes", "--offline", "--prefix", prefix),
        *("--override-channels", "--channel", f"file://{channel}", NAME),
        CONDA_PKGS_DIRS=str(tmp_path / "packages"),
    )
    assert (done.returncode, has(prefix)) == (0, True)


def test_with_the_heartbeat_off_nothing_is_written(conda, base, home, tmp_path):
    """Nowhere but in the environment that conda was told to create."""
    prefix = tmp_path / "env"
    conda(base, "create", "--yes", "--offline", "--prefix", prefix)
    assert sorted(os.listdir(prefix)) == ["conda-meta"]


def test_three_environments_one_client(conda, base, home, httpserver, tmp_path, environ):
    """Each activated in a real shell, each with its own ``e/`` and the same ``c/``."""
    httpserver.expect_request(re.compile(".*"), method="HEAD").respond_with_data(status=404)
    (home / ".condarc").write_text(f"anaconda_heartbeat: {httpserver.url_for('/beat')}\n")
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    conda(base, "create", "--yes", "--offline", "--prefix", one)
    conda(base, "create", "--yes", "--offline", "--prefix", two, "--clone", one)
    shutil.copytree(one, three)  # packed here and unpacked there
    for prefix in (one, two, three):
        done = subprocess.run(
            [tool("bash"), "-euc", 'eval "$("$1" shell.posix activate "$2")"', "bash"]
            + [base.conda, prefix],
            env=environ,
            capture_output=True,
            timeout=60,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    wait_until(lambda: len(httpserver.log) >= 3)
    sent = [
        re.search(r" c/(\S+) s/\S+ e/(\S+)", request.headers["User-Agent"]).groups()
        for request, _ in httpserver.log
    ]
    client = (home / ".conda" / "aau_token").read_text().strip()
    expected = {(client, (p / "etc/aau_token").read_text().strip()) for p in (one, two, three)}
    assert (len(sent), set(sent), len(expected)) == (3, expected, 3)


def test_off_again_the_scripts_that_remain_start_no_python(base, prefix, hooks, environ, tmp_path):
    """The launcher looks, and ends."""
    hooks("--install", "-p", prefix)
    python = tmp_path / "root" / "bin" / "python"
    (tmp_path / "root/lib/python3.11/site-packages/anaconda_anon_usage/heartbeat").mkdir(
        parents=True
    )
    (
        tmp_path / "root/lib/python3.11/site-packages/anaconda_anon_usage/heartbeat/activated.py"
    ).touch()
    python.parent.mkdir()
    python.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    python.chmod(0o755)
    launcher = [tool("sh"), prefix / LAUNCHER]
    variables = {**environ, "CONDA_PREFIX": str(prefix), "CONDA_PYTHON_EXE": str(python)}
    subprocess.run(launcher, env=variables, timeout=60)
    assert not (tmp_path / "started").exists()
    subprocess.run(launcher, env={**variables, "CONDA_ANACONDA_HEARTBEAT": "1"}, timeout=60)
    assert (tmp_path / "started").exists()
