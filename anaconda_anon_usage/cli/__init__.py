"""The command line: ``anaconda-anon-usage``, also as ``conda anon-usage``."""

from __future__ import annotations

import argparse

from . import deploy, heartbeat, hooks, status, tokens
from .parser import Parser, run

__all__ = ["COMMANDS", "command_main", "main"]

#: The commands: name, module with add_arguments(parser) and run(options), summary.
COMMANDS = (
    ("tokens", tokens, "print the tokens and what they identify"),
    ("heartbeat", heartbeat, "send a heartbeat now, or show what it would send"),
    ("hooks", hooks, "show, install or remove activation scripts"),
    ("deploy", deploy, "configure telemetry and heartbeats for all users of this machine"),
)


def main(arguments: list[str] | None = None, prog: str = "anaconda-anon-usage") -> int:
    """Run the command line and return the exit status.

    Args:
        arguments: the command line without the program's name; by default the process's.
        prog: the name of the program in its help.
    """
    parser = Parser(prog=prog)
    status.add_arguments(parser)
    parser.set_defaults(run=status.run)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", action=_Commands)
    for name, module, summary in COMMANDS:
        # Without a prog of its own, argparse would repeat the options above.
        command = commands.add_parser(name, prog=f"{prog} {name}", help=summary)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return run(parser, arguments)


def command_main(name: str, prog: str) -> int:
    """Run one command as a program of its own and return the exit status.

    Args:
        name: the command's name in COMMANDS.
        prog: the name of the program in its help.
    """
    [module] = [module for command, module, _ in COMMANDS if command == name]
    parser = Parser(prog=prog)
    module.add_arguments(parser)
    parser.set_defaults(run=module.run)
    return run(parser, None)


class _Commands(argparse._SubParsersAction):
    """Refuses options before the command, which argparse would ignore silently."""

    def __call__(self, parser, namespace, values, option_string=None):
        if namespace.json or namespace.name is not None or namespace.prefix is not None:
            parser.error(f"put options after the command: {parser.prog} {values[0]} ...")
        super().__call__(parser, namespace, values, option_string)
