"""Helpers for the tests of packages: commands that must succeed, and installed files."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

PROJECT = Path(__file__).parents[2]

PACKAGE = "anaconda-anon-usage"

#: The version to which environments are upgraded.
NEXT = "999.0.0"

#: Files that may remain after the package is removed, with the environment's token.
TOKEN_FILES = {"etc/aau_token", "etc/aau_token_prefix"}

#: Evaluates conda's output for a shell, as conda's own shell function does.
ACTIVATE = {
    "bash": ("-euc", 'eval "$("$1" shell.posix activate "$2")"'),
    "zsh": ("-fec", 'eval "$("$1" shell.posix activate "$2")"'),
    "fish": ("--no-config", "-c", "eval ($argv[2] shell.fish activate $argv[3])"),
}


def check(command, environ, **options) -> str:
    """Run a command that must succeed, and return its output."""
    done = subprocess.run(
        list(map(str, command)),
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        **options,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def files_below(directory: Path) -> dict[str, bytes]:
    """Return the content of every file below a directory, except for git's."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.relative_to(directory).parts[0] != ".git"
    }


def files_in(prefix: Path) -> set[str]:
    """Return the relative paths of the files in an environment.

    Byte code of other packages and conda's own records are excluded.
    """
    found = {
        os.path.relpath(os.path.join(parent, name), prefix)
        for parent, _, names in os.walk(prefix)
        for name in names
    }
    return {
        name
        for name in found
        if not name.startswith("conda-meta") and ("__pycache__" not in name or "anaconda" in name)
    }


def scripts_in(prefix: Path) -> dict[str, bytes]:
    """Return the files in an environment's etc/conda, with their contents."""
    return {
        str(path.relative_to(prefix)): path.read_bytes()
        for path in (prefix / "etc" / "conda").rglob("*")
        if path.is_file()
    }


def record(prefix: Path) -> dict:
    """Return conda's record of the package in an environment."""
    [path] = (prefix / "conda-meta").glob(f"{PACKAGE}-*.json")
    return json.loads(path.read_text())
