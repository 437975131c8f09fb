"""The heartbeat by hand, for administrators who want to see it before they roll it out.

Unlike an activation it sends whether the heartbeat is switched on or off, and says which
it is and what decides that.
"""

from __future__ import annotations

import argparse
import sys
import time

from . import configuration, connection, environments, explanation, heartbeat

_EPILOG = """\
exit status: 0 the request was sent, or would be; 1 it was not, or would not be;
2 the command line is wrong.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to a parser."""
    parser.description = "Send one heartbeat now, whether activations send them or not."
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    environments.add_arguments(parser)
    parser.add_argument(
        "--channel", metavar="URL", help="base URL to use instead of the configured one"
    )
    parser.add_argument(
        "--path", default=heartbeat.PATH, help="what to ask for below it (%(default)s)"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="explain the request and send nothing"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing")


def main(arguments: list[str]) -> int:
    """Run the command line and return the exit status.

    Args:
        arguments: the command line without the program's name.
    """
    parser = argparse.ArgumentParser(prog="python -m anaconda_anon_usage.heartbeat")
    add_arguments(parser)
    return run(parser.parse_args(arguments))


def run(options: argparse.Namespace) -> int:
    """Do what the command line says and return the exit status.

    Args:
        options: the arguments that add_arguments() adds.
    """
    try:
        prefix = environments.chosen(options.name, options.prefix)
    except environments.NoSuchEnvironment as error:
        print(f"anaconda-anon-usage: {error}", file=sys.stderr)
        return 2
    if options.channel and not options.channel.startswith(("http://", "https://")):
        print(f"anaconda-anon-usage: not an http(s) URL: {options.channel}", file=sys.stderr)
        return 2
    settings = configuration.load(prefix)
    planned = heartbeat.prepare(prefix, settings, options.channel, options.path)
    lines = explain(planned)
    status = 1
    if planned.obstacle:
        lines.append(f"not sent:    {planned.obstacle}")
    elif options.dry_run:
        lines.append("not sent:    this is a dry run")
        status = 0
    else:
        started = time.monotonic()
        result = heartbeat.within_deadline(lambda: heartbeat.send(planned))
        seconds = time.monotonic() - started
        if isinstance(result, Exception):
            lines.append(f"not sent:    {type(result).__name__}: {result}")
        else:
            lines.append(f"sent:        answered {result} in {seconds:.2f} s")
            status = 0
    if not options.quiet:
        print("\n".join(lines))
    return status


def explain(planned: heartbeat.Heartbeat) -> list[str]:
    """Return lines that say what a heartbeat is, and which setting decides it."""
    proxy = None
    if planned.url:
        try:
            proxy = connection.proxy_shown(planned.url, planned.settings)
        except Exception as error:  # what TLS should trust can't be had, for example
            proxy = f"unknown ({type(error).__name__}: {error})"
    return [
        f"heartbeat:   {explanation.heartbeat(planned.settings)}",
        f"URL:         {planned.url or 'none'}",
        f"User-Agent:  {planned.user_agent}",
        f"environment: {planned.prefix}",
        f"proxy:       {proxy or 'none'}",
    ]
