"""The settings that this package obeys, from conda's files and variables.

conda itself is not asked: importing it takes longer than a whole heartbeat, and an
environment need not have it. That both say the same is tested with a real conda
(tests/conda/test_configuration_sources.py). Only the plugin, in conda's own process, asks
conda's context (decisions.py), which knows the command line too.

Whatever is doubtful ends with less being sent: a wrong value turns telemetry or the
heartbeat off, and a connection that can't be made the way the configuration wants is not
made.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from .._common import active_prefix, conda_version, guarded, root_prefix
from .condarc import (
    SIZE_LIMIT,
    Condarc,
    InvalidFile,
    Occurrence,
    WrongValue,
    boolean,
    boolean_or_text,
    deciding,
    expand,
    occurrences_in,
)
from .policy import SETTINGS, decide, heartbeat_value, meaning
from .search_path import (
    administrator_directories,
    condarcs_in,
    search_directories,
    system_directories,
)

__all__ = [
    "REPOSITORIES",
    "SETTINGS",
    "SIZE_LIMIT",
    "InvalidFile",
    "Occurrence",
    "Settings",
    "WrongValue",
    "administrator_directories",
    "condarcs_in",
    "decide",
    "deciding",
    "explain_heartbeat",
    "explain_telemetry",
    "heartbeat_value",
    "load",
    "meaning",
    "occurrences_in",
    "search_directories",
    "system_directories",
]

#: Where heartbeats can go, in order of preference. The first that serves a configured
#: channel is used.
REPOSITORIES = (
    "https://repo.anaconda.cloud/",
    "https://repo.anaconda.com/pkgs/",
    "https://conda.anaconda.org/",
)


class Settings(NamedTuple):
    """What the configuration says, for one environment."""

    #: Whether tokens are sent, and the occurrence that decides it (None: the default).
    anon_usage: bool
    anon_usage_from: Occurrence | None
    #: Whether heartbeats are sent, or the URL they are sent to instead.
    heartbeat: bool | str
    heartbeat_from: Occurrence | None
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
    from .channels import configured_urls

    root = root_prefix()
    condarc = Condarc(prefix or active_prefix() or root, root)
    settings = Collector(root)
    for name in SETTINGS:
        settings.occurrences[name] = condarc.occurrences(name)

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
    settings.envs_dirs = guarded(lambda: _envs_dirs(condarc, root), ())
    settings.read(
        "channels",
        lambda: serving(configured_urls(condarc, conda_version(root))),
    )
    return settings.settings()


def explain_telemetry(settings: Settings):
    """Return an ``Explanation`` of whether tokens are sent and what decides it."""
    from .explanation import explain

    return explain(
        "anaconda_anon_usage", settings.anon_usage, settings.anon_usage_from, settings.root_prefix
    )


def explain_heartbeat(settings: Settings):
    """Return an ``Explanation`` of whether heartbeats are sent and what decides it."""
    from .explanation import explain

    return explain(
        "anaconda_heartbeat", settings.heartbeat, settings.heartbeat_from, settings.root_prefix
    )


class Collector:
    """Gathers settings one by one, so that a wrong one spoils only itself."""

    def __init__(self, root: str | None):
        self.root = root
        self.occurrences: dict[str, list[Occurrence]] = {}
        self.envs_dirs: tuple[str, ...] = ()
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
            envs_dirs=tuple(self.envs_dirs),
            root_prefix=self.root,
            problems=tuple(self._problems),
        )

    def _decide(self, name: str):
        return decide(name, self.occurrences[name], self.root)


def serving(urls: list[str]) -> tuple[str, ...]:
    """Return those of REPOSITORIES that one of urls begins with."""
    return tuple(base for base in REPOSITORIES if any(f"{url}/".startswith(base) for url in urls))


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
