"""Machines that lack what every program takes for granted: the activation goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conda_root import Base
from processes import PACKAGE_PARENT, TOKEN_STRING, make_environment, run
from servers import letters, user_agent
from support import missing, tool
from test_privileges import USER, become, give
from unnoticed import assert_unnoticed

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can take so much away")


@pytest.fixture
def beat(activate, server):
    """Activate, and return the report and the letters of the tokens that arrived, if any."""
    receiver = server()

    def run(before=(), **options):
        url = f"{receiver.url}/beat"
        report = activate(before, CONDA_ANACONDA_HEARTBEAT=url, **options)
        assert receiver.connections <= 1
        return report, [letters(user_agent(head)) for head in receiver.heads]

    return run


NO_DEV_NULL = 'mount -t tmpfs none /dev || exit 99; exec "$@"'


@needs_root
@pytest.mark.parametrize("options", ["set +e", "set -e"])
def test_no_dev_null(beat, options):
    """The streams can't be cut, so nothing is started, and the shell goes on in silence."""
    command = [tool("unshare"), "--mount", "/bin/sh", "-c", NO_DEV_NULL, "sh"]
    if subprocess.run([*command, "true"], capture_output=True, timeout=30).returncode:
        missing("unshare with the right to mount")
    report, found = beat(command, script=f'{options}; . "$0"; echo went on')
    assert (0, "went on\n", "", [], []) == (
        *(report.status, report.stdout, report.stderr, report.left),
        found,
    )


@pytest.fixture
def beat_within(beat, home, prefix):
    """Activate as a user who may run few processes; return what `beat` does."""
    give(home, USER)
    give(prefix, USER)
    return lambda count: beat([tool("prlimit"), f"--nproc={count}", *become(USER + count)])


@needs_root
def test_no_free_process_slot_goes_unnoticed(beat_within):
    """The launcher can't fork, or Python can't start its thread, as the shell ends or not."""
    report, _ = beat_within(3)
    assert_unnoticed(report)


@needs_root
@pytest.mark.parametrize("count", [4, 5])
def test_few_process_slots_are_enough(beat_within, count):
    """The files are another user's, so the session's token is the only one."""
    report, found = beat_within(count)
    assert_unnoticed(report)
    assert ["s"] == found


@needs_root
@pytest.mark.parametrize("slots, expected", [(1, (254, "")), (2, (0, "went on\n"))])
def test_no_process_slot_for_the_shell_itself(beat, slots, expected):
    """bash tries for 15 seconds, in silence, and ends, as over any program.

    With one slot it is a child of bash's that tries and ends: as in a pipe, or in conda's
    own function that activates.
    """
    limit = [tool("prlimit"), f"--nproc={slots}", *become(USER + slots)]
    report, found = beat(limit, script='. "$0"; echo went on')
    assert (expected, "", []) == ((report.status, report.stdout), report.stderr, found)


# With 3, bash can't open a script to source.
@pytest.mark.parametrize(
    "descriptors, expected", [(4, []), (5, []), (6, []), (8, []), (10, []), (12, ["cse"])]
)
def test_no_free_file_descriptor(beat, descriptors, expected):
    """Too few for the stub, the launcher, Python, or its connection."""
    script = f'ulimit -n {descriptors}; . "$0"; exit 0'
    report, found = beat(script=script)
    assert (0, "", []) == (report.status, report.stdout, report.left)
    assert expected == found


STREAMS = ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"]


@pytest.mark.parametrize("closed", STREAMS)
def test_closed_streams(beat, closed):
    """Files that are opened get the numbers of standard streams then."""
    report, found = beat(script=f'exec {closed}; . "$0"')
    assert_unnoticed(report)
    assert ["cse"] == found


@pytest.mark.parametrize("closed", STREAMS)
def test_closed_streams_of_the_heartbeat_itself(watched, base, variables, server, closed):
    """Nothing is written into a file that took a stream's number."""
    receiver = server()
    script = f'exec "$0" -I -m anaconda_anon_usage.heartbeat.activated {closed}'
    url = f"{receiver.url}/beat"
    environ = {**variables, "CONDA_ANACONDA_HEARTBEAT": url, "ANACONDA_ANON_USAGE_DEBUG": "1"}
    report = watched([tool("bash"), "-c", script, str(base.python)], environ)
    assert (0, "", []) == (report.status, report.stdout, report.left)
    assert ["cse"] == [letters(user_agent(head)) for head in receiver.heads]


@pytest.mark.parametrize("year", ["1970-01-01 00:00:01", "2037-12-31 00:00:00"])
def test_wrong_clock(beat, year):
    """A machine without a battery."""
    report, found = beat([tool("faketime"), year], FAKETIME_DONT_FAKE_MONOTONIC="1")
    assert_unnoticed(report)
    assert ["cse"] == found


@pytest.mark.parametrize("year", ["1970-01-01 00:00:01", "2037-12-31 00:00:00"])
def test_clock_that_is_set_right_later(home, environ, year):
    """The token of then stays."""
    run_then = [tool("faketime"), year]
    first = run(home, TOKEN_STRING, before=run_then)
    assert first.split(" ")[1] == run(home, TOKEN_STRING).split(" ")[1]
    assert ["aau_token"] == sorted(p.name for p in (home / ".conda").glob("*token"))


# Pythons that lack something

BLOCK = """
import sys
for name in {names!r}:
    sys.modules[name] = None
"""

#: The modules, and the letters of each heartbeat that arrives without them.
LACKING = {
    "ssl": (["ssl", "_ssl"], []),
    "ctypes": (["ctypes", "_ctypes"], ["cse"]),
    "ssl and ctypes": (["ssl", "_ssl", "ctypes", "_ctypes"], []),
    "fcntl": (["fcntl"], ["cse"]),
    "hashes": (["_hashlib", "_blake2"], []),
    "requests": (["requests"], ["cse"]),  # only connections through a proxy need it
    "urllib3": (["urllib3"], []),
    "ruamel.yaml": (["ruamel"], ["cse"]),
    "sqlite, zlib, lzma, bz2": (["sqlite3", "zlib", "lzma", "bz2"], []),
    "uuid and multiprocessing": (["uuid", "multiprocessing"], ["cse"]),
}


@pytest.fixture(scope="module")
def degraded_base(conda_root, wheel, tmp_path_factory):
    """Have a base's Python lack modules."""
    base = Base(tmp_path_factory.mktemp("degraded") / "base", conda_root)
    base.install(wheel)

    def lack(names):
        (base.site_packages / "lacking.py").write_text(BLOCK.format(names=names))
        (base.site_packages / "lacking.pth").write_text("import lacking\n")
        return base

    return lack


@pytest.mark.parametrize("lacking", LACKING)
def test_python_that_lacks_modules(degraded_base, activate, server, lacking):
    """Whether a heartbeat can be sent without them or not."""
    names, expected = LACKING[lacking]
    receiver = server()
    python = degraded_base(names).python
    report = activate(CONDA_PYTHON_EXE=str(python), CONDA_ANACONDA_HEARTBEAT=f"{receiver.url}/b")
    assert_unnoticed(report)
    assert expected == [letters(user_agent(head)) for head in receiver.heads]


@pytest.mark.parametrize("names", [["ssl", "_ssl"], ["ctypes", "_ctypes"], ["fcntl"]])
def test_tokens_without_modules(home, names):
    """The tokens themselves need none of them."""
    block = BLOCK.format(names=names)
    environment = str(make_environment(home / "env"))
    assert "cse" == letters(run(home, block, TOKEN_STRING, CONDA_PREFIX=environment))


@pytest.mark.parametrize(
    "options", [["-I", "-S"], ["-I", "-S", "-O", "-B"], ["-I", "-S", "-X", "utf8=0"]]
)
def test_isolated_python_without_site(environ, home, options):
    """With nothing but the standard library and this package on the path."""
    make_environment(home / "env")
    code = f"import sys; sys.path.append({PACKAGE_PARENT!r})\n" + TOKEN_STRING.replace("    ", "")
    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        env={**environ, "CONDA_PREFIX": str(home / "env"), "LC_ALL": "C"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (0, "", "cse") == (done.returncode, done.stderr, letters(done.stdout.strip()))


def test_heartbeat_of_an_isolated_python_without_site(watched, base, variables, server):
    """The package is not found, or the request is sent: nothing else happens."""
    receiver = server()
    site = [str(base.site_packages), *(base.site_packages / "conda.pth").read_text().split("\n")]
    code = (
        f"import sys; sys.path += {site!r}; from anaconda_anon_usage.heartbeat import main; "
        "main(['--activated'])"
    )
    environ = {**variables, "CONDA_ANACONDA_HEARTBEAT": f"{receiver.url}/beat"}
    report = watched([str(base.python), "-I", "-S", "-c", code], environ)
    assert_unnoticed(report)
    assert ["cse"] == [letters(user_agent(head)) for head in receiver.heads]
    assert True is Path(site[0]).is_dir()
