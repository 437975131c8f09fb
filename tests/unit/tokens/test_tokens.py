"""The string of all tokens, and the session token in it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading

import pytest
from conda_root import clean_environ
from processes import (
    CLIENT_TOKEN,
    PACKAGE_PARENT,
    files_in,
    is_random,
    make_environment,
    run,
)
from support import posix

import anaconda_anon_usage
from anaconda_anon_usage import tokens
from anaconda_anon_usage.tokens import grammar

PUBLIC_NAMES = [
    "version_token",
    "client_token",
    "session_token",
    "environment_token",
    "anaconda_auth_token",
    "installer_tokens",
    "organization_tokens",
    "machine_tokens",
    "all_tokens",
    "token_string",
    "Tokens",
]

FIELDS = "version client session environment anaconda_cloud installer organization machine"

ADMINISTRATOR = ["installer", "org", "machine"]

VERSION = anaconda_anon_usage.__version__

#: An invented key for user 00112233-4455-6677-8899-aabbccddeeff, valid until the year 2286.
API_KEY = (
    "eyJ0eXAiOiJKV1QifQ"
    ".eyJleHAiOjk5OTk5OTk5OTksInN1YiI6IjAwMTEyMjMzLTQ0NTUtNjY3Ny04ODk5LWFhYmJjY2RkZWVmZiJ9.c2ln"
)


def test_public_names_exist():
    """Existing clients import them."""
    assert [] == [name for name in PUBLIC_NAMES if not hasattr(tokens, name)]


def test_tokens_are_a_named_tuple():
    """In the order that clients unpack."""
    everything = tokens.all_tokens()
    assert (True, tuple(FIELDS.split())) == (isinstance(everything, tuple), everything._fields)


def test_the_string_has_every_token_in_order(tmp_path, home, monkeypatch):
    """Random tokens are first, administrators' tokens last."""
    env = make_environment(tmp_path / "env")
    for kind in ADMINISTRATOR:
        monkeypatch.setenv(f"ANACONDA_ANON_USAGE_{kind.upper()}_TOKEN", f"{kind}-one")
        (home / f"{kind}_token").write_text(f"{kind}-two")
    monkeypatch.setenv("ANACONDA_AUTH_API_KEY", API_KEY)
    everything = tokens.all_tokens(str(env))
    client, session, environment = everything[1:4]
    expected = (
        f"aau/{VERSION} c/{client} s/{session} e/{environment} a/ABEiM0RVZneImaq7zN3u_w "
        "i/installer-one i/installer-two o/org-one o/org-two m/machine-one m/machine-two"
    )
    assert expected == tokens.token_string(str(env))
    assert [True] * 3 == [is_random(token) for token in everything[1:4]]
    assert 3 == len(set(everything[1:4]))


def test_missing_tokens_are_omitted():
    """Without an environment, a login and an administrator."""
    expected = f"aau/{VERSION} c/{tokens.client_token()} s/{tokens.session_token()}"
    assert expected == tokens.token_string()
    assert ("", "", [], [], []) == tokens.all_tokens()[3:]


def test_a_failing_token_is_omitted(monkeypatch):
    """The reason does not matter."""

    def fail(*arguments):
        raise RuntimeError

    for name in ("client_token", "environment_token", "organization_tokens", "anaconda_auth_token"):
        monkeypatch.setattr(tokens, name, fail)
    assert f"aau/{VERSION} s/{tokens.session_token()}" == tokens.token_string()


@pytest.mark.parametrize("value", ["", "a b", "a\r\nX-Evil: 1", "a" * 37, "é", 1])
def test_an_invalid_value_is_omitted(monkeypatch, value):
    """This is a second check, after that of its source."""
    monkeypatch.setattr(tokens, "client_token", lambda enabled: value)
    monkeypatch.setattr(tokens, "machine_tokens", lambda prefix, enabled: [value, "machine"])
    expected = f"aau/{VERSION} s/{tokens.session_token()} m/machine"
    assert expected == tokens.token_string()


def test_telemetry_is_off_without_the_settings(monkeypatch):
    """A running process cannot import them after the package is removed."""
    monkeypatch.setitem(sys.modules, "anaconda_anon_usage.settings", None)
    assert f"aau/{VERSION}" == tokens.token_string()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_interrupts_propagate(monkeypatch, error):
    """Ctrl-C ends the command, not only the search for a token."""

    def interrupted(enabled):
        raise error

    monkeypatch.setattr(tokens, "client_token", interrupted)
    with pytest.raises(error):
        tokens.token_string()


def test_nothing_is_read_or_written_when_disabled(tmp_path, home):
    """The string has only the version then."""
    make_environment(home / "env")
    (home / "org_token").write_text("org")
    before = files_in(home)
    code = """
        import sys
        from anaconda_anon_usage.tokens import token_string
        events = []
        sys.addaudithook(lambda event, arguments: events.append(event))
        string = token_string(enabled=False)
        print(string, [event for event in events if event.startswith(("open", "os.", "socket"))])
    """
    printed = run(home, code, CONDA_PREFIX=str(home / "env"))
    assert (f"aau/{VERSION} []", before) == (printed, files_in(home))


def test_the_module_prints_the_string(home):
    """Administrators see what is sent."""
    printed = run_module(home)
    assert grammar.TOKEN_STRING.fullmatch(printed)
    assert f"aau/{VERSION} c/{run(home, CLIENT_TOKEN)} s/" == printed[:-22]


def test_the_module_prints_a_random_token(home):
    """It is valid for org_token and machine_token, and nothing is written."""
    first, second = run_module(home, "--random"), run_module(home, "--random")
    assert [True, True] == [is_random(first), is_random(second)]
    assert (False, []) == (first == second, os.listdir(home))


def run_module(home, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "anaconda_anon_usage.tokens", *arguments],
        env=clean_environ(home, PYTHONPATH=PACKAGE_PARENT),
        cwd=home,
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    ).stdout.rstrip("\n")


def imports(code: str) -> set[str]:
    """Return the top-level modules that an isolated Python imports for code."""
    result = subprocess.run(
        [sys.executable, "-I", "-X", "importtime", "-c", code],
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    names = re.findall(r"^import time: .*\| +([\w.]+)$", result.stderr, re.MULTILINE)
    return {name.partition(".")[0] for name in names}


IMPORT = f"import sys; sys.path.insert(0, {PACKAGE_PARENT!r}); import anaconda_anon_usage.tokens"
USE = "; anaconda_anon_usage.tokens.token_string()"


@pytest.mark.parametrize("code", [IMPORT, IMPORT + USE])
def test_only_the_standard_library_is_imported(code):
    """Clients can import it in any environment. Modules of .pth files do not count."""
    imported = imports(code) - imports("pass")
    assert "anaconda_anon_usage" in imported
    assert set() == imported & {"conda", "requests", "ruamel", "anaconda_auth", "keyring"}
    if sys.version_info >= (3, 10):
        assert {"anaconda_anon_usage"} == imported - sys.stdlib_module_names


@posix
def test_the_session_token_is_constant_in_a_process_and_different_in_others(home):
    """A forked process has its own."""
    code = """
        import os
        from anaconda_anon_usage.tokens import session_token
        print(session_token(), session_token(), flush=True)
        child = os.fork()
        if child:
            os.waitpid(child, 0)
        print(session_token(), flush=True)
    """
    first, again, forked, last = run(home, code).split()
    assert (first, first) == (again, last)
    assert 3 == len({first, forked, run(home, code).split()[0]})


def test_concurrent_threads_get_the_same_session_token(monkeypatch):
    """conda downloads in several threads."""
    barrier, random_token, seen = threading.Barrier(2, timeout=30), tokens.random_token, []

    def simultaneous():
        barrier.wait()
        return random_token()

    monkeypatch.setattr(tokens, "random_token", simultaneous)
    threads = [
        threading.Thread(target=lambda: seen.append(tokens.session_token())) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (2, 1) == (len(seen), len(set(seen)))
