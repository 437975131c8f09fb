"""An activated heartbeat imports nothing that it does not need, at each of its steps."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support import PATIENCE, taken

import anaconda_anon_usage
from anaconda_anon_usage.heartbeat import slots

# Measuring loads modules.
pytestmark = pytest.mark.unmeasured

NAME = anaconda_anon_usage.__name__

#: Runs the module as the launcher does, and prints all modules when the function ends it.
PROGRAM = f"""\
import json, os, runpy, sys, {{module}}
def end(*arguments):
    print(json.dumps([*sys.modules]), flush=True)
    leave(0)
leave, {{function}} = os._exit, end
sys.path.insert(0, {str(Path(anaconda_anon_usage.__file__).parents[1])!r})
runpy.run_module("{NAME}.heartbeat.activated", run_name="__main__", alter_sys=True)
"""

#: The modules of this package that a heartbeat loads to wait for a slot, the further ones
#: that it loads to find that heartbeats are off, and those that it loads to send one.
WAITING = {
    "",
    "_common",
    "_common.installation",
    "heartbeat",
    "heartbeat.deadline",
    "heartbeat.slots",
    "heartbeat.system",
}
OFF = {
    *(
        "_common.debug",
        "_common.error_boundary",
        "_common.files",
        "settings",
        "settings.condarc",
        "settings.merge",
    ),
    *("settings.policy", "settings.search_path"),
}
SENDING = {
    *("_common.directory", "_common.superuser"),
    *("settings.channels", "settings.conda_settings"),
    *("heartbeat.connection", "heartbeat.log", "heartbeat.user_agent"),
    *("tokens", "tokens.account", "tokens.binding", "tokens.grammar", "tokens.token_file"),
}

#: What waiting takes: the thread with the deadline, the alarm and the slots.
NEEDED_TO_WAIT = (
    "__future__, contextlib, gc, importlib.util, json, os, runpy, signal, socket, threading, time"
)

#: Modules that no heartbeat imports by itself. Its libraries import some of them.
NEVER = set(
    """
    argparse ast asyncio concurrent.futures configparser ctypes dataclasses distro inspect
    importlib.metadata logging multiprocessing optparse pkgutil platform pprint requests shlex
    shutil sqlite3 subprocess tempfile unittest urllib.request uuid xml
    """.split()
)

#: The maximum number of all modules in Python 3.11 with urllib3 2.8 and ruamel.yaml 0.19.
CEILING = {"unset": 95, "off": 140, "http": 260, "https": 265}


@pytest.fixture
def modules(environ, home, tmp_path):
    """A function that runs an activated heartbeat and returns the modules that it loaded."""

    def run(condarc: str, module: str = "os", function: str = "os._exit") -> set[str]:
        (home / ".condarc").write_text(condarc)
        done = subprocess.run(
            [sys.executable, "-I", "-c", PROGRAM.format(module=module, function=function)],
            env={**environ, "CONDA_PREFIX": str(tmp_path)},
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return set(json.loads(done.stdout))

    return run


@pytest.fixture
def urls(server) -> dict[str, str]:
    """A server for each scheme; the one for https fails the handshake."""
    return {"http": server().url, "https": f"https://{server(read=False).authority}"}


def of_package(modules: set[str]) -> set[str]:
    """Return the modules of this package, by their names below it."""
    return {name[len(NAME) :].lstrip(".") for name in modules if name.partition(".")[0] == NAME}


def imported_by(names: str) -> set[str]:
    """Return all modules that are loaded after an import statement."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import {names}; import sys; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("case", ["unset", "off", "http", "https"])
def test_a_heartbeat_loads_only_what_it_needs(modules, urls, case):
    """Without the setting, no file is parsed. To send, urllib3 makes the connection."""
    setting = {"unset": "offline", "off": "anaconda_heartbeat"}.get(case)
    condarc = f"channels: [defaults]\n{setting or 'anaconda_heartbeat'}: {urls.get(case, 'off')}\n"
    found = modules(condarc)
    sends = case in urls
    assert WAITING | OFF | (SENDING if sends else set()) == of_package(found)
    assert (sends, case != "unset") == ("urllib3" in found, "ruamel.yaml" in found)
    libraries = "certifi, json, ruamel.yaml, runpy, urllib3" if case != "unset" else "runpy"
    assert set() == NEVER & found - imported_by(libraries)
    if sys.version_info[:2] == (3, 11):
        assert len(found) <= CEILING[case]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the limit")
def test_a_heartbeat_that_waits_has_loaded_only_what_it_needs_to_wait(modules, urls):
    """Many can wait at once, and each takes memory."""
    with taken("run", slots.RUN_SLOTS):
        found = modules(f"anaconda_heartbeat: {urls['http']}\n", "time", "time.sleep")
    assert WAITING == of_package(found)
    assert set() == found - imported_by(NEEDED_TO_WAIT) - {"__main__"} - {
        f"{NAME}.{name}".rstrip(".") for name in WAITING
    }


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_variable_for_certificates_does_not_need_requests(modules, urls, environ, variable):
    """Only proxies do."""
    environ[variable] = "/does/not/exist"
    assert "requests" not in modules(f"anaconda_heartbeat: {urls['https']}\n")
