"""The token of the Anaconda account, from the variable and the keyring file."""

from __future__ import annotations

import base64
import json
import os
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logins import (
    OTHER_USER,
    PRINT_TOKEN,
    TOKEN,
    USER,
    api_key,
    entry,
    is_none_or_token,
    run,
    write_keyring,
)
from support import posix

from anaconda_anon_usage.tokens import account
from anaconda_anon_usage.tokens.account import account_token, token_from_api_key


def test_an_empty_home_has_no_account_token():
    """There is no key."""
    assert None is account_token()


def test_the_variable_is_read(monkeypatch):
    """ANACONDA_AUTH_API_KEY contains the key itself."""
    monkeypatch.setenv("ANACONDA_AUTH_API_KEY", api_key())
    assert TOKEN == account_token()


def test_the_keyring_file_is_read(home):
    """anaconda-auth wrote it at login."""
    write_keyring(home, api_key())
    assert TOKEN == account_token()


def test_the_keyring_file_does_not_change(home):
    """Neither its content nor its directory does."""
    file = write_keyring(home, api_key())
    before = file.read_bytes(), file.stat().st_mtime_ns, os.listdir(home / ".anaconda")
    account_token()
    after = file.read_bytes(), file.stat().st_mtime_ns, os.listdir(home / ".anaconda")
    assert before == after


def test_nothing_is_created_in_an_empty_home(home):
    """Not even the directory of the keyring."""
    account_token()
    assert [] == os.listdir(home)


def test_the_variable_takes_precedence_over_the_file(home, monkeypatch):
    """anaconda-auth does the same."""
    write_keyring(home, api_key(OTHER_USER))
    monkeypatch.setenv("ANACONDA_AUTH_API_KEY", api_key())
    assert TOKEN == account_token()


@pytest.mark.parametrize("key", ["", "nonsense", api_key(exp=1)])
def test_the_file_is_read_if_the_variable_is_invalid(home, monkeypatch, key):
    """An empty, malformed or expired variable does not hide the login."""
    write_keyring(home, api_key())
    monkeypatch.setenv("ANACONDA_AUTH_API_KEY", key)
    assert TOKEN == account_token()


@pytest.mark.parametrize("domain", ["id.anaconda.cloud", "anaconda.cloud"])
def test_a_login_of_an_older_version_is_read(home, domain):
    """anaconda-auth moves it to anaconda.com at its next use."""
    write_keyring(home, api_key(), domain)
    assert TOKEN == account_token()


def test_the_current_login_takes_precedence_over_an_older_one(home):
    """Their order in the file does not matter."""
    file = write_keyring(home, api_key(OTHER_USER), "anaconda.cloud")
    data = json.loads(file.read_text())
    data["Anaconda Cloud"]["anaconda.com"] = entry(api_key())
    file.write_text(json.dumps(data))
    assert TOKEN == account_token()


def test_a_login_to_another_domain_is_not_read(home):
    """It counts only if the settings name that domain."""
    write_keyring(home, api_key(), "anaconda.example.com")
    assert None is account_token()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 100,
        b"\xff\xfe",
        b"not JSON",
        b"[]",
        b"null",
        b"{}",
        b"[" * 60000,
        b'{"Anaconda Cloud": null}',
        b'{"Anaconda Cloud": []}',
        b'{"Anaconda Cloud": {}}',
        b'{"Anaconda Cloud": {"anaconda.com": null}}',
        b'{"Anaconda Cloud": {"anaconda.com": 17}}',
        b'{"Anaconda Cloud": {"anaconda.com": ""}}',
        b'{"Anaconda Cloud": {"anaconda.com": "no base64"}}',
        b'{"Anaconda Cloud": {"anaconda.com": "\\u00e9"}}',
        b'{"Anaconda Cloud": {"anaconda.com": "bm90IEpTT04="}}',
        b'{"Anaconda Cloud": {"anaconda.com": "W10="}}',
        b'{"Anaconda Cloud": {"anaconda.com": "e30="}}',
        json.dumps({"Anaconda Cloud": {"anaconda.com": entry(17)}}).encode(),
        json.dumps({"Anaconda Cloud": {"anaconda.com": entry([api_key()])}}).encode(),
        json.dumps({"Anaconda Cloud": {"anaconda.com": entry(api_key(exp=1))}}).encode(),
    ],
    ids=lambda content: repr(content[:60]),
)
def test_a_damaged_keyring_file_gives_no_token(home, content):
    """It may be truncated, overwritten or written by hand."""
    file = write_keyring(home, api_key())
    file.write_bytes(content)
    assert None is account_token()


@posix
def test_a_home_is_not_below_the_working_directory(home, monkeypatch):
    """Without a home, ~ is not expanded, and would be a directory of that name."""
    write_keyring(home, api_key())
    (home / "~").mkdir()
    (home / ".anaconda").rename(home / "~" / ".anaconda")
    monkeypatch.chdir(home)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert None is account_token()


def test_a_huge_entry_is_not_read():
    """The system's keyring may contain one."""
    text = base64.b64encode(json.dumps({"api_key": api_key()}).encode() + b" " * 65536).decode()
    assert None is account._attempt(account._key_of_entry, text)


def test_a_huge_keyring_file_is_not_read(home):
    """The limit is 64 KiB."""
    file = write_keyring(home, api_key())
    text = file.read_text()
    file.write_text(text + " " * (65536 - len(text)))
    at_the_limit = account_token()
    file.write_text(text + " " * (65537 - len(text)))
    assert (TOKEN, None) == (at_the_limit, account_token())


@posix
@pytest.mark.parametrize("name", ["keyring", "config.toml"])
@pytest.mark.parametrize("kind", ["directory", "fifo", "loop", "device"])
def test_a_special_file_neither_blocks_nor_fails(home, name, kind):
    """An ordinary open of a pipe without a writer would block forever."""
    path = home / ".anaconda" / name
    path.parent.mkdir()
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        getattr(os, "mkfifo", lambda path: pytest.skip("no FIFOs"))(path)
    else:
        target = path if kind == "loop" else "/dev/zero"
        try:
            path.symlink_to(target)
        except OSError:
            pytest.skip("no symbolic links")
    assert "None" == run(home, PRINT_TOKEN)


@given(st.binary())
def test_any_bytes_in_the_keyring_give_a_token_or_none(content):
    """Any content of an entry neither raises nor gets into the string."""
    text = base64.b64encode(content).decode()
    key = account._attempt(account._key_of_entry, text)
    assert is_none_or_token(token_from_api_key(key))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_interrupts_propagate(home, monkeypatch, error):
    """Ctrl-C ends the command, not only the search for a token."""

    def interrupted(*arguments):
        raise error

    monkeypatch.setattr(account, "read_token_text", interrupted)
    with pytest.raises(error):
        account_token()


@pytest.mark.parametrize("error", [OSError, MemoryError, RecursionError, RuntimeError])
def test_other_errors_do_not_propagate(monkeypatch, capsys, error):
    """The token is omitted. The error's text, which may quote the key, is not printed."""
    monkeypatch.setenv("ANACONDA_ANON_USAGE_DEBUG", "1")

    def failing(*arguments):
        raise error(api_key())

    monkeypatch.setattr(account, "read_token_text", failing)
    assert None is account_token()
    said = capsys.readouterr().err
    assert (True, False) == (error.__name__ in said, api_key() in said)


@pytest.mark.parametrize("key", [api_key(), api_key(exp=1), api_key("someone"), "s3cret"])
def test_debug_output_contains_neither_key_nor_user(home, monkeypatch, capsys, key):
    """Users may paste it into a bug report."""
    monkeypatch.setenv("ANACONDA_ANON_USAGE_DEBUG", "1")
    monkeypatch.setenv("ANACONDA_AUTH_API_KEY", key)
    write_keyring(home, key)
    account_token()
    said = capsys.readouterr().err
    secrets = [USER, TOKEN, "someone", "s3cret", *key.split(".")]
    assert [] == [secret for secret in secrets if secret in said]


def test_the_token_needs_neither_ssl_nor_ctypes(home):
    """Some builds of Python lack them."""
    write_keyring(home, api_key())
    code = "sys.modules.update(ssl=None, _ssl=None, ctypes=None, _ctypes=None)"
    assert TOKEN == run(home, code + "\n" + textwrap.dedent(PRINT_TOKEN))
