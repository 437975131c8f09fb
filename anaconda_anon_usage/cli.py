"""The command line: ``anaconda-anon-usage``, also as ``conda anon-usage``."""

from __future__ import annotations

import argparse
import sys

from . import (
    __version__,
    deploy_command,
    environments,
    explanation,
    heartbeat_command,
    hooks_command,
    tokens,
)
from .configuration import load
from .user_agent import user_agent


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit status.

    Args:
        arguments: the command line without the program's name; by default that of the
            process.
    """
    options = _parser().parse_args(arguments)
    return options.run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="anaconda-anon-usage",
        description="Show what telemetry conda sends, and why. Without a command: its state.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.set_defaults(run=_status)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, module, summary in (
        ("tokens", tokens, "print the tokens"),
        ("heartbeat", heartbeat_command, "explain or send one heartbeat"),
        ("deploy", deploy_command, "write the configuration for all users of this machine"),
        ("hooks", hooks_command, "show, install or remove activation scripts"),
    ):
        command = commands.add_parser(name, help=summary)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def _status(options: argparse.Namespace) -> int:
    prefix = environments.chosen(None, None)
    settings = load(prefix)
    print(f"telemetry:   {explanation.telemetry(settings)}")
    print(f"heartbeat:   {explanation.heartbeat(settings)}")
    print(f"User-Agent:  {user_agent(prefix, settings)}")
    print(f"environment: {prefix}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
