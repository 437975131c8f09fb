"""What the project's files declare agrees with the code and with each other."""

from __future__ import annotations

import ast
import re
import sys

import tomllib
from installed import PROJECT

PACKAGE = PROJECT / "anaconda_anon_usage"

#: Libraries that are used where they are installed.
OPTIONAL = {
    "anaconda_auth",  # registers its backends of keyring
    "conda",  # tokens and heartbeats work without it
    "keyring",  # anaconda-auth brings it
    "tomli",  # anaconda-auth brings it before Python 3.11
    "truststore",  # conda brings it, for `ssl_verify: truststore`
}


def declared() -> list[str]:
    """Return the project's dependencies."""
    return tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]


def imported() -> set[str]:
    """Return the top-level names of all libraries that the package imports."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add(node.module)
    return {name.partition(".")[0] for name in found} - {PACKAGE.name} - sys.stdlib_module_names


def test_every_imported_library_is_declared():
    """A dependency of a dependency is declared as well, and an unused library is not."""
    assert {name.partition(".")[0] for name in declared()} == imported() - OPTIONAL


def test_the_recipe_requires_what_the_project_requires():
    """The recipe adds Python itself."""
    recipe = (PROJECT / "recipe" / "recipe.yaml").read_text()
    run = re.search(r"^  run:\n((?:    - .*\n)+)", recipe, re.MULTILINE)[1]
    assert ["python >=3.9", *declared()] == re.findall("- (.*)", run)


def test_pre_commit_runs_what_make_lint_runs():
    """The commands are the same, but for the files, which pre-commit appends itself."""
    makefile, hooks = (
        (PROJECT / name).read_text() for name in ("Makefile", ".pre-commit-config.yaml")
    )
    lint = re.search(r"^lint:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)[1]
    commands = re.findall(r"^\t\$\(BIN\)/(.*)", lint, re.MULTILINE)
    files = r" (?:\.|\.github/workflows(?:/\*\.yml)?)$"
    assert [re.sub(files, "", command) for command in commands] == [
        entry.replace(" --force-exclude", "")
        for entry in re.findall(r"entry: \.venv/bin/(.*)", hooks)
    ]
