"""The templates for administrators."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import PROJECT

from anaconda_anon_usage import deploy, heartbeat
from anaconda_anon_usage.cli import main
from anaconda_anon_usage.settings import condarc


@pytest.mark.parametrize(
    "template, arguments",
    [
        ("telemetry-on", []),
        ("own-server", ["--heartbeat", f"https://conda.example.org/{heartbeat.PATH}"]),
    ],
)
def test_a_template_has_the_settings_that_deploy_writes(tmp_path, template, arguments):
    """The same values and locks."""
    assert 0 == main(["deploy", "--root", str(tmp_path), *arguments])
    directory = Path(deploy.system_directory(str(tmp_path)))
    written = settings(directory / "condarc.d" / "anaconda-anon-usage.yml")
    assert written == settings(PROJECT / "etc/conda/templates" / f"{template}.condarc")


def settings(path: Path) -> dict:
    """Return the value and the lock of each setting in a file."""
    found = condarc.Condarc(str(path)).occurrences
    return {name: (found[name].value, found[name].final) for name in found}
