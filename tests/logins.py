"""Logins as anaconda-auth stores them, and processes that read them."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import textwrap
import uuid
from pathlib import Path

import anaconda_anon_usage

REPOSITORY = str(Path(anaconda_anon_usage.__file__).parent.parent)
FUTURE = 4102444800  # the year 2100
USER = "00112233-4455-6677-8899-aabbccddeeff"
TOKEN = "ABEiM0RVZneImaq7zN3u_w"
OTHER_USER = "ffffffff-ffff-4fff-bfff-ffffffffffff"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def token_of(user: str) -> str:
    return base64url(uuid.UUID(user).bytes)


def api_key(user=USER, header=None, **claims) -> str:
    """Return a key like one of the real service; a claim of None is omitted."""
    header = {"alg": "RS256", "typ": "JWT"} if header is None else header
    claims = {"exp": FUTURE, "sub": user, "scopes": ["cloud:read"], **claims}
    claims = {name: value for name, value in claims.items() if value is not None}
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), b"signature"]
    return ".".join(map(base64url, parts))


def entry(key) -> str:
    """Return the content of a keyring's entry for a domain."""
    return base64.b64encode(json.dumps({"api_key": key, "version": 2}).encode()).decode()


def write_keyring(home: Path, key, domain="anaconda.com", path=".anaconda/keyring") -> Path:
    file = home / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"Anaconda Cloud": {domain: entry(key)}}))
    return file


def write_config(home: Path, text: str) -> Path:
    file = home / ".anaconda" / "config.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(textwrap.dedent(text))
    return file


def run(home: Path, code: str, **variables: str) -> str:
    """Run code in a new Python with a given home and without a network.

    Any network access ends it with status 97. Returns its stdout; its stderr must be empty.
    """
    prelude = """
        import os, sys
        def offline(event, arguments):
            outwards = event == "socket.connect" and isinstance(arguments[1], tuple)
            if outwards or event == "socket.getaddrinfo":
                os._exit(97)
        sys.addaudithook(offline)
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ANACONDA", "DBUS", "PYTHON"))
    }
    path = os.pathsep.join([REPOSITORY, str(home / "modules")])
    proxies = dict.fromkeys(["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"], "http://127.0.0.1:9")
    environment.update(proxies, HOME=str(home), USERPROFILE=str(home), PYTHONPATH=path)
    environment.update(variables)
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(prelude) + textwrap.dedent(code)],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (0, "") == (result.returncode, result.stderr)
    return result.stdout.strip()


PRINT_TOKEN = """
    from anaconda_anon_usage.tokens.account import account_token
    print(account_token())
"""


def is_none_or_token(value) -> bool:
    """Return whether a value is None or has the form of an account token."""
    return value is None or re.fullmatch(r"[A-Za-z0-9_-]{22}", value) is not None
