"""The heartbeat: one HEAD request that says an environment was activated.

``python -I -m anaconda_anon_usage.heartbeat --activated`` is what the launcher starts
when an environment is activated: it sends if the configuration says so, prints nothing,
and is gone by its deadline whatever the network does. Without ``--activated`` it is an
administrator's tool that tries, or with ``--dry-run`` explains, the same request.

What keeps the promise of time is this process itself: everything, the reading of the
configuration included, happens in a daemon thread, and the main thread ends the process
when the deadline has passed. The timeouts of the network library bound neither name
resolution nor an answer that arrives one byte a second.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import namedtuple

from .._common import installation
from .._common.debug import say
from . import log
from . import slots as turns

#: Seconds after which the process is gone, sent or not.
DEADLINE = 5.0

#: What a heartbeat asks for, below a repository: the name of a package that does not
#: exist, which is never downloaded and easily counted. The usual answer is 404.
PATH = "main/noarch/activate-0.0.0-0.conda"

#: A request that could be sent: where to, with which User-Agent, through which proxy,
#: about which environment; and under which settings. ``obstacle`` says why it can't.
Heartbeat = namedtuple("Heartbeat", "url user_agent prefix settings obstacle")


class NotSent(Exception):
    """The heartbeat is on, but the configuration keeps it from being sent."""


def prepare(prefix: str, settings, channel: str | None = None, path: str = PATH) -> Heartbeat:
    """Return the heartbeat of an environment, whether the setting is on or off.

    Args:
        prefix: the environment's directory.
        settings: the ``configuration.Settings`` that hold for it.
        channel: a base URL to use instead of what the configuration says.
        path: what to ask for below the base URL.
    """
    from .user_agent import user_agent

    url = None
    if channel:
        url = f"{channel.rstrip('/')}/{path.lstrip('/')}"
    elif isinstance(settings.heartbeat, str):
        url = settings.heartbeat
    elif settings.repositories:
        url = f"{settings.repositories[0]}{path.lstrip('/')}"
    say(f"URL: {url}, from {_origin(channel, settings)}")
    obstacle = None
    if settings.problems:
        obstacle = settings.problems[0]
    elif settings.offline:
        obstacle = "offline is on"
    elif not url:
        obstacle = "no channel of Anaconda's is configured"
    return Heartbeat(url, user_agent(prefix, settings), prefix, settings, obstacle)


def _origin(channel: str | None, settings) -> str:
    """Return in words where a URL comes from."""
    if channel:
        return "the command line"
    if isinstance(settings.heartbeat, str):
        return "the setting anaconda_heartbeat"
    return f"those that serve a channel: {', '.join(settings.repositories) or 'none'}"


def send(heartbeat: Heartbeat) -> int:
    """Send one HEAD request and return its status.

    Args:
        heartbeat: what prepare() returned, without an obstacle.

    Raises:
        Exception: whatever went wrong.
    """
    from . import connection

    return _request(connection.manager(heartbeat.url, heartbeat.settings), heartbeat)


def _request(manager, heartbeat: Heartbeat) -> int:
    """Send one HEAD request through a ``urllib3.PoolManager`` and return its status.

    It carries nothing but the User-Agent: no body, no cookie, no credential, nothing
    from ``.netrc``, none of which urllib3 knows of. It is not retried, and no redirect is
    followed.
    """
    with manager:
        answer = manager.request(
            "HEAD",
            heartbeat.url,
            headers={"User-Agent": heartbeat.user_agent},
            retries=False,
            redirect=False,
            timeout=DEADLINE,
            preload_content=False,
        )
        return answer.status


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit status.

    Args:
        arguments: the command line without the program's name; by default that of the
            process.
    """
    if arguments is None:
        arguments = sys.argv[1:]
    if arguments == ["--activated"]:
        _activated()
    from ..cli.heartbeat import main as by_hand

    return by_hand(arguments)


def within_deadline(function):
    """Run function in a daemon thread and wait for it until the deadline.

    Args:
        function: called without arguments.

    Returns:
        What it returned, or the Exception that it raised; TimeoutError if it had not
        ended by the deadline.
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
    return outcome[0] if outcome else TimeoutError(f"no answer within {DEADLINE:g} s")


def _activated() -> None:
    """Send the heartbeat of the activated environment if it is on; never return."""
    try:
        _detach()
        prefix = installation.active_prefix()
        if prefix:
            attempt: dict = {}
            started = time.monotonic()
            result = within_deadline(lambda: _send_if_on(prefix, attempt))
            seconds = time.monotonic() - started
            if result is not None:
                say(f"heartbeat: {result!r} after {seconds:.2f} s")
                log.append(prefix, attempt, result, seconds)
    finally:
        os._exit(0)  # the thread may still be waiting for the network


def _send_if_on(prefix: str, attempt: dict) -> int | None:
    """Send a heartbeat and return the answer's status; None if the heartbeat is off.

    Args:
        prefix: the environment's directory.
        attempt: where its URL and User-Agent are noted as soon as they are known.

    Raises:
        Exception: it is on, and can't be sent.
    """
    with turns.place():
        with turns.turn():  # all that takes time and memory
            from ..settings import load
            from . import connection

            settings = load(prefix)
            if not settings.heartbeat:
                return None
            heartbeat = prepare(prefix, settings)
            attempt.update(url=heartbeat.url, user_agent=heartbeat.user_agent)
            if heartbeat.obstacle:
                raise NotSent(heartbeat.obstacle)
            manager = connection.manager(heartbeat.url, settings)
        return _request(manager, heartbeat)


def _detach() -> None:
    """Leave the shell's job, and let go of everything that was inherited."""
    if hasattr(os, "setpgid"):
        import signal

        # Not a session of its own: Linux would give it a share of the processors like
        # that of all the user's shell together, whatever its priority (sched(7), autogroup).
        try:
            os.setpgid(0, 0)
        except OSError:
            pass  # leads a session
        # Should the interpreter itself hang, the kernel ends it.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(DEADLINE) + 1)
        # A lock or a pipe of the caller's that is still open here would stay held. The
        # launcher has closed what a shell can close, 3 to 9.
        os.closerange(3, 4096)


if __name__ == "__main__":
    sys.exit(main())
