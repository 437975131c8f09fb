"""A report on what a real conda sends has the numbers of what was done."""

from __future__ import annotations

import pytest
from reporting import report

pytest.importorskip("anaconda_anon_usage", reason="needs make test-report")
import real_conda


def test_installs_and_activations_of_a_real_conda_are_counted(tmp_path):
    """Two environments are created from a channel with one package, and activated."""
    log = tmp_path / "access.log"
    written = real_conda.record(tmp_path)
    log.write_text("".join(f"{line}\n" for line in written))
    found = report(log)
    totals = found["totals"]
    assert totals["lines_read"] == totals["requests"] == len(written)
    assert totals["lines_skipped"] == totals["requests_without_client"] == 0
    assert (totals["clients"], totals["environments"]) == (1, 2)
    assert (totals["heartbeats"], totals["heartbeat_clients"]) == (2 * real_conda.ACTIVATIONS, 1)
    assert totals["heartbeat_environments"] == 2
    # The second environment's package came from the package cache.
    assert (totals["sessions"], totals["updates"], totals["downloads"]) == (2, 2, 1)
    assert [row["project"] for row in found["packages"]] == [real_conda.NAME]
    [place] = found["channels"]
    assert (place["channel"], place["subdir"]) == ("main", "noarch")
    [system] = found["systems"]
    assert (system["system_name"], system["clients"]) == ("Linux", 1)
    assert len(found["conda_versions"]) == len(found["python_versions"]) == 1
