"""The URLs of configured channels, found without conda.

This follows ``Channel.from_value`` in conda/models/channel.py as far as the choice of
the heartbeat's repository needs it: only the beginning of each URL matters for that.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from .condarc import WrongValue, expand
from .merge import Configuration

#: Where heartbeats can go, in order of preference. The first that serves a configured
#: channel is used.
REPOSITORIES = (
    "https://repo.anaconda.cloud/",
    "https://repo.anaconda.com/pkgs/",
    "https://conda.anaconda.org/",
)

_DEFAULT_ALIAS = "https://conda.anaconda.org"
_DEFAULT_CHANNELS = ("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r")
_DEFAULT_CUSTOM_CHANNELS = {"pkgs/pro": "https://repo.anaconda.com"}

# Since these versions of conda, an empty list of channels means defaults; there are no
# channels unless they are configured; and custom_multichannels can redefine defaults.
_EMPTY_IS_DEFAULTS_SINCE = (24, 9)
_NO_DEFAULTS_SINCE = (25, 9)
_OWN_DEFAULTS_SINCE = (26, 1)

_SCHEME = re.compile(r"[a-z][a-z0-9]{0,11}://")
_TOKEN = re.compile(r"/t/[a-zA-Z0-9-]*")
_PLATFORM = r"(?i)/(?:noarch|(?:emscripten|freebsd|linux|osx|wasi|win|zos)-[a-z0-9]+)(?=/|$)"


def configured_urls(configuration: Configuration, version: str | None) -> list[str]:
    """Return the http(s) URLs of the configured channels and of the channel alias."""
    release = _release(version)
    default = ("defaults",) if release < _NO_DEFAULTS_SINCE else ()
    configured = configuration.sequence("channels", "channel", default=default)
    if release >= _EMPTY_IS_DEFAULTS_SINCE:
        configured = configured or default
    channels = _Channels(configuration, release)
    urls = [channels.alias]
    for channel in configured:
        urls += channels.urls(expand(channel))
    return urls


def serving(urls: list[str]) -> tuple[str, ...]:
    """Return those of REPOSITORIES that any of the URLs begins with."""
    return tuple(base for base in REPOSITORIES if any(f"{url}/".startswith(base) for url in urls))


def base_url(configuration: Configuration, version: str | None, channel: str) -> str | None:
    """Return the one of REPOSITORIES that serves a channel, else its http(s) URL, or None."""
    urls = _Channels(configuration, _release(version)).urls(channel)
    return next(iter([*serving(urls), *urls]), None)


def _release(version: str | None) -> tuple[int, ...]:
    # Without conda, there are only configured channels, as with the newest version.
    return tuple(int(part) for part in re.findall(r"\d+", version or "999")[:2])


class _Channels:
    """What the configuration says about channels, for a release of conda."""

    def __init__(self, configuration: Configuration, release: tuple[int, ...]):
        alias = expand(configuration.value("channel_alias", default=_DEFAULT_ALIAS))
        if alias and not _SCHEME.match(alias):
            raise WrongValue("channel_alias: no scheme")
        self.alias = _clean(alias)
        groups = configuration.mapping_of_sequences("custom_multichannels")
        if "defaults" not in groups or release < _OWN_DEFAULTS_SINCE:
            groups["defaults"] = configuration.sequence(
                "default_channels", default=_DEFAULT_CHANNELS
            )
        groups["local"] = ()
        # The URLs of each group of channels, and the URL of each single channel, by name.
        self._groups = {
            str(name): [self._simple(expand(url)) for url in urls] for name, urls in groups.items()
        }
        self._single = {name: url for group in self._groups.values() for name, url in group}
        custom = configuration.mapping("custom_channels", default=_DEFAULT_CUSTOM_CHANNELS)
        for name, location in custom.items():
            name, location = str(name).strip("/"), expand(location)
            base = _clean(location) if _SCHEME.match(location) else self.alias
            self._single[name] = _join(base, name)
        self._migrated_aliases = [
            _without_scheme(_clean(url))
            for url in configuration.sequence("migrated_channel_aliases")
        ]
        self._migrated = {
            str(name): _without_scheme(_clean(expand(url)))
            for name, url in configuration.mapping("migrated_custom_channels").items()
        }

    def urls(self, channel: str) -> list[str]:
        """Return the http(s) URLs of a name, URL or path in ``channels``; none of a path."""
        if not channel or channel.startswith(("/", "./", "..", "~", "\\\\")):
            return []
        if "/" in channel:  # most are names, for which the pattern need not be compiled
            channel = re.sub(_PLATFORM, "", channel, count=1).rstrip("/")
        if _SCHEME.match(channel):
            url = self._migrate(_clean(channel))
            return [url] if url.startswith(("http://", "https://")) else []
        if channel in self._groups:
            return [url for _, url in self._groups[channel]]
        return [self._named(channel)]

    def _named(self, name: str) -> str:
        # A channel below a known one is on the same host.
        known = name
        while known not in self._single:
            known, separator, _ = known.rpartition("/")
            if not separator:
                return _join(self.alias, name)
        return _join(self._single[known].removesuffix("/" + known), name)

    def _simple(self, url: str) -> tuple[str, str]:
        """Return the name and the URL of one part of a group of channels."""
        if not _SCHEME.match(url):
            name = url.strip("/")
            return name, _join(self.alias, name)
        url = _clean(url)
        alias, rest = _without_scheme(self.alias), _without_scheme(url)
        if alias and rest.startswith(alias):
            return rest[len(alias) :].strip("/"), url
        return urlsplit(url).path.strip("/"), url

    def _migrate(self, url: str) -> str:
        """Return the URL that replaces a migrated one."""
        rest = _without_scheme(url)
        if "/" not in rest:
            return url
        for name in sorted(self._migrated, key=len, reverse=True):
            old = _join(self._migrated[name], name)
            # Like conda, compare only as many parts as both have.
            if all(part == other for part, other in zip(rest.split("/"), old.split("/"))):
                return self._named(_join(name, rest.replace(old, "", 1)))
        for old in self._migrated_aliases:
            if rest.startswith(old):
                return _join(self.alias, rest[len(old) :].strip("/"))
        return url


def _join(*parts: str) -> str:
    return "/".join(part.strip("/") for part in parts if part.strip("/"))


def _without_scheme(url: str) -> str:
    return url.partition("://")[2] or url


def _clean(url: str) -> str:
    """Return a URL without token, credentials, query and trailing slash, host in lower case."""
    parts = urlsplit(_TOKEN.sub("", url, count=1).rstrip("/"))
    host = parts.netloc.rpartition("@")[2].lower()
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/") if parts.scheme else url
