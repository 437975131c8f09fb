"""Every request by conda has conda's own User-Agent and the tokens."""

from __future__ import annotations

import json
import re

import pytest
from channel import NAME, make_channel
from werkzeug import Response

USER_AGENT = re.compile(r"(?P<own>conda/\S+ requests/.*) aau/\S+ c/(\S+) s/(\S+) e/(\S+)")


@pytest.fixture
def channel(httpserver, tmp_path) -> str:
    """The URL of a channel on a server that logs all requests."""
    directory = make_channel(tmp_path / "channel")

    def serve(request):
        path = directory / request.path.lstrip("/")
        return Response(path.read_bytes()) if path.is_file() else Response(status=404)

    httpserver.expect_request(re.compile(".*")).respond_with_handler(serve)
    return httpserver.url_for("/")


@pytest.fixture
def tokens_of(conda, base, channel, httpserver, tmp_path):
    """A function that runs a command with the channel and returns its tokens: c, s and e."""

    def run(*arguments, **variables) -> tuple[str, str, str]:
        del httpserver.log[:]
        options = ["--override-channels", "--channel", channel]
        done = conda(
            base,
            *arguments,
            *options,
            CONDA_PKGS_DIRS=str(tmp_path / "packages"),
            CONDA_ALWAYS_COPY="1",
            CONDA_ENVS_DIRS=str(tmp_path / "envs"),
            CONDA_REMOTE_MAX_RETRIES="0",
            **variables,
        )
        assert (done.returncode, "anaconda" in done.stderr) == (0, False)
        sent = {request.headers["User-Agent"] for request, _ in httpserver.log}
        [user_agent] = sent
        client, session, environment = USER_AGENT.fullmatch(user_agent).group(2, 3, 4)
        return client, session, environment

    return run


def token(prefix) -> str:
    """Return the token in an environment's token file."""
    return (prefix / "etc" / "aau_token").read_text().strip()


def test_tokens_of_search_create_and_install(tokens_of, base, home, tmp_path):
    """``e/`` is the target's, ``c/`` never changes, ``s/`` differs in each command."""
    named, placed = tmp_path / "envs" / "named", tmp_path / "placed"
    seen = {
        "search": tokens_of("search", NAME),
        "create --name": tokens_of("create", "--yes", "--name", "named", NAME),
        "create --prefix": tokens_of("create", "--yes", "--prefix", placed, NAME),
        "install --name": tokens_of("install", "--yes", "--name", "named", "--force-reinstall", NAME),
        "install into active": tokens_of(
            "install", "--yes", "--force-reinstall", NAME, CONDA_PREFIX=str(placed)
        ),
    }  # fmt: skip
    assert {command: environment for command, (_, _, environment) in seen.items()} == {
        "search": token(base.prefix),
        "create --name": token(named),
        "create --prefix": token(placed),
        "install --name": token(named),
        "install into active": token(placed),
    }
    client = (home / ".conda" / "aau_token").read_text().strip()
    assert {client for client, _, _ in seen.values()} == {client}
    assert len({session for _, session, _ in seen.values()}) == len(seen)


def test_an_environment_that_is_not_created_is_not_written(tokens_of, tmp_path):
    """With ``--dry-run``, the request has a token, but nothing is written to disk."""
    prefix = tmp_path / "planned"
    done = tokens_of("create", "--dry-run", "--prefix", prefix, NAME, CONDA_JSON="true")
    assert (len(done[2]), prefix.exists()) == (22, False)


def test_info_shows_the_user_agent(conda, base):
    """Both as text and as JSON, which stays valid."""
    text = conda(base, "info").stdout
    shown = re.search(r"user-agent : (.*)", text)[1]
    in_json = json.loads(conda(base, "info", "--json").stdout)["user_agent"]
    assert USER_AGENT.fullmatch(shown).group(1, 2, 4) == USER_AGENT.fullmatch(in_json).group(
        1, 2, 4
    )


def test_condas_own_fields_do_not_change(conda, base, plain_base):
    """The tokens follow the User-Agent that conda has without the package."""
    own = json.loads(conda(plain_base, "info", "--json").stdout)["user_agent"]
    extended = json.loads(conda(base, "info", "--json").stdout)["user_agent"]
    assert USER_AGENT.fullmatch(extended)["own"] == own


def test_no_plugins_means_no_tokens(conda, base):
    """conda's option to disable plugins also disables this one."""
    done = conda(base, "info", "--json", CONDA_NO_PLUGINS="true")
    assert " aau/" not in json.loads(done.stdout)["user_agent"]
