"""The heartbeat: one HEAD request that says that an environment was activated.

``activated.py`` sends it after an activation, and ``cli/heartbeat.py`` on command.
"""

from __future__ import annotations

import threading
from collections import namedtuple

from .._common import lazy, redact, say

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing
if TYPE_CHECKING:
    from .connection import visible_proxy
    from .user_agent import conda_user_agent

__all__ = [
    "DEADLINE",
    "PATH",
    "Heartbeat",
    "conda_user_agent",
    "prepare",
    "send",
    "visible_proxy",
    "within_deadline",
]

__getattr__ = lazy(
    __name__, {"connection": ("visible_proxy",), "user_agent": ("conda_user_agent",)}
)

#: Seconds after which the process ends, with or without a response.
DEADLINE = 5.0

#: The message of the TimeoutError: the request may have been sent by then.
NO_ANSWER = f"no answer within {DEADLINE:g} s; it may have arrived"

#: The path of the request below a repository: a package that does not exist, so nothing
#: is downloaded, and requests are easy to count. The usual answer is 404.
PATH = "main/noarch/activate-0.0.0-0.conda"

#: A planned request: its URL, its User-Agent, the environment, the settings that apply,
#: and the obstacle that keeps it from being sent, or None.
Heartbeat = namedtuple("Heartbeat", "url user_agent prefix settings obstacle")


def prepare(prefix: str, settings, channel: str | None = None, path: str = PATH) -> Heartbeat:
    """Return the heartbeat of an environment, whether heartbeats are on or off.

    Args:
        prefix: the environment's directory.
        settings: the ``settings.Settings`` that apply to it.
        channel: a base URL that overrides the configured one.
        path: the path below the base URL.
    """
    from .user_agent import user_agent

    url = None
    if channel:
        url = f"{channel.rstrip('/')}/{path.lstrip('/')}"
    elif isinstance(settings.heartbeat, str):
        url = settings.heartbeat
    elif settings.connection.repositories:
        url = f"{settings.connection.repositories[0]}{path.lstrip('/')}"
    say(f"URL: {url and redact(url)}, from {_origin(channel, settings)}")
    obstacle = None
    if settings.connection.problems:
        obstacle = "; ".join(settings.connection.problems)
    elif settings.connection.offline:
        obstacle = "offline is on"
    elif not url:
        obstacle = "no channel of Anaconda's is configured"
    return Heartbeat(url, user_agent(prefix, settings), prefix, settings, obstacle)


def _origin(channel: str | None, settings) -> str:
    """Return what determined a heartbeat's URL, for debug output."""
    if channel:
        return "the command line"
    if isinstance(settings.heartbeat, str):
        return "the setting anaconda_heartbeat"
    found = settings.connection.repositories
    return f"the repositories of configured channels: {', '.join(found) or 'none'}"


def send(heartbeat: Heartbeat) -> int:
    """Send one HEAD request and return the HTTP status of the response.

    Args:
        heartbeat: the result of prepare(), without an obstacle.

    Raises:
        Exception: the request failed.
    """
    from . import connection

    manager = connection.manager(heartbeat.url, heartbeat.settings.connection)
    return connection.request(manager, heartbeat.url, heartbeat.user_agent, DEADLINE)


def within_deadline(function):
    """Run a function in a daemon thread and wait for it until the deadline.

    The timeouts of the network library bound neither name resolution nor a response that
    arrives one byte per second.

    Args:
        function: called without arguments.

    Returns:
        The function's result, or the Exception that it raised, or a TimeoutError.
    """
    outcome: list = []

    def run() -> None:
        try:
            outcome.append(function())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(DEADLINE)
    return outcome[0] if outcome else TimeoutError(NO_ANSWER)
