"""docs/reference.md lists what there is, and nothing else."""

from __future__ import annotations

import argparse
import ast
import re

import pytest
from anaconda_anon_usage.tokens.anaconda_settings import _SETTINGS as LOGIN_SETTINGS
from markdown_text import PROJECT, page, sections, spans, tables

from anaconda_anon_usage import activation_scripts as hooks
from anaconda_anon_usage import cli
from anaconda_anon_usage.cli import parser as command_line
from anaconda_anon_usage.settings.policy import SETTINGS

PAGE = page("reference")
SECTIONS = sections(PAGE)
PROGRAM = "anaconda-anon-usage"

MODULES = sorted((PROJECT / "anaconda_anon_usage").glob("*.py"))
SCRIPTS = [
    path
    for folder in ("activate.d", "deactivate.d", "etc/conda/anon-usage")
    for path in sorted((PROJECT / folder).iterdir())
]

#: Names of variables; those that end with _ are the beginning of a family of names.
NAME = re.compile(
    r"(?<![A-Za-z_])(?:_?ANACONDA_[A-Z_]+|CONDA_[A-Z_]*|XDG_[A-Z_]+|CONDARC|DO_NOT_TRACK"
    r"|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|HOME|USERPROFILE)(?![A-Za-z])"
)

#: Those that the library requests reads.
PROXIES = {"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"}


def asked_in_python() -> set[str]:
    """Return the names that modules ask os.environ for by a literal."""
    found = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            literals: list[ast.expr] = []
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("os.environ."):
                literals = node.args[:1]
            elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
                literals = [node.slice]
            elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]) == "os.environ":
                literals = [node.left]
            found |= {n.value for n in literals if isinstance(n, ast.Constant)}
    return found


def variables_in_code() -> set[str]:
    """Return the variables' names that the package and the shell scripts mention."""
    texts = [path.read_text() for path in (*MODULES, *SCRIPTS)]
    return {name for text in texts for name in NAME.findall(text)} | asked_in_python()


def cells(section: str, column: str) -> list[str]:
    """Return the code spans in one column of the tables of a section."""
    return [
        span
        for table in tables(SECTIONS[section])
        if column in table[0]
        for row in table
        for span in spans(row[column])
    ]


def listed_variables() -> set[str]:
    """Return the variables on the page, those of a family by each of their names."""
    settings = cells("Settings", "Setting")
    members = {"ANACONDA_AUTH_": LOGIN_SETTINGS, "ANACONDA_CLOUD_": LOGIN_SETTINGS}
    members |= {"CONDA_": settings, "_ANACONDA_HEARTBEAT_": [""]}
    found = set()
    for name in cells("Environment variables", "Variable"):
        family, placeholder, _ = name.partition("<")
        found |= {family + m.upper() for m in members[family]} if placeholder else {name}
    return found


def test_every_variable_in_the_code_is_on_the_page():
    """Where the code has the beginning of some names, at least one of them is."""
    listed = listed_variables()
    missing = [
        name
        for name in variables_in_code() - listed
        if not (name.endswith("_") and any(known.startswith(name) for known in listed))
    ]
    assert [] == sorted(missing)


def test_every_variable_on_the_page_is_in_the_code():
    """But for those that the library requests reads."""
    found = variables_in_code()
    listed = {name.partition("<")[0] for name in cells("Environment variables", "Variable")}
    assert [] == sorted(listed - found - PROXIES)


def test_no_variable_is_listed_twice():
    """Nor on two lines."""
    listed = cells("Environment variables", "Variable")
    assert sorted(set(listed)) == sorted(listed)


def test_the_settings_of_anaconda_auth_are_listed():
    """Those that its family of variables stands for."""
    [row] = [
        row
        for row in tables(SECTIONS["Environment variables"])[0]
        if "ANACONDA_AUTH_<SETTING>" in row["Variable"]
    ]
    assert list(LOGIN_SETTINGS) == spans(row["What it does"])


def test_every_setting_that_is_obeyed_is_on_the_page():
    """This package's, and conda's by the names under which they are looked up."""
    looked_up = set()
    for name in ("configuration", "channels"):
        tree = ast.parse((PROJECT / "anaconda_anon_usage" / f"{name}.py").read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and re.fullmatch(
                r"condarc\.(value|sequence|mapping|mapping_of_sequences)|text",
                ast.unparse(node.func),
            ):
                looked_up |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    assert "ssl_verify" in looked_up
    assert sorted({*SETTINGS, *looked_up}) == sorted(cells("Settings", "Setting"))


def test_defaults_are_the_codes():
    """Of this package's settings."""
    assert {name: str(setting.default).lower() for name, setting in SETTINGS.items()} == {
        row["Setting"].strip("`"): row["Default"] for row in tables(SECTIONS["Settings"])[0]
    }


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command, by the command as people write it."""
    parser = cli._parser(PROGRAM)
    [commands] = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return {PROGRAM: parser} | {
        f"{PROGRAM} {name}": command for name, command in commands.choices.items()
    }


def test_every_command_has_a_section():
    """And no other has one."""
    described = {heading for heading in SECTIONS if heading.startswith(PROGRAM)}
    assert sorted(parsers()) == sorted(described)


@pytest.mark.parametrize("command", sorted(parsers()))
def test_every_option_is_on_the_page(command):
    """And no other is, but for those that every command knows."""
    options = {o for action in parsers()[command]._actions for o in action.option_strings}
    common = {span for span in spans(SECTIONS["Commands"]) if span.startswith("-")}
    assert {"-h", "--help", "--version"} == common
    assert sorted(options - common) == sorted(cells(command, "Option"))


def test_the_exit_statuses_are_the_codes():
    """Success, and those that command_line.py knows."""
    listed = [int(row["Status"]) for row in tables(SECTIONS["Exit statuses"])[0]]
    known = [0, command_line.FAILED, command_line.WRONG, command_line.INTERRUPTED]
    assert known == listed


def test_the_states_of_environments_are_the_codes():
    """With the names that the command prints."""
    states = [hooks.CURRENT, hooks.OUTDATED, hooks.MISSING]
    states += [hooks.MODIFIED, hooks.PACKAGE, hooks.BLOCKED]
    assert states == cells(f"{PROGRAM} hooks", "State")


def test_the_scripts_that_are_installed_are_listed():
    """By what all of their names have in common."""
    written = cells("Files", "Written")
    patterns = [name.partition(">/")[2] for name in written if name.startswith("<prefix>/etc/c")]
    installed = [f"etc/conda/{path.parent.name}/{path.name}" for path in SCRIPTS if path.is_file()]
    unlisted = [
        path
        for path in installed
        if not any(re.fullmatch(re.escape(p).replace(r"\*", "[a-z0-9]+"), path) for p in patterns)
    ]
    assert [] == unlisted
