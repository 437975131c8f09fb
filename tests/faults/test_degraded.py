"""The activation succeeds on machines without /dev/null, free processes or a correct clock."""

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

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can restrict a machine")


@pytest.fixture
def beat(activate, server):
    """Activate, and return the report and the letters of the tokens received."""
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
def test_without_dev_null_nothing_is_started(beat, options):
    """Without it, output cannot be redirected. The shell goes on silently."""
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
    """Activate with a limit on processes, and return what `beat` returns."""
    give(home, USER)
    give(prefix, USER)
    return lambda count: beat([tool("prlimit"), f"--nproc={count}", *become(USER + count)])


@needs_root
def test_no_free_process_slot_goes_unnoticed(beat_within):
    """The launcher cannot fork, or Python cannot start its thread."""
    report, _ = beat_within(3)
    assert_unnoticed(report)


@needs_root
@pytest.mark.parametrize("count", [4, 5])
def test_few_process_slots_are_enough(beat_within, count):
    """The token files belong to another user, so only the session token is sent."""
    report, found = beat_within(count)
    assert_unnoticed(report)
    assert ["s"] == found


@needs_root
@pytest.mark.parametrize("slots, expected", [(1, (254, "")), (2, (0, "went on\n"))])
def test_bash_itself_retries_without_a_process_slot(beat, slots, expected):
    """bash retries for 15 seconds and then exits silently, as for any program.

    With one free slot, only a subshell of bash does so, as in a pipeline or in conda's shell
    function.
    """
    limit = [tool("prlimit"), f"--nproc={slots}", *become(USER + slots)]
    report, found = beat(limit, script='. "$0"; echo went on')
    assert (expected, "", []) == ((report.status, report.stdout), report.stderr, found)


# With 3 descriptors, bash cannot open a script to source it.
@pytest.mark.parametrize(
    "descriptors, expected", [(4, []), (5, []), (6, []), (8, []), (10, []), (12, ["cse"])]
)
def test_too_few_file_descriptors_go_unnoticed(beat, descriptors, expected):
    """The activation script, the launcher, Python or its connection lacks one."""
    script = f'ulimit -n {descriptors}; . "$0"; exit 0'
    report, found = beat(script=script)
    assert (0, "", []) == (report.status, report.stdout, report.left)
    assert expected == found


STREAMS = ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"]


@pytest.mark.parametrize("closed", STREAMS)
def test_a_heartbeat_is_sent_with_closed_streams(beat, closed):
    """Files that are opened then get the descriptors of the standard streams."""
    report, found = beat(script=f'exec {closed}; . "$0"')
    assert_unnoticed(report)
    assert ["cse"] == found


@pytest.mark.parametrize("closed", STREAMS)
def test_the_heartbeat_works_with_its_streams_closed(watched, base, variables, server, closed):
    """It writes nothing to a file that has the descriptor of a stream."""
    receiver = server()
    script = f'exec "$0" -I -m anaconda_anon_usage.heartbeat.activated {closed}'
    url = f"{receiver.url}/beat"
    environ = {**variables, "CONDA_ANACONDA_HEARTBEAT": url, "ANACONDA_ANON_USAGE_DEBUG": "1"}
    report = watched([tool("bash"), "-c", script, str(base.python)], environ)
    assert (0, "", []) == (report.status, report.stdout, report.left)
    assert ["cse"] == [letters(user_agent(head)) for head in receiver.heads]


@pytest.mark.parametrize("year", ["1970-01-01 00:00:01", "2037-12-31 00:00:00"])
def test_a_heartbeat_is_sent_with_a_wrong_clock(beat, year):
    """A machine without a battery starts with one."""
    report, found = beat([tool("faketime"), year], FAKETIME_DONT_FAKE_MONOTONIC="1")
    assert_unnoticed(report)
    assert ["cse"] == found


@pytest.mark.parametrize("year", ["1970-01-01 00:00:01", "2037-12-31 00:00:00"])
def test_a_token_survives_a_correction_of_the_clock(home, environ, year):
    """A token from the future or the distant past is kept."""
    run_then = [tool("faketime"), year]
    first = run(home, TOKEN_STRING, before=run_then)
    assert first.split(" ")[1] == run(home, TOKEN_STRING).split(" ")[1]
    assert ["aau_token"] == sorted(p.name for p in (home / ".conda").glob("*token"))


# Python without some modules

BLOCK = """
import sys
for name in {names!r}:
    sys.modules[name] = None
"""

#: Modules that are missing, and the tokens of each heartbeat that is still received.
LACKING = {
    "ssl": (["ssl", "_ssl"], ["cse"]),  # plain http
    "ctypes": (["ctypes", "_ctypes"], ["cse"]),
    "ssl and ctypes": (["ssl", "_ssl", "ctypes", "_ctypes"], ["cse"]),
    "fcntl": (["fcntl"], ["cse"]),
    "hashes": (["_hashlib", "_blake2"], []),
    "requests": (["requests"], ["cse"]),  # only connections through a proxy need requests
    "urllib3": (["urllib3"], []),
    "ruamel.yaml": (["ruamel"], ["cse"]),
    "sqlite, zlib, lzma, bz2": (["sqlite3", "zlib", "lzma", "bz2"], []),
    "uuid and multiprocessing": (["uuid", "multiprocessing"], ["cse"]),
}


@pytest.fixture(scope="module")
def degraded_base(conda_root, wheel, tmp_path_factory):
    """Return a base whose Python lacks modules."""
    base = Base(tmp_path_factory.mktemp("degraded") / "base", conda_root)
    base.install(wheel)

    def lack(names):
        (base.site_packages / "lacking.py").write_text(BLOCK.format(names=names))
        (base.site_packages / "lacking.pth").write_text("import lacking\n")
        return base

    return lack


@pytest.mark.parametrize("lacking", LACKING)
def test_a_missing_module_stops_at_most_the_heartbeat(degraded_base, activate, server, lacking):
    """Heartbeats are sent unless they need the module."""
    names, expected = LACKING[lacking]
    receiver = server()
    python = degraded_base(names).python
    report = activate(CONDA_PYTHON_EXE=str(python), CONDA_ANACONDA_HEARTBEAT=f"{receiver.url}/b")
    assert_unnoticed(report)
    assert expected == [letters(user_agent(head)) for head in receiver.heads]


@pytest.mark.parametrize("names", [["ssl", "_ssl"], ["ctypes", "_ctypes"], ["fcntl"]])
def test_tokens_need_no_optional_modules(home, names):
    """The tokens are the same without any of them."""
    block = BLOCK.format(names=names)
    environment = str(make_environment(home / "env"))
    assert "cse" == letters(run(home, block, TOKEN_STRING, CONDA_PREFIX=environment))


@pytest.mark.parametrize(
    "options", [["-I", "-S"], ["-I", "-S", "-O", "-B"], ["-I", "-S", "-X", "utf8=0"]]
)
def test_tokens_need_only_the_standard_library(environ, home, options):
    """With ``-S``, the path has nothing but the standard library and this package."""
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


def test_a_heartbeat_needs_no_site_module(watched, base, variables, server):
    """Once the directories of the libraries are on sys.path."""
    receiver = server()
    site = [str(base.site_packages), *(base.site_packages / "conda.pth").read_text().split("\n")]
    code = (
        f"import sys; sys.path += {site!r}; "
        "from anaconda_anon_usage.heartbeat.activated import main; main()"
    )
    environ = {**variables, "CONDA_ANACONDA_HEARTBEAT": f"{receiver.url}/beat"}
    report = watched([str(base.python), "-I", "-S", "-c", code], environ)
    assert_unnoticed(report)
    assert ["cse"] == [letters(user_agent(head)) for head in receiver.heads]
    assert True is Path(site[0]).is_dir()
