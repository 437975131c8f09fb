"""docs/reference.md lists everything that exists, and nothing else."""

from __future__ import annotations

import argparse
import ast
import re

import pytest
from markdown_text import PROJECT, page, sections, spans, tables

from anaconda_anon_usage import activation_scripts as hooks
from anaconda_anon_usage import cli
from anaconda_anon_usage.cli import parser as command_line
from anaconda_anon_usage.settings.policy import SETTINGS
from anaconda_anon_usage.tokens.account import _SETTINGS as LOGIN_SETTINGS

PAGE = page("reference")
SECTIONS = sections(PAGE)
PROGRAM = "anaconda-anon-usage"

MODULES = sorted((PROJECT / "anaconda_anon_usage").rglob("*.py"))
SCRIPTS = [
    path
    for folder in ("activate.d", "deactivate.d", "etc/conda/anon-usage")
    for path in sorted((PROJECT / folder).iterdir())
]

#: Names of variables; a name that ends with _ is the prefix of several.
NAME = re.compile(
    r"(?<![A-Za-z_])(?:_?ANACONDA_[A-Z_]+|CONDA_[A-Z_]*|XDG_[A-Z_]+|CONDARC|DO_NOT_TRACK"
    r"|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|HOME|USERPROFILE)(?![A-Za-z])"
)

#: The variables that the library requests reads.
PROXIES = {"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"}


def asked_in_python() -> set[str]:
    """Return the names that modules read from os.environ with a literal."""
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
    """Return the names of variables in the package and the shell scripts."""
    texts = [path.read_text() for path in (*MODULES, *SCRIPTS)]
    return {name for text in texts for name in NAME.findall(text)} | asked_in_python()


def cells(section: str, column: str) -> list[str]:
    """Return the code spans in a column of the tables in a section."""
    return [
        span
        for table in tables(SECTIONS[section])
        if column in table[0]
        for row in table
        for span in spans(row[column])
    ]


def listed_variables() -> set[str]:
    """Return the variables on the page, with ``<SETTING>`` replaced by each setting."""
    settings = cells("Settings", "Setting")
    members = {"ANACONDA_AUTH_": LOGIN_SETTINGS, "ANACONDA_CLOUD_": LOGIN_SETTINGS}
    members |= {"CONDA_": settings, "_ANACONDA_HEARTBEAT_": [""]}
    found = set()
    for name in cells("Environment variables", "Variable"):
        family, placeholder, _ = name.partition("<")
        found |= {family + m.upper() for m in members[family]} if placeholder else {name}
    return found


def test_every_variable_in_the_code_is_on_the_page():
    """A prefix counts as listed if a name that starts with it is."""
    listed = listed_variables()
    missing = [
        name
        for name in variables_in_code() - listed
        if not (name.endswith("_") and any(known.startswith(name) for known in listed))
    ]
    assert [] == sorted(missing)


def test_every_variable_on_the_page_is_in_the_code():
    """Except for those that the library requests reads."""
    found = variables_in_code()
    listed = {name.partition("<")[0] for name in cells("Environment variables", "Variable")}
    assert [] == sorted(listed - found - PROXIES)


def test_no_variable_is_listed_twice():
    """On one line or on two."""
    listed = cells("Environment variables", "Variable")
    assert sorted(set(listed)) == sorted(listed)


def test_the_settings_of_anaconda_auth_are_listed():
    """Those that ``<SETTING>`` stands for."""
    [row] = [
        row
        for row in tables(SECTIONS["Environment variables"])[0]
        if "ANACONDA_AUTH_<SETTING>" in row["Variable"]
    ]
    assert list(LOGIN_SETTINGS) == spans(row["Effect"])


def test_every_setting_that_is_obeyed_is_on_the_page():
    """This package's settings, and those of conda that the code reads."""
    looked_up = set()
    for path in (PROJECT / "anaconda_anon_usage" / "settings").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and re.fullmatch(
                r"(\w+\.)?(value|sequence|mapping|mapping_of_sequences|text)",
                ast.unparse(node.func),
            ):
                names = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
                looked_up |= {name for name in names if isinstance(name, str)}
    assert "ssl_verify" in looked_up
    assert sorted({*SETTINGS, *looked_up}) == sorted(cells("Settings", "Setting"))


def test_defaults_match_the_code():
    """For this package's settings."""
    assert {name: str(setting.default).lower() for name, setting in SETTINGS.items()} == {
        row["Setting"].strip("`"): row["Default"] for row in tables(SECTIONS["Settings"])[0]
    }


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command, by the command as users type it."""
    found: list[argparse.ArgumentParser] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli, "run", lambda parser, arguments: found.append(parser))
        cli.main([], PROGRAM)
    [parser] = found
    [commands] = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return {PROGRAM: parser} | {
        f"{PROGRAM} {name}": command for name, command in commands.choices.items()
    }


def test_every_command_has_a_section():
    """And nothing else has one."""
    described = {heading for heading in SECTIONS if heading.startswith(PROGRAM)}
    assert sorted(parsers()) == sorted(described)


@pytest.mark.parametrize("command", sorted(parsers()))
def test_every_option_is_on_the_page(command):
    """And no other option, except those that all commands accept."""
    options = {o for action in parsers()[command]._actions for o in action.option_strings}
    common = {span for span in spans(SECTIONS["Commands"]) if span.startswith("-")}
    assert {"-h", "--help", "--version"} == common
    assert sorted(options - common) == sorted(cells(command, "Option"))


def test_exit_statuses_match_the_code():
    """Success, and those of cli/parser.py."""
    listed = [int(row["Status"]) for row in tables(SECTIONS["Exit statuses"])[0]]
    known = [0, command_line.FAILED, command_line.WRONG_USAGE, command_line.INTERRUPTED]
    assert known == listed


def test_states_of_environments_match_the_code():
    """In the same order."""
    states = [hooks.CURRENT, hooks.OUTDATED, hooks.MISSING]
    states += [hooks.MODIFIED, hooks.PACKAGE, hooks.BLOCKED]
    assert states == cells(f"{PROGRAM} hooks", "State")


def test_the_scripts_that_are_installed_are_listed():
    """By patterns."""
    written = [span for row in tables(SECTIONS["Files"])[0] for span in spans(row["File"])]
    patterns = [name.partition(">/")[2] for name in written if name.startswith("<prefix>/etc/c")]
    installed = [f"etc/conda/{path.parent.name}/{path.name}" for path in SCRIPTS if path.is_file()]
    unlisted = [
        path
        for path in installed
        if not any(re.fullmatch(re.escape(p).replace(r"\*", "[a-z0-9]+"), path) for p in patterns)
    ]
    assert [] == unlisted
