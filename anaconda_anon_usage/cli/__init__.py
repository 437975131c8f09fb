# PYTHON_ARGCOMPLETE_OK: argcomplete looks for this in the module of the entry point.
"""The command line: ``anaconda-anon-usage``, also as ``conda anon-usage``."""

from __future__ import annotations

import argparse
import sys

from . import deploy as deploy_command
from . import heartbeat as heartbeat_command
from . import hooks as hooks_command
from . import parser as command_line
from . import status as status_command
from . import tokens as tokens_command

#: The commands: name, module with add_arguments(parser) and run(options), summary.
COMMANDS = (
    ("tokens", tokens_command, "print the tokens, what they mean, where they come from"),
    ("heartbeat", heartbeat_command, "explain or send one heartbeat"),
    ("hooks", hooks_command, "show, install or remove activation scripts"),
    ("deploy", deploy_command, "write the configuration for all users of this machine"),
)


def main(arguments: list[str] | None = None, prog: str = "anaconda-anon-usage") -> int:
    """Run the command line and return the exit status.

    Args:
        arguments: the command line without the program's name; by default that of the
            process.
        prog: how the program was called, for its help.
    """
    parser = _parser(prog)
    command_line.complete(parser)
    return command_line.run(parser, arguments)


def _parser(prog: str) -> command_line.Parser:
    parser = command_line.Parser(prog=prog)
    status_command.add_arguments(parser)
    parser.set_defaults(run=status_command.run)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", action=_Commands)
    for name, module, summary in COMMANDS:
        # The program's name alone: by default argparse adds the options above.
        command = commands.add_parser(name, prog=f"{prog} {name}", help=summary)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


class _Commands(argparse._SubParsersAction):
    """Refuses options before the command, which argparse would silently forget."""

    def __call__(self, parser, namespace, values, option_string=None):
        if namespace.json or namespace.name is not None or namespace.prefix is not None:
            parser.error(f"options stand behind the command: {parser.prog} {values[0]} ...")
        super().__call__(parser, namespace, values, option_string)


if __name__ == "__main__":
    sys.exit(main())
