"""Many activations at once: each is over by its deadline, and nothing piles up."""

from __future__ import annotations

from anaconda_anon_usage.heartbeat import DEADLINE

ACTIVATIONS = 1000

SHELLS = 20

#: Shells that all activate as fast as they can. What an activation leaves in a shell would
#: keep the next from counting.
MANY = """
many() { n=0; while [ $((n += 1)) -le "$COUNT" ]; do . "$0"; unset _ANACONDA_HEARTBEAT_1; done; }
shells=0
while [ $((shells += 1)) -le "$SHELLS" ]; do many & done
wait
"""


def test_thousand_activations_leave_nothing(activate, server, record_property, capsys):
    """Sent or given up in time, in bounded memory; the report says how many and how much."""
    receiver = server()
    report = activate(
        script=MANY,
        seconds=120,
        SHELLS=str(SHELLS),
        COUNT=str(ACTIVATIONS // SHELLS),
        CONDA_ANACONDA_HEARTBEAT=f"{receiver.url}/beat",
    )
    line = (
        f"{ACTIVATIONS} activations in {report.own_seconds:.1f} s, all gone after "
        f"{report.seconds:.1f} s, {len(receiver.heads)} heartbeats, "
        f"at most {report.peak_processes} processes with {report.peak_megabytes} MB together, "
        f"{report.megabytes} MB the largest"
    )
    record_property("load", line)
    with capsys.disabled():
        print(f"\n{line}")
    assert (0, "", "", []) == (report.status, report.stdout, report.stderr, report.left)
    assert len(receiver.heads) <= receiver.connections <= ACTIVATIONS
    assert (True, True) == (report.megabytes < 200, report.peak_megabytes < 60 * ACTIVATIONS)
    # The deadline is counted from the start of Python, and 1000 starts take their time.
    assert report.seconds < report.own_seconds + 60 + DEADLINE
