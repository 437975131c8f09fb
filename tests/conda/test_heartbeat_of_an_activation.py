"""A real bash activates a real environment through a real conda."""

from __future__ import annotations

import base64
import json
import subprocess
import sys

import pytest
from support import HOSTILE, tool, wait_until

SHOW = "from conda.base.context import context; print({})"

OLDER = "sys.modules['conda._vendor.distro'] = distro"

ACTIVATE = 'eval "$("$1" shell.posix activate "$2")"'


@pytest.fixture
def activate(environ, tmp_path):
    """A function that activates an environment in bash and returns output and exit status."""

    def run(base, prefix, **variables):
        done = subprocess.run(
            [tool("bash"), "-euc", ACTIVATE, "bash", base.conda, prefix],
            env={**environ, **variables},
            cwd=tmp_path,
            capture_output=True,
            timeout=60,
        )
        return done.stdout, done.stderr, done.returncode

    return run


def user_agents(receiver, count: int) -> list[str]:
    """Wait for a number of requests and return the User-Agents of all requests received."""
    wait_until(lambda: len(receiver.log) >= count)
    assert {request.method for request, _ in receiver.log} == {"HEAD"}
    return [request.headers["User-Agent"] for request, _ in receiver.log]


def test_the_user_agent_has_condas_own_fields_without_running_conda(base, environ):
    """This includes the distribution, for which conda uses a library."""
    ours = "user_agent(sys.prefix, load()).partition(' aau/')[0]"
    code = (
        f"import distro, sys; {OLDER};"
        f"{SHOW.format('context.user_agent')};"
        "from anaconda_anon_usage.heartbeat.user_agent import user_agent;"
        f"from anaconda_anon_usage.settings import load; print({ours})"
    )
    done = subprocess.run(
        [base.python, "-Ic", code],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    of_conda, own = done.stdout.splitlines()
    assert of_conda.partition(" aau/")[0] == own


def token(path) -> str:
    """Return the token in a file."""
    return path.read_text().strip()


def test_one_activation_sends_one_head_with_the_tokens(
    base, activate, environ, home, receiver, tmp_path
):
    """The User-Agent is conda's, followed by the tokens of this user and this environment."""
    (home / ".condarc").write_text(f"anaconda_heartbeat: {receiver.url_for('/beat')}\n")
    # conda does not escape quotation marks in its output for the shell.
    prefix = base.make_environment(tmp_path / HOSTILE.strip("'\""))
    assert activate(base, prefix) == (b"", b"", 0)
    [user_agent] = user_agents(receiver, 1)
    shown = subprocess.run(
        # Older versions of conda have their own copy of distro, besides the one installed here.
        [base.python, "-Ic", f"import distro, sys; {OLDER}; {SHOW.format('context.user_agent')}"],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    own, _, tokens = user_agent.partition(" aau/")
    assert own == shown.stdout.strip()
    _, client, session, environment = tokens.split(" ")
    assert client == f"c/{token(home / '.conda' / 'aau_token')}"
    assert environment == f"e/{token(prefix / 'etc' / 'aau_token')}"
    assert session.startswith("s/")
    assert [request.path for request, _ in receiver.log] == ["/beat"]


def test_the_request_has_no_other_information(base, activate, home, receiver, tmp_path):
    """No cookie, no credential from ~/.netrc, and no header that requests would add."""
    (home / ".condarc").write_text(f"anaconda_heartbeat: {receiver.url_for('/beat')}\n")
    (home / ".netrc").write_text("default login me password secret\n")
    (home / ".netrc").chmod(0o600)
    activate(base, base.make_environment(tmp_path / "env"))
    user_agents(receiver, 1)
    [(request, _)] = receiver.log
    assert sorted(request.headers.keys()) == ["Accept-Encoding", "Host", "User-Agent"]


def test_a_redirect_is_not_followed(base, activate, home, httpserver, tmp_path):
    """Neither to another path nor to receive a cookie."""
    headers = {"Location": httpserver.url_for("/elsewhere"), "Set-Cookie": "a=b"}
    httpserver.expect_request("/beat", method="HEAD").respond_with_data(status=302, headers=headers)
    (home / ".condarc").write_text(f"anaconda_heartbeat: {httpserver.url_for('/beat')}\n")
    for name in ("one", "two"):
        activate(base, base.make_environment(tmp_path / name))
    user_agents(httpserver, 2)
    assert [request.path for request, _ in httpserver.log] == ["/beat", "/beat"]
    assert [request.headers.get("Cookie") for request, _ in httpserver.log] == [None, None]


@pytest.mark.parametrize(
    "condarc",
    [
        "",
        "anaconda_heartbeat: false\n",
        "anaconda_heartbeat: perhaps\n",
        "anaconda_heartbeat: {url}\noffline: true\n",
    ],
)
def test_off_sends_nothing(base, activate, home, receiver, tmp_path, condarc):
    """By default, when turned off, when invalid, and offline."""
    (home / ".condarc").write_text(condarc.format(url=receiver.url_for("/beat")))
    off, on = (base.make_environment(tmp_path / name) for name in ("off", "on"))
    assert activate(base, off) == (b"", b"", 0)
    # The heartbeat of the second activation is received after that of the first would be.
    (home / ".condarc").unlink()
    activate(base, on, CONDA_ANACONDA_HEARTBEAT=receiver.url_for("/on"))
    user_agents(receiver, 1)
    assert [request.path for request, _ in receiver.log] == ["/on"]


def test_a_broken_condarc_stops_the_heartbeat_and_not_the_activation(
    base, environ, home, receiver, tmp_path
):
    """Although a lock, which is read earlier, turns heartbeats on."""
    prefix = base.make_environment(tmp_path / "env")
    (prefix / "condarc.d").mkdir()
    activate_code = subprocess.run(
        [base.conda, "shell.posix", "activate", prefix],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lock = f"anaconda_heartbeat: {receiver.url_for('/beat')} #!final\n"
    (home / ".condarc").write_text(lock)
    (prefix / ".condarc").write_text("channels: [a]\nchannels: [b]\n")
    (prefix / "condarc.d" / "x.yml").write_bytes(b"\xff\xfe\x00 {[")
    done = subprocess.run(
        [tool("bash"), "-euc", activate_code],
        env={**environ, "ANACONDA_ANON_USAGE_LOG": str(home / "log")},
        capture_output=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 0)
    assert wait_until((home / "log").exists)
    problems = f"{prefix}/.condarc: duplicate key, line 2; {prefix}/condarc.d/x.yml: not UTF-8"
    assert f"NotSent: {problems}" == json.loads((home / "log").read_text())["error"]
    assert [] == receiver.log


def test_an_environment_without_conda_sends_with_its_own_python(
    wheel, home, receiver, tmp_path, environ
):
    """If neither base nor conda is known, the environment's own package sends."""
    prefix = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", prefix], check=True)
    site_packages = next(prefix.glob("lib/python3*/site-packages"))
    paths = [path for path in sys.path if path.endswith("site-packages")]
    (site_packages / "libraries.pth").write_text("\n".join(paths) + "\n")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", prefix / "bin" / "python", "install"),
            *("--quiet", "--no-deps", "--no-index", "--ignore-installed", wheel),
        ],
        check=True,
    )
    (prefix / "conda-meta").mkdir()
    (home / ".condarc").write_text(f"anaconda_heartbeat: {receiver.url_for('/beat')}\n")
    done = subprocess.run(
        [tool("bash"), "-euc", '. "$CONDA_PREFIX/etc/conda/activate.d/anaconda-anon-usage.sh"'],
        env={**environ, "CONDA_PREFIX": str(prefix)},
        capture_output=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 0)
    [user_agent] = user_agents(receiver, 1)
    assert user_agent.startswith("requests/")
    assert user_agent.endswith(f" e/{token(prefix / 'etc' / 'aau_token')}")


def test_a_logged_in_user_adds_the_account_token(base, activate, home, receiver, tmp_path):
    """``a/`` is the UUID of the account, from the file keyring of anaconda-auth."""

    def encoded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    user = bytes(range(16))
    claims = {"sub": "00010203-0405-0607-0809-0a0b0c0d0e0f", "exp": 2**33}
    key = ".".join(
        encoded(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "none"}, claims)
    )
    login = base64.b64encode(json.dumps({"api_key": f"{key}.c2ln"}).encode()).decode()
    (home / ".anaconda").mkdir()
    (home / ".anaconda" / "keyring").write_text(
        json.dumps({"Anaconda Cloud": {"anaconda.com": login}})
    )
    (home / ".condarc").write_text(f"anaconda_heartbeat: {receiver.url_for('/beat')}\n")
    activate(base, base.make_environment(tmp_path / "env"))
    [user_agent] = user_agents(receiver, 1)
    assert user_agent.endswith(f" a/{encoded(user)}")
