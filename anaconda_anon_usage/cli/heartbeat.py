"""``anaconda-anon-usage heartbeat``: send one heartbeat, even if heartbeats are off."""

from __future__ import annotations

import argparse
import time

from .._common import redact
from ..activation_scripts import choose_environment
from ..heartbeat import PATH, prepare, send, visible_proxy, within_deadline
from ..settings import WrongValue, load
from .parser import FAILED, WrongCommandLine, add_environment, add_json, print_json, table

DESCRIPTION = "Send one heartbeat now, even if heartbeats are off."

EPILOG = """\
examples:
  anaconda-anon-usage heartbeat --dry-run
  anaconda-anon-usage heartbeat --name myenv --json

A heartbeat is the HEAD request that each `conda activate` sends in the background if the
setting anaconda_heartbeat is on.

exit status: 0 a response arrived, or the request would be sent (--dry-run); 1 neither;
2 invalid command line
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to a parser."""
    add_environment(parser)
    add = parser.add_argument
    channel = "channel or base URL to use instead of the configured one"
    add("--channel", metavar="NAME_OR_URL", help=channel)
    add("--path", default=PATH, help="path below the base URL (default: %(default)s)")
    add("-d", "--dry-run", action="store_true", help="print what would be sent, send nothing")
    form = parser.add_mutually_exclusive_group()
    quiet = "print nothing, only set the exit status"
    form.add_argument("-q", "--quiet", action="store_true", help=quiet)
    add_json(form)


def run(options: argparse.Namespace) -> int:
    """Send a heartbeat or show it."""
    prefix = choose_environment(options.name, options.prefix)
    settings = load(prefix)
    channel = options.channel
    if channel and not channel.startswith(("http://", "https://")):
        try:
            channel = settings.base_url(channel)
        except WrongValue as error:
            raise WrongCommandLine(f"--channel: {error}") from None
        if not channel:
            raise WrongCommandLine(f"not a channel with an http(s) URL: {redact(options.channel)}")
    planned = prepare(prefix, settings, channel, options.path)
    proxy = proxy_problem = None
    if planned.url:
        try:
            proxy = visible_proxy(planned.url, settings.connection)
        except Exception as error:
            proxy_problem = _description(error)
    # Whether there was a response; None if the request may have arrived without one.
    sent: bool | None = False
    status = seconds = problem = None
    if not (planned.obstacle or options.dry_run):
        started = time.monotonic()
        result = within_deadline(lambda: send(planned))
        seconds = round(time.monotonic() - started, 3)
        if isinstance(result, TimeoutError):
            sent, problem = None, str(result)
        elif isinstance(result, Exception):
            problem = _description(result)
        else:
            sent, status = True, result
    url = redact(planned.url) if planned.url else None
    if options.json:
        report = {
            "heartbeat": settings.heartbeat_decision.as_json(),
            "url": url,
            "user_agent": planned.user_agent,
            "prefix": planned.prefix,
            "proxy": proxy,
            "proxy_problem": proxy_problem,
            "dry_run": options.dry_run,
            "obstacle": planned.obstacle,
            "sent": sent,
            "status": status,
            "seconds": seconds,
            "error": problem,
        }
        print_json(report)
    elif not options.quiet:
        answer = f"status {status} in {seconds:.2f} s" if sent else problem
        reason = planned.obstacle or answer or "this is a dry run"
        rows = [
            ("heartbeat:", str(settings.heartbeat_decision)),
            ("URL:", url or "none"),
            ("User-Agent:", planned.user_agent),
            ("environment:", planned.prefix),
            ("proxy:", f"unknown ({proxy_problem})" if proxy_problem else proxy or "none"),
            ("not sent:" if sent is False else "sent:", reason),
        ]
        print(table(rows))
    return 0 if sent or (options.dry_run and not planned.obstacle) else FAILED


def _description(error: Exception) -> str:
    return redact(f"{type(error).__name__}: {error}")
