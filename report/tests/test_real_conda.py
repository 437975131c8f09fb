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
    activations = 2 * len(real_conda.THREE_TIMES_BASH)
    errors = sum('" 404 ' in line for line in written) - activations
    real_conda.check(
        report(log), tmp_path, requests=len(written), errors=errors, activations=activations
    )
