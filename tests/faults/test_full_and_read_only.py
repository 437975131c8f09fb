"""On full disks and read-only file systems, no partial token is written or sent."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from servers import letters, user_agent
from support import missing, tool
from unnoticed import WATCH, assert_unnoticed

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")

#: Mount a file system over $PLACE, run the command and wait for all its processes, then list
#: the files below $PLACE with their sizes.
FULL = """
mount -t tmpfs -o "$OPTIONS" none "$PLACE" && mkdir -p "$PLACE/conda-meta" || exit 99
[ -z "$FILL" ] || dd if=/dev/zero of="$PLACE/fill" bs=4096 2>/dev/null
"$PYTHON" "$WATCH" /dev/null 60 "$@"
status=$?
rm -f "$PLACE/fill"
find "$PLACE" -type f -printf '%s %f\\n' >"$SAID"
exit $status
"""

#: Remount everything read-only, in this mount namespace.
READ_ONLY = """
while read -r _ place _; do mount -o remount,bind,ro "$place" 2>/dev/null; done </proc/mounts
touch "$HOME/x" 2>/dev/null && exit 99
exec "$@"
"""


@pytest.fixture
def mounted(activate, server, tmp_path):
    """Activate in a mount namespace, and return the letters of the tokens and the listing."""
    command = [tool("unshare"), "--mount", "/bin/sh", "-c"]
    test = [*command, "mount -t tmpfs none /mnt"]
    if subprocess.run(test, capture_output=True, timeout=30).returncode:
        missing("unshare with the right to mount")
    receiver = server()

    def run(script, **variables):
        (tmp_path / "said").touch()
        heads = len(receiver.heads)
        report = activate(
            [*command, script, "sh"],
            SAID=str(tmp_path / "said"),
            CONDA_ANACONDA_HEARTBEAT=f"{receiver.url}/beat",
            PYTHON=sys.executable,
            WATCH=str(WATCH),
            **variables,
        )
        assert_unnoticed(report)
        [head] = receiver.heads[heads:]
        return letters(user_agent(head)), sorted((tmp_path / "said").read_text().splitlines())

    return run


@pytest.mark.parametrize("options, fill", [("size=64k", "yes"), ("size=64k,nr_inodes=3", "")])
@pytest.mark.parametrize("place, expected", [("HOME", "se"), ("CONDA_PREFIX/etc", "cs")])
def test_a_full_disk_never_has_a_partial_token(
    mounted, variables, prefix, options, fill, place, expected
):
    """Nothing is left behind, whether blocks or inodes are exhausted."""
    name, _, below = place.partition("/")
    where = f"{variables[name]}/{below}"
    if below:  # the activation script is in this directory
        (prefix / "conda").mkdir()
        os.rename(prefix / "etc/conda", prefix / "conda/moved")
        where = f"{prefix}/etc"
        script = FULL.replace("|| exit 99", '&& ln -s ../conda/moved "$PLACE/conda" || exit 99')
    else:
        script = FULL
    found, said = mounted(script, PLACE=where, OPTIONS=options, FILL=fill)
    assert (expected, []) == (found, said)


def test_a_read_only_machine_sends_only_a_session_token(mounted, home, prefix):
    """The session token is never stored."""
    assert ("s", []) == mounted(READ_ONLY)
    assert [] == [*home.iterdir(), *prefix.glob("etc/aau_token*")]


def test_a_read_only_machine_sends_its_existing_tokens(mounted, home):
    """They were written before."""
    assert ("cse", []) == mounted('exec "$@"')
    before = sorted(home.rglob("*"))
    assert ("cse", []) == mounted(READ_ONLY)
    assert before == sorted(home.rglob("*"))
