"""The two readers of untrusted text, as functions of bytes that check the result.

test_fuzz.py runs them on random input, fuzz_readers.py with coverage guidance.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from pathlib import Path

from anaconda_anon_usage import settings as configuration
from anaconda_anon_usage import tokens
from anaconda_anon_usage.tokens import account, grammar

#: The grammar of every string that is sent, which only the package defines.
TOKEN_STRING = grammar.TOKEN_STRING

_DIRECTORY = Path(tempfile.mkdtemp(prefix="aau-fuzz-"))
_VARIABLES = {"HOME": str(_DIRECTORY), "PATH": "/usr/bin:/bin"}


def check_condarc(data: bytes) -> None:
    """Read a condarc, and check that all settings have their types and nothing is printed."""
    (_DIRECTORY / ".condarc").write_bytes(data)
    printed = io.StringIO()
    silence = contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed)
    with _variables(_VARIABLES), silence[0], silence[1]:
        settings = configuration.load(None)
    assert "" == printed.getvalue()
    assert isinstance(settings.anon_usage, bool)
    assert isinstance(settings.connection.offline, bool)
    assert all("\n" not in problem for problem in settings.connection.problems)
    url = settings.heartbeat
    if not isinstance(url, bool):  # no space, no line break, only ASCII
        assert url.startswith(("http://", "https://")) and all("!" <= c <= "~" for c in url)
        assert "@" not in url.split("/")[2]
    assert set(settings.connection.repositories) <= set(configuration.REPOSITORIES)
    assert TOKEN_STRING.fullmatch(tokens.token_string(None, enabled=False))


def check_jwt(data: bytes) -> None:
    """Read an API key, and check that the result is a token of 22 characters or nothing."""
    text = data.decode("utf-8", "surrogateescape")
    token = account.token_from_api_key(text, now=1.0)
    assert token is None or (len(token) == 22 and grammar.is_token(token))
    assert TOKEN_STRING.fullmatch(f"aau/1 a/{token or 'none'}")


@contextlib.contextmanager
def _variables(variables: dict[str, str]):
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
