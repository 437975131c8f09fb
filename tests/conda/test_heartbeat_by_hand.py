"""``python -m anaconda_anon_usage.heartbeat``, run by an administrator."""

from __future__ import annotations

import re
import subprocess

import pytest

ARGUMENTS = ["-I", "-m", "anaconda_anon_usage.heartbeat"]


@pytest.fixture
def environment(base, tmp_path):
    """An environment with the activation script."""
    return base.make_environment(tmp_path / "envs" / "analysis")


@pytest.fixture
def heartbeat(base, environ, environment):
    """A function that runs the command and returns exit status, lines by heading, and stderr."""

    def run(*arguments, **variables):
        done = subprocess.run(
            [base.python, *ARGUMENTS, *arguments],
            env={"CONDA_PREFIX": str(environment), **environ, **variables},
            capture_output=True,
            text=True,
            timeout=60,
        )
        lines = dict(re.split(r": +", line, maxsplit=1) for line in done.stdout.splitlines())
        return done.returncode, lines, done.stderr

    return run


def test_dry_run_explains_and_sends_nothing(heartbeat, home, environment, receiver):
    """The output has every line that an administrator needs."""
    url = receiver.url_for("/beat")
    (home / ".condarc").write_text(f"# mine\noffline: false\nanaconda_heartbeat: {url}\n")
    status, lines, errors = heartbeat("--dry-run")
    user_agent = lines.pop("User-Agent")
    assert (status, lines, errors) == (
        0,
        {
            "heartbeat": f"on ({home}/.condarc, line 3)",
            "URL": url,
            "environment": str(environment),
            "proxy": "none",
            "not sent": "this is a dry run",
        },
        "",
    )
    token = (environment / "etc" / "aau_token").read_text().strip()
    assert re.fullmatch(rf"conda/\S+ requests/.* aau/\S+ c/\S+ s/\S+ e/{token}", user_agent)
    assert receiver.log == []


def test_without_dry_run_it_sends_once_and_reports(heartbeat, home, receiver):
    """The output has the status and the duration of the one request."""
    (home / ".condarc").write_text(f"anaconda_heartbeat: {receiver.url_for('/beat')}\n")
    status, lines, errors = heartbeat()
    assert (status, errors) == (0, "")
    assert re.fullmatch(r"status 404 in \d+\.\d\d s", lines["sent"])
    assert [request.path for request, _ in receiver.log] == ["/beat"]


def test_a_heartbeat_that_is_off_can_be_sent_manually(heartbeat, receiver):
    """This lets an administrator test it before the roll-out."""
    status, lines, _ = heartbeat("--channel", receiver.url_for("/channel/"))
    assert (status, lines["heartbeat"]) == (0, "off (the default)")
    paths = [request.path for request, _ in receiver.log]
    assert paths == ["/channel/main/noarch/activate-0.0.0-0.conda"]


def test_channel_and_path_make_the_url(heartbeat, receiver):
    """``--path`` is appended to ``--channel`` with exactly one slash."""
    _, lines, _ = heartbeat(
        "--channel", receiver.url_for("/x"), "--path", "/noarch/y.conda", "--dry-run"
    )
    assert lines["URL"] == receiver.url_for("/x/noarch/y.conda")


@pytest.mark.parametrize(
    "channel, repository",
    [
        ("defaults", "https://repo.anaconda.com/pkgs/"),
        ("conda-forge", "https://conda.anaconda.org/"),
        ("mine", "https://conda.example.org/mine/"),
    ],
)
def test_a_channel_can_be_named(heartbeat, home, channel, repository):
    """Anaconda's repositories count the heartbeats of all their channels in one place."""
    (home / ".condarc").write_text("custom_channels: {mine: 'https://conda.example.org'}\n")
    status, lines, _ = heartbeat("-d", "--channel", channel)
    assert (status, lines["URL"]) == (0, f"{repository}main/noarch/activate-0.0.0-0.conda")


def test_quiet_prints_nothing(heartbeat, receiver):
    """Only the exit status and the request remain."""
    assert heartbeat("--quiet", "--channel", receiver.url_for("/x")) == (0, {}, "")
    assert len(receiver.log) == 1


@pytest.mark.parametrize(
    "condarc, variables, expected",
    [
        ("", {}, "off (the default)"),
        ("anaconda_heartbeat: true\n", {}, "on ({home}/.condarc, line 1)"),
        ("\n\nanaconda_heartbeat: no\n", {}, "off ({home}/.condarc, line 3)"),
        ("anaconda_heartbeat: no\n", {"CONDA_ANACONDA_HEARTBEAT": "on"}, "on (CONDA_ANACONDA_HEARTBEAT)"),
        ("anaconda_heartbeat: on\n", {"DO_NOT_TRACK": "1"}, "off (DO_NOT_TRACK)"),
        (
            "anaconda_heartbeat: ftp://x\n",
            {},
            "off ({home}/.condarc, line 1: neither true nor false nor a full http(s) URL)",
        ),
    ],
)  # fmt: skip
def test_the_deciding_source_is_named(heartbeat, home, condarc, variables, expected):
    """It is the file and line, or the variable, that turns the heartbeat on or off."""
    (home / ".condarc").write_text(condarc)
    _, lines, _ = heartbeat("--dry-run", **variables)
    assert lines["heartbeat"] == expected.format(home=home)


def test_an_administrators_lock_is_named(own_base, environ, home, environment):
    """The user cannot override it."""
    system = own_base.prefix / ".condarc"
    system.write_text("anaconda_heartbeat: true #!final\n")
    (home / ".condarc").write_text("anaconda_heartbeat: false\n")
    done = subprocess.run(
        [own_base.python, *ARGUMENTS, "--dry-run", "--prefix", environment],
        env={**environ, "CONDA_ANACONDA_HEARTBEAT": "no"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[0] == (f"heartbeat:   on ({system}, line 1, locked by #!final)")


@pytest.mark.parametrize("option", ["--name", "--prefix"])
@pytest.mark.parametrize("value", ["nowhere", "", "../analysis", "/"])
def test_an_invalid_environment_is_a_one_line_error(heartbeat, option, value):
    """On stderr, with exit status 2 and without a traceback."""
    status, lines, errors = heartbeat(option, value)
    assert (status, lines, errors.count("\n")) == (2, {}, 1)
    assert re.match(r"anaconda-anon-usage: error: no environment is (named|at) '", errors)


def test_name_finds_an_environment(heartbeat, environment):
    """conda's environment directories are searched."""
    _, lines, _ = heartbeat(
        "--dry-run", "--name", "analysis", CONDA_ENVS_DIRS=str(environment.parent)
    )
    assert lines["environment"] == str(environment)


def test_base_is_found_by_name(heartbeat, base):
    """It is not in an environment directory."""
    _, lines, _ = heartbeat("--dry-run", "--name", "base")
    assert lines["environment"] == str(base.prefix)


def test_offline_prevents_heartbeats(heartbeat, home, receiver):
    """conda sends nothing then, either."""
    (home / ".condarc").write_text("offline: true\n")
    status, lines, _ = heartbeat("--channel", receiver.url_for("/x"))
    assert (status, lines["not sent"], receiver.log) == (1, "offline is on", [])


def test_without_a_channel_of_anaconda_nothing_is_sent(heartbeat, home):
    """Other servers receive no heartbeats unless a URL is configured."""
    (home / ".condarc").write_text(
        "anaconda_heartbeat: true\n"
        "channels: [https://conda.example.org/mirror]\n"
        "channel_alias: https://conda.example.org\n"
    )
    status, lines, _ = heartbeat()
    assert (status, lines["URL"], lines["not sent"]) == (
        1,
        "none",
        "no Anaconda channel is configured",
    )


def test_an_invalid_connection_setting_prevents_heartbeats(heartbeat, home, receiver):
    """The setting is named, and the heartbeat does not bypass it."""
    (home / ".condarc").write_text("ssl_verify: /no/such/bundle.pem\n")
    status, lines, _ = heartbeat("--channel", receiver.url_for("/x"))
    assert (status, receiver.log) == (1, [])
    assert lines["not sent"].startswith("ssl_verify: ")


def test_a_proxy_is_shown_without_its_password(heartbeat, home):
    """The proxy comes from conda's settings or from the usual variables."""
    (home / ".condarc").write_text("proxy_servers: {https: 'http://me:secret@127.0.0.1:9'}\n")
    _, lines, _ = heartbeat("--dry-run")
    assert lines["proxy"] == "http://…@127.0.0.1:9"
    _, lines, _ = heartbeat("--dry-run", https_proxy="http://127.0.0.1:10")
    assert lines["proxy"] == "http://127.0.0.1:10"


def test_with_telemetry_off_only_the_version_is_sent(heartbeat, home, environment):
    """The setting applies to heartbeats and to all other requests."""
    (home / ".condarc").write_text("anaconda_anon_usage: off\n")
    _, lines, _ = heartbeat("--dry-run")
    assert re.search(r" aau/\S+$", lines["User-Agent"])
    assert not (home / ".conda" / "aau_token").exists()
    assert not (environment / "etc" / "aau_token").exists()


def test_debug_output_explains_every_decision_and_shows_no_token(base, environ, home, tmp_path):
    """On stderr: the settings, the URL, the token files, the account, the connection."""
    prefix = base.make_environment(tmp_path / "env")
    url = "http://127.0.0.1:9/beat"
    (home / ".condarc").write_text(f"anaconda_heartbeat: {url}\nanaconda_anon_usage: maybe\n")
    (prefix / ".condarc").write_text("anaconda_anon_usage: true\n")
    (home / ".conda").mkdir()
    (home / ".conda" / "org_token").write_text("acme-corporation\n")
    done = subprocess.run(
        [base.python, "-I", "-m", "anaconda_anon_usage.heartbeat", "--dry-run", "-p", prefix],
        env={**environ, "ANACONDA_ANON_USAGE_DEBUG": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = [line.removeprefix("anaconda-anon-usage: ") for line in done.stderr.splitlines()]
    # Many containers have no machine identity.
    said = [line for line in said if not line.startswith("no machine identity: ")]
    client, environment = home / ".conda" / "aau_token", prefix / "etc" / "aau_token"
    assert [
        f"configuration files: {home}/.condarc, {prefix}/.condarc",
        f"anaconda_anon_usage: on ({prefix}/.condarc, line 1)",
        f"anaconda_heartbeat: on ({home}/.condarc, line 1)",
        f"URL: {url}, from the setting anaconda_heartbeat",
        f"{client}: no token",
        f"{client}: using the token",
        f"{environment}: no token",
        f"{environment}: using the token",
        "Anaconda account: not logged in",
        f"{home}/.conda/org_token: its token is sent",
        "connection: no proxy is configured, so requests is not needed",
    ] == said
    sent = re.findall(r" [cseo]/(\S+)", done.stdout)
    assert 4 == len(sent)
    assert [] == [token for token in sent if token in done.stderr]
