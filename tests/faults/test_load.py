"""With many concurrent activations, each ends by its deadline and nothing accumulates."""

from __future__ import annotations

import os
import socket
import subprocess

import pytest
import servers
from support import PATIENCE, missing, name_of, taken, tool, wait_until

from anaconda_anon_usage.heartbeat import DEADLINE, slots

ACTIVATIONS = 1000

SHELLS = 20

#: Shells that all activate at the same time. Each unsets the variables that would stop it
#: from counting its next activation.
MANY = """
many() { n=0; while [ $((n += 1)) -le "$COUNT" ]; do . "$0"; unset _ANACONDA_HEARTBEAT_1; done; }
shells=0
while [ $((shells += 1)) -le "$SHELLS" ]; do many & done
wait
"""


#: Maximum memory in MB: of a heartbeat, and of an interpreter during its start.
HEARTBEAT, INTERPRETER = 40, 12


@pytest.mark.unmeasured
@pytest.mark.parametrize("server_is", ["healthy", "silent"])
def test_a_thousand_activations_leave_nothing(activate, server, record_property, capsys, server_is):
    """Each is sent or given up in time and in bounded memory. The report has the counts."""
    receiver = server({"healthy": servers.NOT_FOUND, "silent": servers.silent}[server_is])
    report = activate(
        script=MANY,
        seconds=120,
        SHELLS=str(SHELLS),
        COUNT=str(ACTIVATIONS // SHELLS),
        CONDA_ANACONDA_HEARTBEAT=f"{receiver.url}/beat",
    )
    line = (
        f"{ACTIVATIONS} activations, {server_is} server: done in {report.own_seconds:.1f} s, "
        f"all gone after {report.seconds:.1f} s, {len(receiver.heads)} heartbeats, "
        f"at most {report.peak_processes} processes with {report.peak_megabytes} MB together, "
        f"{report.megabytes} MB the largest"
    )
    record_property("load", line)
    with capsys.disabled():
        print(f"\n{line}")
    assert (0, "", "", []) == (report.status, report.stdout, report.stderr, report.left)
    assert 0 < len(receiver.heads) <= receiver.connections <= ACTIVATIONS
    # The launcher limits the number of interpreters that are starting. The shells of this test
    # are small.
    starting = 32 * os.cpu_count() + SHELLS
    bound = (slots.QUEUE_SLOTS) * HEARTBEAT + starting * INTERPRETER
    assert (True, True) == (report.megabytes < HEARTBEAT, report.peak_megabytes < bound), line
    # The deadline counts from the start of Python, which competes with the shells.
    assert report.seconds < report.own_seconds + 60 + DEADLINE


@pytest.mark.unmeasured
def test_a_heartbeat_without_a_queue_slot_gives_up(activate, server):
    """It has not read or sent anything by then."""
    receiver = server()
    with taken("queue", slots.QUEUE_SLOTS):
        report = activate(CONDA_ANACONDA_HEARTBEAT=f"{receiver.url}/beat")
    assert (0, "", "", []) == (report.status, report.stdout, report.stderr, report.left)
    assert (0, True) == (receiver.connections, report.megabytes < 2 * INTERPRETER)


def test_a_heartbeat_without_a_run_slot_meets_its_deadline(activate, server):
    """It waits until then."""
    receiver = server()
    with taken("run", slots.RUN_SLOTS):
        report = activate(CONDA_ANACONDA_HEARTBEAT=f"{receiver.url}/beat")
    assert (0, "", "", []) == (report.status, report.stdout, report.stderr, report.left)
    assert (0, True) == (receiver.connections, report.seconds >= DEADLINE)


def test_a_released_run_slot_is_acquired_by_a_waiting_process():
    """The process holds it until its work is done."""
    with taken("run", slots.RUN_SLOTS) as held:
        held[3].close()
        with slots.run_slot():
            assert True is is_taken("run", 3)
        assert False is is_taken("run", 3)


def is_taken(kind: str, number: int) -> bool:
    """Return whether a slot is held."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
        try:
            own.bind(name_of(kind, number))
        except OSError:
            return True
    return False


def test_a_heartbeat_that_waits_for_its_response_holds_only_a_queue_slot(base, variables, server):
    """A slow server does not stop other heartbeats from running."""
    receiver = server(servers.silent)
    process = subprocess.Popen(
        [base.python, "-I", "-m", "anaconda_anon_usage.heartbeat.activated"],
        env={**variables, "CONDA_ANACONDA_HEARTBEAT": f"{receiver.url}/beat"},
    )
    assert wait_until(lambda: receiver.heads)
    found = is_taken("queue", 0), is_taken("run", 0), process.poll()
    process.wait(PATIENCE)
    assert (True, False, None) == found
    assert False is is_taken("queue", 0)


def test_a_missing_queue_slot_is_a_named_exception():
    """The log and the debug output show its message."""
    everything = taken("queue", slots.QUEUE_SLOTS)
    with everything, pytest.raises(slots.NoFreeSlot), slots.queue_slot():
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file over /proc/loadavg")
@pytest.mark.parametrize("beyond, expected", [(0, 1), (1, 0)])
def test_an_overloaded_machine_sends_nothing(activate, server, tmp_path, beyond, expected):
    """It has more than 32 runnable processes per CPU."""
    command = [tool("unshare"), "--mount"]
    if subprocess.run([*command, "true"], capture_output=True, timeout=30).returncode:
        missing("unshare with the right to mount")
    names = os.listdir("/sys/devices/system/cpu")
    most = 32 * sum(name.startswith("cpu") and name[3:].isdecimal() for name in names)
    (tmp_path / "loadavg").write_text(f"9.99 9.99 9.99 {most + beyond}/9999 9999\n")
    receiver = server()
    lay_over = 'mount --bind "$0" /proc/loadavg && exec "$@"'
    report = activate(
        [*command, "/bin/sh", "-c", lay_over, str(tmp_path / "loadavg")],
        CONDA_ANACONDA_HEARTBEAT=f"{receiver.url}/beat",
    )
    assert (0, "", "", []) == (report.status, report.stdout, report.stderr, report.left)
    assert expected == receiver.connections
