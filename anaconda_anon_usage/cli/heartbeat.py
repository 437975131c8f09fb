"""Send a heartbeat by hand, to see what it is before it is turned on for others.

Unlike an activation, this command also sends a heartbeat while the setting is off. It
shows the setting and what decides it.
"""

from __future__ import annotations

import argparse
import time

from .._common import redact
from ..activation_scripts import choose_environment
from ..heartbeat import PATH, Heartbeat, prepare, send, visible_proxy, within_deadline
from ..settings import explain_heartbeat, load
from .parser import FAILED, WrongCommandLine, add_environment, add_json, print_json, table

_DESCRIPTION = "Send one heartbeat now, even if heartbeats are off."

_EPILOG = """\
examples:
  anaconda-anon-usage heartbeat --dry-run
  anaconda-anon-usage heartbeat --name myenv --json

A heartbeat is the HEAD request that each `conda activate` sends in the background if the
setting anaconda_heartbeat is on.

exit status: 0 there was a response, or the request would be sent; 1 there was none, or it
would not be sent; 2 invalid command line
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to a parser."""
    parser.description = _DESCRIPTION
    parser.epilog = _EPILOG
    add_environment(parser)
    parser.add_argument(
        "--channel",
        metavar="URL",
        help="base URL to use instead of the configured one",
    )
    parser.add_argument(
        "--path",
        default=PATH,
        help="path below the base URL (default: %(default)s)",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print what would be sent, send nothing"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "-q", "--quiet", action="store_true", help="print nothing, only set the exit status"
    )
    add_json(form)


def run(options: argparse.Namespace) -> int:
    """Send a heartbeat or show it, and return the exit status.

    Args:
        options: the arguments that add_arguments() adds.

    Raises:
        NoSuchEnvironment: the command line names an environment that does not exist.
        WrongCommandLine: the channel is not a URL.
    """
    prefix = choose_environment(options.name, options.prefix)
    if options.channel and not options.channel.startswith(("http://", "https://")):
        raise WrongCommandLine(f"not an http(s) URL: {redact(options.channel)}")
    settings = load(prefix)
    planned = prepare(prefix, settings, options.channel, options.path)
    proxy = proxy_problem = None
    if planned.url:
        try:
            proxy = visible_proxy(planned.url, settings.connection)
        except Exception as error:
            proxy_problem = _description(error)
    report = {
        "heartbeat": explain_heartbeat(settings),
        "url": redact(planned.url) if planned.url else None,
        "user_agent": planned.user_agent,
        "prefix": planned.prefix,
        "proxy": proxy,
        "proxy_problem": proxy_problem,
        "dry_run": options.dry_run,
        "obstacle": planned.obstacle,
        **_outcome(planned, options.dry_run),
    }
    if options.json:
        print_json({**report, "heartbeat": report["heartbeat"].as_json()})
    elif not options.quiet:
        print(_text(report))
    would_be_sent = options.dry_run and not planned.obstacle
    return 0 if report["sent"] or would_be_sent else FAILED


def _outcome(planned: Heartbeat, dry_run: bool) -> dict:
    """Send a heartbeat unless there is an obstacle, and return the outcome.

    Returns:
        Whether it was sent and answered (None: it may have arrived, without an answer),
        the response's HTTP status, the seconds that it took, and the error.
    """
    outcome = {"sent": False, "status": None, "seconds": None, "error": None}
    if planned.obstacle or dry_run:
        return outcome
    started = time.monotonic()
    result = within_deadline(lambda: send(planned))
    outcome["seconds"] = round(time.monotonic() - started, 3)
    if isinstance(result, TimeoutError):
        outcome.update(sent=None, error=str(result))
    elif isinstance(result, Exception):
        outcome["error"] = _description(result)
    else:
        outcome.update(sent=True, status=result)
    return outcome


def _text(report: dict) -> str:
    proxy = f"unknown ({report['proxy_problem']})" if report["proxy_problem"] else report["proxy"]
    rows = [
        ("heartbeat:", str(report["heartbeat"])),
        ("URL:", report["url"] or "none"),
        ("User-Agent:", report["user_agent"]),
        ("environment:", report["prefix"]),
        ("proxy:", proxy or "none"),
    ]
    if report["sent"]:
        rows.append(("sent:", f"answered {report['status']} in {report['seconds']:.2f} s"))
    elif report["sent"] is None:
        rows.append(("sent:", report["error"]))
    else:
        reason = report["obstacle"] or report["error"] or "this is a dry run"
        rows.append(("not sent:", reason))
    return table(rows)


def _description(error: Exception) -> str:
    return redact(f"{type(error).__name__}: {error}")
