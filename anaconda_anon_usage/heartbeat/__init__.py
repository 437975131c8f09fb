"""The heartbeat: one HEAD request that reports an activation.

``activated.py`` sends it after an activation, and ``cli/heartbeat.py`` on request.
"""

from __future__ import annotations

from collections import namedtuple

from .._common import lazy
from .deadline import DEADLINE, within_deadline

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing
if TYPE_CHECKING:
    from ..settings import Settings
    from .connection import visible_proxy
    from .log import log_path, log_problem
    from .user_agent import conda_user_agent

__all__ = [
    "DEADLINE", "PATH", "Heartbeat", "conda_user_agent", "log_path", "log_problem", "prepare",
    "send", "visible_proxy", "within_deadline",
]  # fmt: skip

__getattr__ = lazy(__name__, {
    "connection": ("visible_proxy",),
    "log": ("log_path", "log_problem"),
    "user_agent": ("conda_user_agent",),
})  # fmt: skip

#: The path of the request below a repository: a package that does not exist, so nothing
#: is downloaded, and requests are easy to count. The usual response is 404.
PATH = "main/noarch/activate-0.0.0-0.conda"


class Heartbeat(namedtuple("Heartbeat", "url user_agent prefix settings obstacle")):
    """A planned request, and the obstacle that keeps it from being sent, or None."""

    url: str | None
    user_agent: str
    prefix: str
    settings: Settings
    obstacle: str | None


def prepare(
    prefix: str, settings: Settings, channel: str | None = None, path: str = PATH
) -> Heartbeat:
    """Return the heartbeat of an environment, whether heartbeats are on or off.

    The channel is a base URL that overrides the configured one.
    """
    from .._common import debug_enabled, say
    from .user_agent import user_agent

    connection = settings.connection
    url, origin = None, "no configured channel"
    if channel:
        url, origin = f"{channel.rstrip('/')}/{path.lstrip('/')}", "the command line"
    elif isinstance(settings.heartbeat, str):
        url, origin = settings.heartbeat, "the setting anaconda_heartbeat"
    elif connection.repositories:
        url = f"{connection.repositories[0]}{path.lstrip('/')}"
        origin = f"the repositories of configured channels: {', '.join(connection.repositories)}"
    if debug_enabled():
        from .._common import redact

        say(f"URL: {url and redact(url)}, from {origin}")
    obstacle = None
    if connection.problems:
        obstacle = "; ".join(connection.problems)
    elif connection.offline:
        obstacle = "offline is on"
    elif not url:
        obstacle = "no Anaconda channel is configured"
    return Heartbeat(url, user_agent(prefix, settings), prefix, settings, obstacle)


def send(heartbeat: Heartbeat) -> int:
    """Send a heartbeat without an obstacle, and return the HTTP status of the response."""
    from . import connection

    assert heartbeat.url  # without one there is an obstacle
    manager = connection.manager(heartbeat.url, heartbeat.settings.connection)
    return connection.request(manager, heartbeat.url, heartbeat.user_agent, DEADLINE)
