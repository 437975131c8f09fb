"""The scripts pass the linter of their language."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import PROJECT, tool

SCRIPTS = sorted(
    path for pattern in ("activate.d/*", "deactivate.d/*", "etc/conda/anon-usage/*", "etc/*.sh")
    for path in PROJECT.glob(pattern)
)  # fmt: skip


def scripts(extension: str):
    """Parametrize a test over the scripts in a language."""
    found = [path for path in SCRIPTS if path.suffix == extension]
    assert found
    return pytest.mark.parametrize("script", found, ids=lambda p: str(p.relative_to(PROJECT)))


def lint(*command) -> str:
    """Return the output of a linter."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60
    )
    return done.stdout or f"status {done.returncode}" * bool(done.returncode)


def own_tool(name: str) -> Path:
    """Return a program that pip has installed next to Python."""
    return Path(sys.executable).parent / name


@scripts(".sh")
def test_shellcheck(script):
    """shellcheck has no findings, with all optional checks."""
    assert "" == lint(own_tool("shellcheck"), "--enable=all", "--shell=sh", script)


@scripts(".sh")
def test_shfmt(script):
    """The style is shfmt's, with an indentation of two spaces."""
    assert "" == lint(own_tool("shfmt"), "--diff", "--indent=2", "--language-dialect=posix", script)


@scripts(".fish")
def test_fish(script):
    """fish can parse the script, and it has fish's indentation."""
    assert "" == lint(tool("fish"), "--no-execute", script)
    assert "" == lint(tool("fish_indent"), "--check", script)


@scripts(".csh")
def test_tcsh(script):
    """tcsh can parse the script."""
    assert "" == lint(tool("tcsh"), "-fn", script)


@scripts(".ps1")
def test_powershell(script):
    """The script parses, and only uses syntax of Windows PowerShell 5.1."""
    import tree_sitter_powershell
    from tree_sitter import Language, Parser

    text = script.read_bytes()
    tree = Parser(Language(tree_sitter_powershell.language())).parse(text)
    assert not tree.root_node.has_error
    # Operators of version 7, which the grammar may accept: ?? ?. && || and ternary ?:
    code = b"\n".join(line for line in text.splitlines() if not line.startswith(b"#"))
    assert [] == [new for new in (b"??", b"?.", b"&&", b"||", b" ? ") if new in code]


@scripts(".bat")
def test_batch_files_have_dos_line_ends(script):
    """cmd.exe misses labels in files with bare line feeds."""
    text = script.read_bytes()
    assert text.count(b"\n") == text.count(b"\r\n") > 0


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: str(p.relative_to(PROJECT)))
def test_scripts_are_ascii(script):
    """Windows PowerShell and cmd.exe decode scripts with the current code page."""
    assert script.read_bytes().isascii()
