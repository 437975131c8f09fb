"""The token of the Anaconda account that the user is logged in to, for ``a/``.

The login belongs to anaconda-auth, whose import takes the better part of a second, on
every conda command. So what it keeps in variables and files is read here, by its rules
(checked with 0.8 to 0.15), and the library itself is imported only where its settings
say that logins lie in the system's keyring. Nothing is written here (the library, once
it is imported, makes an empty keyring file if there is none), and nothing asks the network.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import os
import re
import time
from collections.abc import Iterator

from .._common import read_text, say
from .grammar import encode

#: Limit in bytes for the keyring file and config.toml, and in characters for a key.
SIZE_LIMIT = 64 * 1024

#: The variable that holds a key.
VARIABLE = "ANACONDA_AUTH_API_KEY"

_SERVICE = "Anaconda Cloud"
_DOMAIN = "anaconda.com"

# Where logins for anaconda.com lay before anaconda-auth 0.8, which moves them on use.
_OLDER_DOMAINS = ("id.anaconda.cloud", "anaconda.cloud")

# The settings of anaconda-auth that say where a login is stored.
_SETTINGS = ("api_key", "domain", "keyring_path", "preferred_token_storage")

# Longer lines of config.toml are left to the scanner below: tomllib needs time that grows
# with the square of a dotted key's length, 16 seconds for one of 64 KiB.
_LINE_LIMIT = 2000

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def account_token() -> str | None:
    """Return the token of the logged-in user: 22 characters, or None if there is none.

    The first usable key of key_sources() counts. Never raises an Exception.
    """
    for place, key in key_sources():
        token = token_from_api_key(key())
        if token:
            say(f"Anaconda account: that of the key in {place}")
            return token
    say("Anaconda account: nobody is logged in")
    return None


def key_sources() -> Iterator[tuple[str, functools.partial]]:
    """Yield the places that are looked at for a key, the one that counts most first.

    Yields:
        The place: a variable, a file's path, or words; and a function without arguments
        that returns the key there, or None, and never raises an Exception.
    """
    yield VARIABLE, functools.partial(os.environ.get, VARIABLE)
    settings = _attempt(_load_settings) or {}
    yield _settings_place(), functools.partial(_attempt, _key_in_settings, settings)
    if settings.get("preferred_token_storage") == "system":
        yield "the system's keyring", functools.partial(_attempt, _key_in_system_keyring, settings)
    yield _keyring_path(settings), functools.partial(_attempt, _key_in_file, settings)


def token_from_api_key(key: str | None, now: float | None = None) -> str | None:
    """Return the token of the user that an API key was issued to.

    The signature can't be verified, as the issuer's public key would have to be fetched.
    It needn't be: the key comes from the user's own variables and files, grants nothing
    here, and whatever it says, no more than 16 bytes of it leave this function, encoded.

    Args:
        key: a JSON Web Token (RFC 7519) whose ``sub`` is a UUID, in its usual form of
            8-4-4-4-12 hexadecimal digits.
        now: seconds since the epoch, which ``exp`` must exceed; by default the time.

    Returns:
        The UUID's bytes in URL-safe base64, 22 characters; None if the key is absent,
        malformed or expired. Never raises an Exception.
    """
    if not key:
        return None
    return _attempt(_token, key, time.time() if now is None else now)


def _token(key: str, now: float) -> str:
    """Return the token of a key, as token_from_api_key() does.

    Raises:
        ValueError, or what else the parsers raise: the key is not to be used.
    """
    if len(key) > SIZE_LIMIT:
        raise ValueError("too long")
    header, payload, signature = key.split(".")
    _base64url(signature)
    if _json_object(_base64url(header)).get("typ") != "JWT":
        raise ValueError("not a JWT")
    claims = _json_object(_base64url(payload))
    expires = claims["exp"]
    # JSON's true is an int to Python, and its 1e999, Infinity and NaN are no times.
    if isinstance(expires, bool) or not now < expires < float("inf"):
        raise ValueError("expired")
    if not _UUID.fullmatch(claims["sub"]):
        raise ValueError("not a UUID")
    return encode(bytes.fromhex(claims["sub"].replace("-", "")))


def _base64url(text: str) -> bytes:
    """Decode a part of a JWT: URL-safe base64 without padding (RFC 7515, section 2)."""
    if not _BASE64URL.fullmatch(text):
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _json_object(data: bytes) -> dict:
    import json

    value = json.loads(data.decode("utf-8"))
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _key_in_settings(settings: dict[str, str]) -> str | None:
    return settings.get("api_key")


def _key_in_file(settings: dict[str, str]) -> str | None:
    """Return the key in the keyring file: ``{service: {domain: entry}}`` in JSON."""
    path = _expanded(_keyring_path(settings))
    text = path and read_text(path, SIZE_LIMIT)
    if not text:
        return None
    entries = _json_object(text.encode())[_SERVICE]
    for domain in _domains(settings):
        if domain in entries:
            return _key_of_entry(entries[domain])
    return None


def _keyring_path(settings: dict[str, str]) -> str:
    return settings.get("keyring_path", "~/.anaconda/keyring")


def _key_in_system_keyring(settings: dict[str, str]) -> str | None:
    """Return the key that anaconda-auth finds, if it keeps logins in the system's keyring.

    Its backends are asked one by one, not TokenInfo.load(), which would move entries of
    older domains, and ask NavigatorFallback: that one renews Navigator's login over the
    network and asks this package for its token string meanwhile.
    """
    import anaconda_auth.token  # noqa: F401  it registers its backends
    import keyring
    from keyring.backends.chainer import ChainerBackend

    # The library prints about settings of older names, even on stdout, where it would
    # spoil conda's --json.
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
    """Return the API key in what a keyring holds for a domain: base64 of a JSON object."""
    if len(entry) > SIZE_LIMIT:
        raise ValueError("too long")
    return _json_object(base64.b64decode(entry)).get("api_key")


def _domains(settings: dict[str, str]) -> tuple[str, ...]:
    """Return the names under which a login may lie, the current one first."""
    domain = settings.get("domain", _DOMAIN)
    domain = re.sub(r"^https?://", "", domain).partition("/")[0]
    return (domain, *_OLDER_DOMAINS) if domain == _DOMAIN else (domain,)


def _attempt(function, *arguments):
    """Return what function returns, or None if it fails, which no command may notice."""
    try:
        return function(*arguments)
    except Exception as error:  # its text could quote the key, so only its kind is told
        say(f"Anaconda account: {function.__name__.strip('_')}: {type(error).__name__}")
        return None


def _load_settings() -> dict[str, str]:
    """Return those settings of anaconda-auth that say where a login lies.

    The library's order, later ones win: the table ``plugin.auth`` of config.toml,
    ``plugin.cloud`` and ``ANACONDA_CLOUD_...`` (the names before 0.8), the table of the
    chosen site, ``ANACONDA_AUTH_...``. It also reads ``.env`` of the working directory and
    ``/run/secrets``, which don't say who is logged in and are left alone.

    Returns:
        Those of api_key, domain, keyring_path and preferred_token_storage that are set.
    """
    config = _config_toml()
    plugins = _table(config, "plugin")
    sources = (
        _table(plugins, "auth"),
        _table(plugins, "cloud"),
        _variables("ANACONDA_CLOUD_"),
        _site(config),
        _variables("ANACONDA_AUTH_"),
    )
    settings = {}
    for source in sources:
        for name in _SETTINGS:
            if isinstance(source.get(name), str):
                settings[name] = source[name]
    return settings


def _settings_place() -> str:
    """Return where a key in the settings stands: a variable's name or a file's path."""
    variable = "ANACONDA_CLOUD_API_KEY"
    return variable if variable in os.environ else _config_path()


def _expanded(path: str) -> str | None:
    """Return path with variables and ``~`` filled in, None where there is no home."""
    if len(path) > _LINE_LIMIT:  # the time of expandvars() grows with the square of `${${`
        return None
    found = os.path.expanduser(os.path.expandvars(path))
    return None if found.startswith("~") else found


def _variables(prefix: str) -> dict[str, str]:
    names = {name: os.environ.get(prefix + name.upper()) for name in _SETTINGS}
    return {name: value for name, value in names.items() if value is not None}


def _site(config: dict) -> dict:
    """Return the table of the site that the library would choose, since 0.11.

    A site is chosen by its name or by its domain; without a choice the first one counts.
    """
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


def _table(tables: dict, name: str) -> dict:
    table = tables.get(name)
    return table if isinstance(table, dict) else {}


def _config_toml() -> dict:
    """Return what config.toml holds; nothing if it can't be read."""
    try:
        return _parsed_config_toml()
    except Exception as error:
        say(f"config.toml of anaconda-auth: {type(error).__name__}")
        return {}


def _config_path() -> str:
    return os.environ.get("ANACONDA_CONFIG_TOML", "~/.anaconda/config.toml")


def _parsed_config_toml() -> dict:
    path = _expanded(_config_path())
    text = path and read_text(path, SIZE_LIMIT)
    if not text:
        return {}
    try:
        import tomllib
    except ImportError:  # Python 3.9 and 3.10
        return _scan_toml(text)
    # Its time grows with the square of a dotted key: 16 seconds for one of 64 KiB.
    if any(len(line) > _LINE_LIMIT for line in text.split("\n")):
        return _scan_toml(text)
    return tomllib.loads(text)


def _scan_toml(text: str) -> dict:
    """Return the tables of a TOML file and their one-line strings without escapes.

    That is how config.toml is written by the library and by its documentation, and a few
    such strings are all that is asked for, so it needs no parser of the whole language.
    """
    tables: dict = {}
    table = tables
    for line in text.split("\n"):
        header = re.match(r"\s*\[([^\[\]]*)\]\s*(#.*)?$", line)
        pair = re.match(r"""\s*([\w-]+)\s*=\s*(["'])([^"'\\]*)\2\s*(#.*)?$""", line)
        if header:
            table = tables
            for quoted in re.findall(r""""[^"]*"|'[^']*'|[\w-]+""", header[1]):
                table = table.setdefault(quoted.strip("\"'"), {})
        elif line.lstrip().startswith("[["):
            table = {}  # an array of tables: nothing in it is asked for
        elif pair:
            table[pair[1]] = pair[3]
    return tables
