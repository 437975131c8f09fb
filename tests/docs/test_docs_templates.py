"""The administrator's templates, which lie in the source tree only."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import PROJECT

from anaconda_anon_usage import deploy
from anaconda_anon_usage.cli import main


@pytest.mark.parametrize(
    "template, arguments",
    [("telemetry-on", []), ("own-server", ["--heartbeat", "https://conda.example.org/heartbeat"])],
)
def test_template_says_what_deploy_writes(tmp_path, template, arguments):
    """But for their comments."""
    assert 0 == main(["deploy", "--root", str(tmp_path), *arguments])
    written = Path(deploy.system_directory(str(tmp_path)), "condarc").read_text()
    text = (PROJECT / "etc/conda/templates" / f"{template}.condarc").read_text()
    assert without_comments(written) == without_comments(text)


def without_comments(text: str) -> list[str]:
    """Return the lines that are not comments."""
    return [line for line in text.splitlines() if not line.startswith("#")]
