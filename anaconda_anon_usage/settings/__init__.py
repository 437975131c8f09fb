"""The settings that this package obeys, from conda's files and variables.

conda itself is not asked: importing it takes longer than a whole heartbeat, an
environment need not have it, and it ignores some files that it cannot read. Tests compare
the answers with a real conda's (tests/conda/test_configuration_sources.py).

When in doubt, this package does nothing: a file that cannot be read counts as an opt-out,
an invalid value disables its setting, and a heartbeat is sent only if the connection can
be made as configured.
"""

from __future__ import annotations

import functools

from .._common import active_prefix, conda_version, guarded, lazy, root_prefix
from .condarc import OWN_NAMES, SIZE_LIMIT, Condarc, Occurrence, WrongValue
from .merge import Configuration, deciding
from .policy import SETTINGS, decide, heartbeat_value, meaning
from .search_path import (
    administrator_directories,
    condarcs_in,
    search_directories,
    system_directories,
)

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing
if TYPE_CHECKING:
    from .channels import REPOSITORIES
    from .conda_settings import Connection

__all__ = [
    "REPOSITORIES", "SETTINGS", "SIZE_LIMIT", "Condarc", "Connection", "Occurrence", "Settings",
    "WrongValue", "administrator_directories", "condarcs_in", "decide", "deciding",
    "heartbeat_value", "load", "load_once", "meaning", "search_directories",
    "system_directories",
]  # fmt: skip

__getattr__ = lazy(__name__, {"channels": ("REPOSITORIES",), "conda_settings": ("Connection",)})


class Settings:
    """The settings of one environment; conda's are read on first use.

    Attributes:
        anon_usage: whether tokens are sent.
        heartbeat: whether heartbeats are sent, or the configured URL that they are sent to.
        anon_usage_decision, heartbeat_decision: their explanations, as text or JSON.
        root_prefix: the prefix of the base environment, or None.
    """

    def __init__(self, configuration: Configuration, root: str | None):
        self._configuration = configuration
        self.root_prefix = root
        self.anon_usage_decision, self.heartbeat_decision = (
            decide(name, configuration.occurrences(name), root) for name in OWN_NAMES
        )
        self.anon_usage = bool(self.anon_usage_decision.value)
        self.heartbeat = self.heartbeat_decision.value

    @functools.cached_property
    def connection(self) -> Connection:
        """What the configuration says about requests."""
        from .conda_settings import read_connection

        return read_connection(self._configuration, self.root_prefix)

    @functools.cached_property
    def envs_dirs(self) -> tuple[str, ...]:
        """The directories in which environments are looked up by name."""
        from .conda_settings import read_envs_dirs

        nothing: tuple[str, ...] = ()
        return guarded(lambda: read_envs_dirs(self._configuration, self.root_prefix), nothing)

    def base_url(self, channel: str) -> str | None:
        """Return the base URL of heartbeats to a channel; see channels.py."""
        from .channels import base_url

        return base_url(self._configuration, conda_version(self.root_prefix), channel)


def load(prefix: str | None = None) -> Settings:
    """Return the settings of an environment, read afresh.

    Args:
        prefix: the environment, whose own condarc counts; by default the activated one.
    """
    root = root_prefix()
    return Settings(Configuration(prefix or active_prefix() or root, root), root)


#: The same, but read once in this process.
load_once = functools.cache(load)
