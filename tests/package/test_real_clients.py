"""Real clients from PyPI get the same answers as from anaconda-anon-usage 0.7 and 0.8.

``make test`` installs them; no test connects to anything.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from processes import PACKAGE_PARENT, make_environment
from support import PATIENCE, missing

from anaconda_anon_usage import __version__

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 10), reason="the clients require Python 3.10"
)

#: Where the Makefile installs anaconda-auth 0.8.0, the oldest release.
OLDEST = Path(sys.prefix) / "oldest"

AUTH = """
    import anaconda_auth, anaconda_auth.config, json
    from anaconda_anon_usage.tokens import token_string
    config = anaconda_auth.config.AnacondaAuthConfig()
    print(json.dumps([anaconda_auth.__version__, config.aau_token, token_string()]))
"""

#: Answers `conda run -n base --no-capture-output PROGRAM`, with this Python as base's.
CONDA = f'#!/bin/sh\nshift 5\nexec {sys.executable} "$@"\n'

REGISTERED = """
    import json, sys
    from anaconda_auth._conda.env_logger_config import get_client_token
    print(json.dumps(get_client_token(sys.argv[1])))
"""

ATTRIBUTES = """
    import json
    from anaconda_opentelemetry.attributes import ResourceAttributes
    found = ResourceAttributes("test", "1.0", anon_usage=True)._get_attributes()
    print(json.dumps({name: value for name, value in found.items() if name.startswith("aau.")}))
"""

#: What the `anaconda` command line passes to its telemetry, in place of sending it.
CLI = """
    import anaconda_opentelemetry.signals, json
    from anaconda_cli_base import telemetry
    found = {}
    anaconda_opentelemetry.signals.initialize_telemetry = lambda attributes, **others: (
        found.update(attributes._get_attributes())
    )
    telemetry.config.enabled = True
    telemetry._ensure_initialized()
    print(json.dumps({name: value for name, value in found.items() if name.startswith("aau.")}))
"""


@pytest.fixture
def ask(environ, tmp_path):
    """A function that runs code in an environment's process and returns its last line's JSON."""
    prefix = make_environment(tmp_path / "env")
    (prefix / "etc").mkdir()

    def run(code: str, *arguments, path: str = "", **variables):
        path = os.pathsep.join(filter(None, [path, PACKAGE_PARENT]))
        variables = {"PYTHONPATH": path, "CONDA_PREFIX": str(prefix), **variables}
        done = subprocess.run(
            [sys.executable, "-c", "if True:" + code, *arguments],
            env={**environ, **variables},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.mark.parametrize("path", ["", str(OLDEST)], ids=["newest", "oldest"])
@pytest.mark.parametrize("opt_out", ["", "1"])
def test_anaconda_auth_gets_the_token_string(ask, path, opt_out):
    """It sends the string in a header of its own."""
    if path and not OLDEST.is_dir():
        missing("anaconda-auth 0.8.0")
    version, found, string = ask(AUTH, path=path, DO_NOT_TRACK=opt_out)
    assert (path == str(OLDEST)) == (version == "0.8.0")
    tokens = "" if opt_out else r" c/[\w-]{22} s/[\w-]{22} e/[\w-]{22}"
    assert re.fullmatch(rf"aau/{re.escape(__version__)}{tokens}", string)
    assert string == found


@pytest.mark.parametrize("opt_out", [False, True])
def test_anaconda_auth_registers_the_client_token(ask, home, tmp_path, opt_out):
    """Without a token there is nothing to register, in particular not the text "None"."""
    conda = tmp_path / "conda"
    conda.write_text(CONDA)
    conda.chmod(0o755)
    found = ask(REGISTERED, conda, DO_NOT_TRACK="1" if opt_out else "")
    token = home / ".conda" / "aau_token"
    assert (None if opt_out else token.read_text().strip()) == found


@pytest.mark.parametrize("code", [ATTRIBUTES, CLI], ids=["opentelemetry", "cli-base"])
@pytest.mark.parametrize("opt_out", ["", "1"])
def test_anaconda_opentelemetry_gets_every_token(ask, home, tmp_path, code, opt_out):
    """It calls all eight functions and converts the results to text."""
    found = ask(code, DO_NOT_TRACK=opt_out, ANACONDA_ANON_USAGE_ORG_TOKEN="acme")
    session = found.pop("aau.session.token")
    assert re.fullmatch("" if opt_out else r"[\w-]{22}", session)
    files = {"client": home / ".conda", "environment": tmp_path / "env" / "etc"}
    texts = {
        name: "" if opt_out else (path / "aau_token").read_text() for name, path in files.items()
    }
    assert found == {
        "aau.version": __version__,
        "aau.client.token": texts["client"].strip(),
        "aau.environment.token": texts["environment"].strip(),
        "aau.organization.tokens": "[]" if opt_out else '["acme"]',
        "aau.installer.tokens": "[]",
        "aau.machine.tokens": "[]",
        "aau.anaconda_auth.token": "",
    }
