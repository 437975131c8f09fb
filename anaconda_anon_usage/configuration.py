"""The settings that this package obeys, from conda where it can be imported.

Where it can't, or where conda can't read its own configuration, condarc.py answers
instead, by the same rules. Whatever is doubtful ends with less being sent: a wrong value
turns telemetry or the heartbeat off, and a connection that can't be made the way the
configuration wants is not made.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass

from . import installation
from .condarc import Condarc, Mention, WrongValue, boolean, boolean_or_text, expand
from .debug import say
from .decisions import SETTINGS, decide, mentions_in_conda

#: Where heartbeats can go, in order of preference. The first that serves a configured
#: channel is used.
REPOSITORIES = (
    "https://repo.anaconda.cloud/",
    "https://repo.anaconda.com/pkgs/",
    "https://conda.anaconda.org/",
)


@dataclass(frozen=True)
class Settings:
    """What the configuration says, for one environment."""

    #: Whether tokens are sent, and the mention that decides it (None: the default).
    anon_usage: bool
    anon_usage_from: Mention | None
    #: Whether heartbeats are sent, or the URL they are sent to instead.
    heartbeat: bool | str
    heartbeat_from: Mention | None
    #: Which of REPOSITORIES serve a configured channel.
    repositories: tuple[str, ...]
    offline: bool
    #: As conda documents them: ``proxy_servers``, ``ssl_verify``, ``client_ssl_cert``.
    proxy_servers: dict[str, str | None]
    ssl_verify: bool | str
    client_ssl_cert: str | None
    client_ssl_cert_key: str | None
    #: Where environments are looked up by name, and the one called base.
    envs_dirs: tuple[str, ...]
    root_prefix: str | None
    #: What is wrong with the settings about connections; while there is anything,
    #: nothing can be sent the way the configuration wants it.
    problems: tuple[str, ...]


def load(prefix: str | None = None) -> Settings:
    """Return the settings that hold for an environment, read afresh.

    Args:
        prefix: the environment, whose own condarc counts; by default the activated one.
    """
    if installation.has_conda():
        try:
            return from_conda_afresh(prefix)
        except Exception as error:
            say(f"conda's configuration can't be used: {type(error).__name__}: {error}")
    return from_files(prefix)


def from_conda_afresh(prefix: str | None = None) -> Settings:
    """Return the settings as conda has them, after it has read its files once more.

    Args:
        prefix: the environment, as for load().

    Raises:
        Exception: whatever conda raises where it can't read its configuration.
    """
    from types import SimpleNamespace

    from conda.base.context import reset_context

    # Until somebody asks for it, conda's context has read no file. The argument is what
    # `--prefix` on conda's command line would be.
    reset_context(argparse_args=SimpleNamespace(prefix=prefix) if prefix else None)
    return from_conda()


def from_conda() -> Settings:
    """Return the settings as conda's own context has them now.

    Raises:
        Exception: whatever conda raises where it can't read its configuration.
    """
    from conda.base.context import context

    root = context.root_prefix
    settings = _Collector(root)
    for name in SETTINGS:
        settings.mentions[name] = mentions_in_conda(context, name)
    for name in (
        "offline",
        "proxy_servers",
        "ssl_verify",
        "client_ssl_cert",
        "client_ssl_cert_key",
        "envs_dirs",
    ):
        settings.read(name, lambda name=name: getattr(context, name))
    settings.read("channels", lambda: _serving(_channel_urls_of_conda(context)))
    return settings.settings()


def from_files(prefix: str | None = None) -> Settings:
    """Return the settings as conda's files and variables have them, without conda.

    Args:
        prefix: the environment, as for load().
    """
    from .channels import configured_urls

    root = installation.root_prefix()
    condarc = Condarc(prefix or installation.active_prefix() or root, root)
    settings = _Collector(root)
    for name in SETTINGS:
        settings.mentions[name] = condarc.mentions(name)

    def text(*names: str) -> str | None:
        value = expand(condarc.value(*names, default=None))
        stripped = str(value).strip()
        return None if stripped.lower() == "none" else stripped

    settings.read("offline", lambda: boolean(condarc.value("offline", default=False)))
    settings.read(
        "proxy_servers",
        lambda: {
            key: None if str(expand(value)).lower() == "none" else expand(value)
            for key, value in condarc.mapping("proxy_servers").items()
        },
    )
    settings.read("ssl_verify", lambda: _ssl_verify(condarc))
    settings.read("client_ssl_cert", lambda: text("client_ssl_cert", "client_cert"))
    settings.read("client_ssl_cert_key", lambda: text("client_ssl_cert_key", "client_cert_key"))
    settings.read("envs_dirs", lambda: _envs_dirs(condarc, root))
    settings.read(
        "channels",
        lambda: _serving(configured_urls(condarc, installation.conda_version(root))),
    )
    return settings.settings()


class _Collector:
    """Gathers settings one by one, so that a wrong one spoils only itself."""

    def __init__(self, root: str | None):
        self.root = root
        self.mentions: dict[str, list[Mention]] = {}
        self._values: dict[str, object] = {}
        self._problems: list[str] = []

    def read(self, name: str, reader) -> None:
        try:
            self._values[name] = reader()
        except Exception as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            self._problems.append(f"{name}: {reason}")

    def settings(self) -> Settings:
        anon_usage, anon_usage_from = self._decide("anaconda_anon_usage")
        heartbeat, heartbeat_from = self._decide("anaconda_heartbeat")
        value = self._values.get
        return Settings(
            anon_usage=anon_usage,
            anon_usage_from=anon_usage_from,
            heartbeat=heartbeat,
            heartbeat_from=heartbeat_from,
            repositories=tuple(value("channels", ())),
            offline=bool(value("offline", True)),
            proxy_servers=dict(value("proxy_servers", {})),
            ssl_verify=value("ssl_verify", True),
            client_ssl_cert=value("client_ssl_cert"),
            client_ssl_cert_key=value("client_ssl_cert_key"),
            envs_dirs=tuple(value("envs_dirs", ())),
            root_prefix=self.root,
            problems=tuple(self._problems),
        )

    def _decide(self, name: str):
        return decide(name, self.mentions[name], self.root)


def _serving(urls: list[str]) -> tuple[str, ...]:
    """Return those of REPOSITORIES that one of urls begins with."""
    return tuple(base for base in REPOSITORIES if any(f"{url}/".startswith(base) for url in urls))


def _channel_urls_of_conda(context) -> list[str]:
    from conda.models.channel import Channel

    alias = context.channel_alias
    urls = [f"{alias.scheme}://{alias.location}"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # conda 24.9 to 25.7 warn where none is configured
        channels = context.channels
    for channel in channels:
        urls += [url for url in Channel(channel).base_urls if url]
    return urls


def _ssl_verify(condarc: Condarc) -> bool | str:
    value = condarc.value("ssl_verify", "verify_ssl", default=True)
    verify = boolean_or_text(expand(value))
    if isinstance(verify, str) and verify != "truststore" and not os.path.exists(verify):
        raise WrongValue(f"no such file or directory: {verify!r}")
    return verify


def _envs_dirs(condarc: Condarc, root: str | None) -> tuple[str, ...]:
    configured = condarc.sequence("envs_dirs", "envs_path", delimiter=os.pathsep)
    own = os.path.join("~", ".conda", "envs")
    fixed = [own]
    if root:
        # As Context.envs_dirs does: base's own directory comes first if it is writable.
        writable = os.access(os.path.join(root, "conda-meta", "history"), os.W_OK)
        of_root = os.path.join(root, "envs")
        fixed = [of_root, own] if writable else [own, of_root]
    directories = [*configured, *fixed]
    return tuple(
        dict.fromkeys(
            os.path.abspath(os.path.expanduser(os.path.expandvars(d))) for d in directories
        )
    )
