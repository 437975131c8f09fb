"""Tokens are sent once, whichever hooks conda calls and whatever other plugins do.

A client that uses conda as a library makes the requests. conda before 24.11 has no hook for
headers; there, a stand-in calls it as conda 24.11 and later do.
"""

from __future__ import annotations

import re
import subprocess

import pytest

CLIENT = """
import sys
from conda.base.context import context
from conda.gateways.connection.session import CondaSession

url, own = sys.argv[1:]

def prepare_request(session, request):
    headers = [
        header
        for plugin in context.plugin_manager.get_plugins()
        for header in getattr(plugin, "conda_session_headers", list)()
    ]
    names = [header.name for header in headers]
    assert len(names) == len(set(names)), "Conflicting plugins found for `session_headers`"
    request.headers = {**{each.name: each.value for each in headers}, **(request.headers or {})}
    return super(CondaSession, session).prepare_request(request)

session = CondaSession()  # loads the plugins, after it has asked for the User-Agent
if not hasattr(context.plugin_manager, "get_cached_session_headers"):
    CondaSession.prepare_request = prepare_request
if own:
    session.headers["User-Agent"] = own
session.get(url + "early")
CondaSession._thread_local.__dict__.clear()
CondaSession().get(url + "late")
"""

#: Plugins of others. The first two are loaded before and after this package.
OTHERS = {
    "another-property": """
from conda.base.context import Context
before = Context.user_agent
Context.user_agent = property(lambda context: before.__get__(context) + " another/1.0")
""",
    "property": """
from conda.base.context import Context
before = Context.user_agent
Context.user_agent = property(lambda context: before.__get__(context) + " another/1.0")
""",
    "header": """
from types import SimpleNamespace
from conda.plugins import hookimpl
try:
    from conda.plugins.types import CondaRequestHeader as Header
except ImportError:
    Header = SimpleNamespace
@hookimpl
def conda_session_headers():
    yield Header(name="User-Agent", value="another/1.0")
""",
}

TOKENS = r" aau/\S+ c/\S+ s/\S+ e/\S+"


@pytest.fixture(scope="module")
def module_base(make_base, tmp_path_factory):
    """A base that only this module's tests change."""
    return make_base(tmp_path_factory.mktemp("sessions") / "base")


@pytest.fixture
def sent(module_base, environ, httpserver):
    """A function that runs the client and returns its two User-Agents."""
    httpserver.expect_request(re.compile(".*")).respond_with_data("")

    def run(own: str = "", **variables) -> list[str]:
        done = subprocess.run(
            [module_base.python, "-I", "-c", CLIENT, httpserver.url_for("/"), own],
            env={**environ, "CONDA_CHANNELS": "defaults", **variables},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (0, "") == (done.returncode, done.stderr)
        return [request.headers["User-Agent"] for request, _ in httpserver.log]

    return run


@pytest.fixture
def add_plugin(module_base):
    """A function that installs another plugin until the test ends."""
    added = []

    def install(name: str) -> None:
        module = name.replace("-", "_") + "_plugin"
        record = module_base.site_packages / f"{module}-1.0.dist-info"
        record.mkdir()
        (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (record / "entry_points.txt").write_text(f"[conda]\n{module} = {module}\n")
        (module_base.site_packages / f"{module}.py").write_text(OTHERS[name])
        added.extend([*record.iterdir(), module_base.site_packages / f"{module}.py"])

    yield install
    for path in added:
        path.unlink()
        if path.parent.suffix == ".dist-info" and not any(path.parent.iterdir()):
            path.parent.rmdir()


def test_a_session_older_than_the_plugin_sends_tokens_once(sent):
    """So does a later one."""
    early, late = sent()
    assert early == late
    assert re.fullmatch(rf"conda/.*{TOKENS}", early)
    assert 1 == early.count(" aau/")


def test_a_user_agent_of_the_clients_own_is_kept(sent):
    """Only conda's default is extended."""
    early, late = sent("client/1.0")
    assert ("client/1.0", 1) == (early, late.count(" aau/"))


@pytest.mark.parametrize("name", ["another-property", "property"])
def test_another_plugin_can_extend_the_user_agent(sent, add_plugin, name):
    """In either order of loading, the tokens are sent once."""
    add_plugin(name)
    _, late = sent()
    assert (1, 1) == (late.count(" another/1.0"), len(re.findall(TOKENS, late)))


def test_another_plugin_can_set_the_header(sent, add_plugin):
    """Two plugins that return the same header would make conda fail every request."""
    add_plugin("header")
    assert ["another/1.0", "another/1.0"] == sent()


def test_without_plugins_a_client_sends_no_tokens(sent):
    """conda's setting also applies to clients."""
    assert [0, 0] == [each.count(" aau/") for each in sent(CONDA_NO_PLUGINS="true")]
