"""Imports point one way, so that whoever imports the tokens gets nothing else."""

from __future__ import annotations

import ast
import graphlib
import sys
from pathlib import Path

import pytest

import anaconda_anon_usage

PACKAGE = Path(anaconda_anon_usage.__file__).parent
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py"))

#: What a program imports with anaconda_anon_usage.tokens, and no more.
TOKENS = {
    *("anaconda_cloud", "anaconda_settings", "debug", "files", "grammar", "guard", "host"),
    *("installation", "search_path", "token_file", "tokens"),
}


def at_module_level(tree: ast.AST):
    """Yield the imports that happen when a module is imported, but not run."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        elif not (isinstance(node, ast.If) and "__name__" in ast.dump(node.test)):
            yield from at_module_level(node)


def imports(module: str) -> tuple[set[str], set[str]]:
    """Return what a module imports as it is imported: of the package, and of others."""
    ours, others = set(), set()
    for node in at_module_level(ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            others |= {alias.name.partition(".")[0] for alias in node.names}
        elif not node.level:
            others.add(node.module.partition(".")[0])
        elif node.module:
            ours.add(node.module)
        else:  # from . import name, which may be a module's or the version's
            ours |= {alias.name for alias in node.names if alias.name in MODULES}
    return ours, others


def test_every_module_below_tokens_exists():
    """The list is of this package."""
    assert set() == TOKENS - set(MODULES)


@pytest.mark.parametrize("module", sorted(TOKENS))
def test_tokens_import_each_other_only(module):
    """Nothing of the package that stands on them."""
    ours, _ = imports(module)
    assert set() == ours - TOKENS


@pytest.mark.skipif(sys.version_info < (3, 10), reason="this Python doesn't know its own library")
@pytest.mark.parametrize("module", MODULES)
def test_nothing_but_the_standard_library_is_imported(module):
    """But for conda, by its plugin; functions import what they need."""
    _, others = imports(module)
    expected = {"conda"} if module == "plugin" else set()
    assert expected == others - set(sys.stdlib_module_names)


def test_there_is_no_circle():
    """Of modules that import each other."""
    graph = {module: imports(module)[0] for module in MODULES}
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert set(MODULES) == set(order)
