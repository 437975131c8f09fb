"""Where anaconda-auth keeps the user's login, found without importing it.

Its settings lie in variables and in config.toml; they are read here by the library's own
rules (checked with 0.8 to 0.15), as far as they say where a login lies.
"""

from __future__ import annotations

import os
import re

from .._common.debug import say
from .._common.files import read_text

#: Bytes of config.toml that are read at most.
SIZE_LIMIT = 64 * 1024

# Characters of a line of config.toml up to which the whole language is parsed.
_LINE_LIMIT = 2000

_SETTINGS = ("api_key", "domain", "keyring_path", "preferred_token_storage")


def load() -> dict[str, str]:
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


def place() -> str:
    """Return where a key in the settings stands: a variable's name or a file's path."""
    variable = "ANACONDA_CLOUD_API_KEY"
    return variable if variable in os.environ else _config_path()


def expanded(path: str) -> str | None:
    """Return path with variables and ``~`` filled in, None where there is no home."""
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
    path = expanded(_config_path())
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
