"""The scripts are read by each language's own linter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import PROJECT, tool

SCRIPTS = sorted(
    path for folder in ("activate.d", "deactivate.d", "etc/conda/anon-usage")
    for path in (PROJECT / folder).iterdir()
)  # fmt: skip


def scripts(extension: str):
    """Run a test once for each script in a language."""
    found = [path for path in SCRIPTS if path.suffix == extension]
    assert found
    return pytest.mark.parametrize("script", found, ids=lambda p: str(p.relative_to(PROJECT)))


def lint(*command) -> str:
    """Return what a linter has to say."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60
    )
    return done.stdout or f"status {done.returncode}" * bool(done.returncode)


def own_tool(name: str) -> Path:
    """Return a program that pip has put beside Python."""
    return Path(sys.executable).parent / name


@scripts(".sh")
def test_shellcheck(script):
    """shellcheck with all its optional checks."""
    assert "" == lint(own_tool("shellcheck"), "--enable=all", "--shell=sh", script)


@scripts(".sh")
def test_shfmt(script):
    """Two spaces, as shfmt has it."""
    assert "" == lint(own_tool("shfmt"), "--diff", "--indent=2", "--language-dialect=posix", script)


@scripts(".fish")
def test_fish(script):
    """fish parses it and would not indent it otherwise."""
    assert "" == lint(tool("fish"), "--no-execute", script)
    assert "" == lint(tool("fish_indent"), "--check", script)


@scripts(".csh")
def test_tcsh(script):
    """tcsh parses it."""
    assert "" == lint(tool("tcsh"), "-fn", script)


@scripts(".ps1")
def test_powershell(script):
    """It parses, and has nothing that Windows PowerShell 5.1 has not."""
    import tree_sitter_powershell
    from tree_sitter import Language, Parser

    text = script.read_bytes()
    tree = Parser(Language(tree_sitter_powershell.language())).parse(text)
    assert not tree.root_node.has_error
    # Operators of version 7 that the grammar knows or may learn: ?? ?. && || and ternary ?:
    code = b"\n".join(line for line in text.splitlines() if not line.startswith(b"#"))
    assert [] == [new for new in (b"??", b"?.", b"&&", b"||", b" ? ") if new in code]


@scripts(".bat")
def test_batch_files_have_dos_line_ends(script):
    """cmd.exe misses labels in files with bare line feeds."""
    text = script.read_bytes()
    assert text.count(b"\n") == text.count(b"\r\n") > 0


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: str(p.relative_to(PROJECT)))
def test_scripts_are_ascii(script):
    """Windows PowerShell and cmd.exe read them in whatever code page there is."""
    assert script.read_bytes().isascii()
