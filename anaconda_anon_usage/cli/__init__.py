"""The command line: ``anaconda-anon-usage``, also as ``conda anon-usage``.

Each command is a module with a DESCRIPTION and an EPILOG for its help, add_arguments(parser),
and run(options), which prints the result and returns the exit status.
"""

from __future__ import annotations

import argparse
from types import ModuleType
from typing import Any

from . import deploy, heartbeat, hooks, status, tokens
from .parser import Parser, run

__all__ = ["COMMANDS", "command_main", "main"]

#: The commands: name, module, summary.
COMMANDS = (
    ("tokens", tokens, "print the tokens and what they identify"),
    ("heartbeat", heartbeat, "send a heartbeat now, or show what it would send"),
    ("hooks", hooks, "show, install or remove activation scripts"),
    ("deploy", deploy, "configure telemetry and heartbeats for all users of this machine"),
)


def main(arguments: list[str] | None = None, prog: str = "anaconda-anon-usage") -> int:
    """Run a command line (default: this process's arguments) and return the exit status."""
    parser = _fill(Parser(prog=prog), status)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", action=_Commands)
    for name, module, summary in COMMANDS:
        # Without a prog of its own, argparse would repeat the options above.
        _fill(commands.add_parser(name, prog=f"{prog} {name}", help=summary), module)
    return run(parser, arguments)


def command_main(name: str, prog: str) -> int:
    """Run one of COMMANDS as a program of its own and return the exit status."""
    modules = {command: module for command, module, _ in COMMANDS}
    return run(_fill(Parser(prog=prog), modules[name]), None)


def _fill(parser: Parser, module: ModuleType) -> Parser:
    parser.purpose, parser.epilog = module.DESCRIPTION, module.EPILOG
    module.add_arguments(parser)
    parser.set_defaults(run=module.run)
    return parser


class _Commands(argparse._SubParsersAction):  # type: ignore[type-arg]  # generic in the stub only
    """Rejects options before the command, which argparse would ignore silently."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: Any = None) -> None:
        if namespace.json or namespace.name is not None or namespace.prefix is not None:
            parser.error(f"put options after the command: {parser.prog} {values[0]} ...")
        super().__call__(parser, namespace, values, option_string)
