"""The commands of this package that the pages show."""

from __future__ import annotations

import re
import shlex
from collections import namedtuple

from markdown_text import GUIDE, PROJECT, fences, spans

#: One command: the page, the command as written there, and its arguments.
Example = namedtuple("Example", "page text words")

# Patterns of how a command starts, and the arguments that this start stands for.
_BEGINNINGS = {
    r"anaconda-anon-usage(?=\s|$)": "",
    r"conda anon-usage(?=\s|$)": "",
    r"python (?:-I )?-m anaconda_anon_usage(?=\s|$)": "",
    r"python (?:-I )?-m anaconda_anon_usage\.([\w.]+)(?=\s|$)": r"\1",
}


def examples() -> list[Example]:
    """Return every command of this package, from fenced blocks and code spans."""
    found = []
    for path in GUIDE:
        text = path.read_text(encoding="utf-8")
        lines = [line for fence in fences(text) for line in fence.text.splitlines()]
        for line in [*lines, *spans(text)]:
            for command in re.split(r" && |\s{3,}(?=python )", line):
                words = command_line(command)
                if words is not None:
                    found.append(Example(str(path.relative_to(PROJECT)), command.strip(), words))
    return found


def command_line(command: str) -> list[str] | None:
    """Return the arguments of a command of this package, or None for other commands."""
    # Skip a Docker instruction, a variable assignment, or the end of the previous line.
    command = re.sub(r"^\s*(?:RUN |&& |[A-Z_]+=\S+ )*", "", command).rstrip("\\ ")
    for beginning, first in _BEGINNINGS.items():
        match = re.match(beginning, command)
        if match:
            rest = shlex.split(command[match.end() :], comments=True)
            return [*match.expand(first).split(), *rest]
    return None


def condas_settings() -> list[tuple[str, str, str]]:
    """Return the page, setting and value of each `conda config` with our settings."""
    found = []
    for path in GUIDE:
        text = path.read_text(encoding="utf-8")
        whole = "\n".join([*(fence.text for fence in fences(text)), *spans(text)])
        for name, value in re.findall(r"conda config --set (anaconda_\w+) (\S+)", whole):
            found.append((path.name, name, value))
        for name in re.findall(r"conda config --(?:remove-key|show|get) (anaconda_\w+)", whole):
            found.append((path.name, name, "true"))
    return found
