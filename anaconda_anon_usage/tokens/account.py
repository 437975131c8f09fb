"""The token of the Anaconda account that the user is logged in to, for ``a/``.

anaconda-auth manages the login, but importing it on every conda command would take almost
a second. So this module reads the library's variables and files by its rules (verified
with 0.8 to 0.15), and imports it only if its settings say that logins are stored in the
system's keyring. This module writes nothing and does not use the network. The library
itself creates an empty keyring file when it is imported.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import os
import re
import time
from collections.abc import Callable, Iterator
from importlib import import_module

from .._common import read_token_text, say
from .grammar import encode

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing
if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")

#: Limit in bytes for the keyring file and config.toml, and in characters for a key.
SIZE_LIMIT = 64 * 1024

#: The environment variable for an API key.
VARIABLE = "ANACONDA_AUTH_API_KEY"

_SERVICE = "Anaconda Cloud"
_DOMAIN = "anaconda.com"

# Where logins for anaconda.com were stored before anaconda-auth 0.8, which moves them.
_OLDER_DOMAINS = ("id.anaconda.cloud", "anaconda.cloud")

# The settings of anaconda-auth that say where a login is stored.
_SETTINGS = ("api_key", "domain", "keyring_path", "preferred_token_storage")

# Parsing takes time quadratic in the length of a dotted key, 16 seconds for 64 KiB, so a
# config.toml with longer lines is ignored.
_LINE_LIMIT = 2000

_BASE64URL = r"[A-Za-z0-9_-]+"
_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def account_token() -> str | None:
    """Return the token of the first valid key of key_sources(), or None; never raise."""
    for source, key in key_sources():
        token = token_from_api_key(key())
        if token:
            say(f"Anaconda account: using the key in {source}")
            return token
    say("Anaconda account: not logged in")
    return None


def key_sources() -> Iterator[tuple[str, Callable[[], str | None]]]:
    """Yield the locations where a key can be stored, in order of precedence.

    Yields:
        The variable, path or description, and a function that returns the key or None.
    """
    yield VARIABLE, functools.partial(os.environ.get, VARIABLE)
    settings = _attempt(_load_settings) or {}
    older = "ANACONDA_CLOUD_API_KEY"
    source = older if older in os.environ else _config_path()
    yield source, functools.partial(settings.get, "api_key")
    if settings.get("preferred_token_storage") == "system":
        yield "the system's keyring", functools.partial(_attempt, _key_in_system_keyring, settings)
    path = settings.get("keyring_path", "~/.anaconda/keyring")
    yield path, functools.partial(_attempt, _key_in_file, path, settings)


def token_from_api_key(key: str | None, now: float | None = None) -> str | None:
    """Return the token of the user that an API key was issued to, or None; never raise.

    A key is a JSON Web Token (RFC 7519) whose ``sub`` is a UUID and whose ``exp`` exceeds
    now, the current time by default. The token is the UUID in URL-safe base64. The signature
    is not verified, because that would require fetching the issuer's public key. The key comes
    from the user's own variables and files and grants nothing here.
    """
    return _attempt(_token, key, time.time() if now is None else now) if key else None


def _token(key: str, now: float) -> str:
    if len(key) > SIZE_LIMIT:
        raise ValueError("too long")
    header, payload, signature = key.split(".")
    _base64url(signature)
    if _json_object(_base64url(header)).get("typ") != "JWT":
        raise ValueError("not a JWT")
    claims = _json_object(_base64url(payload))
    expires = claims["exp"]
    # To Python, JSON's true is an int, and 1e999, Infinity and NaN are floats.
    if isinstance(expires, bool) or not now < expires < float("inf"):
        raise ValueError("expired")
    if not re.fullmatch(_UUID, claims["sub"]):
        raise ValueError("not a UUID")
    return encode(bytes.fromhex(claims["sub"].replace("-", "")))


def _base64url(text: str) -> bytes:
    """Decode a part of a JWT: URL-safe base64 without padding (RFC 7515, section 2)."""
    if not re.fullmatch(_BASE64URL, text):
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _json_object(data: bytes) -> dict[str, Any]:
    import json

    value = json.loads(data.decode("utf-8"))
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _key_in_file(path: str, settings: dict[str, str]) -> str | None:
    """Return the key in the keyring file: ``{service: {domain: entry}}`` in JSON."""
    text = _text(path)
    entries = _json_object(text.encode())[_SERVICE] if text else {}
    for domain in _domains(settings):
        if domain in entries:
            return _key_of_entry(entries[domain])
    return None


def _key_in_system_keyring(settings: dict[str, str]) -> str | None:
    """Return the key that anaconda-auth would find in the system's keyring.

    TokenInfo.load() is not used, since it moves entries of older domains and queries
    NavigatorFallback, which renews Navigator's login over the network and meanwhile asks
    this package for its token string.
    """
    import anaconda_auth.token  # noqa: F401  registers its backends
    import keyring
    from keyring.backends.chainer import ChainerBackend

    # The library prints warnings about renamed settings, even on stdout, where they would
    # break conda's --json.
    silence = io.StringIO()
    with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
        chosen = keyring.get_keyring()
        backends = chosen.backends if isinstance(chosen, ChainerBackend) else [chosen]
        for domain in _domains(settings):
            for backend in backends:
                if type(backend).__name__ == "NavigatorFallback":
                    continue
                entry = backend.get_password(_SERVICE, domain)
                if entry is not None:
                    return _key_of_entry(entry)
    return None


def _key_of_entry(entry: str) -> str | None:
    """Return the API key in a keyring's entry for a domain: base64 of a JSON object."""
    if len(entry) > SIZE_LIMIT:
        raise ValueError("too long")
    key: str | None = _json_object(base64.b64decode(entry)).get("api_key")
    return key


def _domains(settings: dict[str, str]) -> tuple[str, ...]:
    """Return the domains for which a login may be stored, the current one first."""
    domain = settings.get("domain", _DOMAIN)
    domain = re.sub(r"^https?://", "", domain).partition("/")[0]
    return (domain, *_OLDER_DOMAINS) if domain == _DOMAIN else (domain,)


def _attempt(function: Callable[..., T], *arguments: object) -> T | None:
    """Return the result of a function, or None if it fails."""
    try:
        return function(*arguments)
    except Exception as error:  # its text could quote the key, so only its kind is shown
        say(f"Anaconda account: {function.__name__.strip('_')}: {type(error).__name__}")
        return None


def _load_settings() -> dict[str, str]:
    """Return the settings of anaconda-auth that say where a login is stored.

    The library's sources, later ones override earlier ones: the table ``plugin.auth`` of
    config.toml, ``plugin.cloud`` and ``ANACONDA_CLOUD_...`` (the names before 0.8), the
    table of the selected site, ``ANACONDA_AUTH_...``. The library also reads ``.env`` in
    the working directory and ``/run/secrets``; this function does not.
    """
    config = _attempt(_config_toml) or {}
    plugins = _table(config, "plugin")
    older, current = (
        {name: os.environ.get(f"ANACONDA_{kind}_{name.upper()}") for name in _SETTINGS}
        for kind in ("CLOUD", "AUTH")
    )
    sources = (_table(plugins, "auth"), _table(plugins, "cloud"), older, _site(config), current)
    return {
        name: value
        for source in sources
        for name, value in source.items()
        if name in _SETTINGS and isinstance(value, str)
    }


def _site(config: dict[str, object]) -> dict[str, object]:
    """Return the table of the site that the library (since 0.11) selects by name or domain."""
    sites = _table(config, "sites")
    chosen = (
        os.environ.get("ANACONDA_AUTH_SITE")
        or os.environ.get("ANACONDA_AUTH_DOMAIN")
        or os.environ.get("ANACONDA_DEFAULT_SITE")
        or config.get("default_site")
        or next(iter(sites), None)
    )
    if not isinstance(chosen, str):
        return {}
    if chosen in sites:
        return _table(sites, chosen)
    tables = [_table(sites, name) for name in sites]
    return next((table for table in tables if table.get("domain") == chosen), {})


def _table(tables: dict[str, object], name: str) -> dict[str, object]:
    table = tables.get(name)
    return table if isinstance(table, dict) else {}


def _config_path() -> str:
    return os.environ.get("ANACONDA_CONFIG_TOML", "~/.anaconda/config.toml")


def _config_toml() -> dict[str, object]:
    text = _text(_config_path())
    if not text:
        return {}
    if any(len(line) > _LINE_LIMIT for line in text.split("\n")):
        raise ValueError("overlong line")
    try:
        parser = import_module("tomllib")
    except ImportError:  # before Python 3.11, where anaconda-auth requires tomli
        parser = import_module("tomli")
    content: dict[str, object] = parser.loads(text)
    return content


def _text(path: str) -> str | None:
    """Return the content of a file whose path may have variables and ``~``, or None."""
    if len(path) > _LINE_LIMIT:  # expandvars() takes quadratic time for `${${`
        return None
    found = os.path.expanduser(os.path.expandvars(path))
    return read_token_text(found, SIZE_LIMIT) if found and found[0] != "~" else None
