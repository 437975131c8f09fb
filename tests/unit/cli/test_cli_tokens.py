"""The ``tokens`` command prints each token, its meaning and its source."""

from __future__ import annotations

import json
import os
import sys

import pytest
from command_lines import run
from processes import forget, is_random, make_environment
from support import posix

from anaconda_anon_usage import __version__, tokens
from anaconda_anon_usage.cli.tokens import sources
from anaconda_anon_usage.tokens import account, grammar
from anaconda_anon_usage.tokens.catalog import CATALOG

#: An invented key for user 00112233-4455-6677-8899-aabbccddeeff, valid until the year 2286.
API_KEY = (
    "eyJ0eXAiOiJKV1QifQ"
    ".eyJleHAiOjk5OTk5OTk5OTksInN1YiI6IjAwMTEyMjMzLTQ0NTUtNjY3Ny04ODk5LWFhYmJjY2RkZWVmZiJ9.c2ln"
)


@pytest.fixture
def environment(tmp_path):
    """An environment."""
    return make_environment(tmp_path / "env")


def as_json(*arguments, **variables) -> dict:
    """Return the output of ``tokens --json``, with the tokens by their letters."""
    status, printed, errors = run("tokens", "--json", *arguments, **variables)
    assert (0, "") == (status, errors)
    found = json.loads(printed)
    return {**found, "tokens": {token["letter"]: token for token in found["tokens"]}}


def values(found: dict) -> dict[str, list[str]]:
    """Return the values of the tokens by their letters."""
    return {
        letter: [value["value"] for value in token["values"]]
        for letter, token in found["tokens"].items()
    }


@pytest.mark.parametrize("module", ["anaconda_anon_usage.tokens", "anaconda_anon_usage"])
def test_the_string_is_printed(environment, module):
    """The module and the command print the same."""
    arguments = [] if module.endswith(".tokens") else ["tokens"]
    status, printed, errors = run(*arguments, module=module, CONDA_PREFIX=environment)
    assert (0, "") == (status, errors)
    assert grammar.TOKEN_STRING.fullmatch(printed.rstrip("\n"))
    assert f" e/{(environment / 'etc' / 'aau_token').read_text()}" in printed


def test_json_has_every_token_with_its_source(home, environment):
    """Together they are the token string."""
    (home / "org_token").write_text("acme\n")
    (environment / "machine_token").write_text("m-1\n")
    variables = {
        "ANACONDA_AUTH_API_KEY": API_KEY,
        "ANACONDA_ANON_USAGE_INSTALLER_TOKEN": "i-1",
        "ANACONDA_ANON_USAGE_ORG_TOKEN": "other",
    }
    found = as_json("--prefix", str(environment), **variables)
    sent = [f"{letter}/{value}" for letter, all in values(found).items() for value in all]
    assert found["token_string"] == " ".join(sent)
    sources = {
        letter: [value["source"] for value in token["values"]]
        for letter, token in found["tokens"].items()
    }
    assert {
        "aau": ["this package"],
        "c": [str(home / ".conda" / "aau_token")],
        "s": ["memory"],
        "e": [str(environment / "etc" / "aau_token")],
        "a": ["ANACONDA_AUTH_API_KEY"],
        "i": ["ANACONDA_ANON_USAGE_INSTALLER_TOKEN"],
        "o": ["ANACONDA_ANON_USAGE_ORG_TOKEN", str(home / "org_token")],
        "m": [str(environment / "machine_token")],
    } == sources
    assert [fact._asdict() for fact in CATALOG] == [
        {name: token[name] for name in CATALOG[0]._fields} for token in found["tokens"].values()
    ]


def test_a_source_is_in_the_list_of_locations(home, environment):
    """The list also has the other locations that were checked."""
    (home / "org_token").write_text("acme\n")
    (environment / ".org_token").write_text("not one\n")
    found = as_json("--prefix", str(environment), ANACONDA_AUTH_API_KEY="no key")
    of = {
        letter: {source["source"]: source["state"] for source in token["sources"]}
        for letter, token in found["tokens"].items()
    }
    assert {str(home / ".conda" / "aau_token"): "used"} == of["c"]
    assert {str(environment / "etc" / "aau_token"): "used"} == of["e"]
    assert {
        "ANACONDA_AUTH_API_KEY": "unused",
        str(home / ".anaconda" / "config.toml"): "absent",
        str(home / ".anaconda" / "keyring"): "absent",
    } == of["a"]
    assert {
        "ANACONDA_ANON_USAGE_ORG_TOKEN": "absent",
        str(home / "org_token"): "used",
        str(home / ".org_token"): "absent",
        str(environment / ".org_token"): "unused",
    }.items() <= of["o"].items()


@posix
def test_detail_describes_each_token(home, environment):
    """Its value, what it identifies, what it contains, its lifetime, its source."""
    status, printed, errors = run("tokens", "--detail", "--prefix", str(environment))
    assert (0, "") == (status, errors)
    blocks = {block.partition("/")[0]: block.splitlines() for block in printed.split("\n\n")}
    assert [fact.letter for fact in CATALOG] == list(blocks)
    client = (home / ".conda" / "aau_token").read_text().strip()
    assert [
        f"c/{client}",
        "  identifies  a user on a machine",
        "  content     random, pseudonymous",
        "  lasts       until the file is deleted; a copy elsewhere gets a new token",
        f"  comes from  {home}/.conda/aau_token",
    ] == blocks["c"]
    assert ("o/ is not sent", f"aau/{__version__}") == (blocks["o"][0], blocks["aau"][0])


@posix
def test_paths_lists_the_locations_and_creates_no_token(home, environment):
    """Existing files, files that would be created, and variables."""
    (home / "org_token").write_text("acme\n")
    (home / "machine_token").write_text("not one\n")
    status, printed, errors = run(
        "tokens", "--paths", "--prefix", str(environment), ANACONDA_ANON_USAGE_INSTALLER_TOKEN="i-1"
    )
    assert (0, "") == (status, errors)
    rows, directories = printed.split("\n\n")
    assert [
        "aau/  this package",
        f"c/    {home}/.conda/aau_token  (created when needed)",
        "s/    memory",
        f"e/    {environment}/etc/aau_token  (created when needed)",
        "a/    ANACONDA_AUTH_API_KEY  (not set)",
        f"      {home}/.anaconda/config.toml  (absent)",
        f"      {home}/.anaconda/keyring  (absent)",
        "i/    ANACONDA_ANON_USAGE_INSTALLER_TOKEN",
        "o/    ANACONDA_ANON_USAGE_ORG_TOKEN  (not set)",
        f"      {home}/org_token",
        "m/    ANACONDA_ANON_USAGE_MACHINE_TOKEN  (not set)",
        f"      {home}/machine_token  (not sent: not 1 to 36 characters from A-Z a-z 0-9 _ -)",
    ] == rows.splitlines()
    assert str(environment) == directories.splitlines()[-1].strip()
    assert (False, False) == ((home / ".conda").exists(), (environment / "etc").exists())


@pytest.mark.parametrize("option", [[], ["--detail"], ["--paths"], ["--json"]])
def test_no_keyring_omits_the_token_of_the_account(environment, option):
    """The login is not looked for."""
    arguments = ["--no-keyring", *option, "--prefix", str(environment)]
    variables = {"ANACONDA_AUTH_API_KEY": API_KEY, "ANACONDA_ANON_USAGE_DEBUG": "1"}
    status, printed, errors = run(*arguments, module="anaconda_anon_usage.tokens", **variables)
    assert (0, False) == (status, "Anaconda account" in errors)
    assert [] == [text for text in ("ABEiM0RV", "ANACONDA_AUTH_API_KEY") if text in printed]
    assert option or grammar.TOKEN_STRING.fullmatch(printed.rstrip("\n"))


@pytest.mark.parametrize("option", [[], ["--detail"], ["--paths"], ["--json"]])
def test_with_telemetry_off_no_token_is_created(home, environment, option):
    """Tokens that would not be sent are not shown."""
    _, printed, errors = run(
        "tokens", *option, CONDA_PREFIX=environment, CONDA_ANACONDA_ANON_USAGE="off"
    )
    assert "" == errors
    assert (False, False) == ((home / ".conda").exists(), (environment / "etc").exists())
    if option == ["--detail"]:
        expected = "telemetry is off (CONDA_ANACONDA_ANON_USAGE): only the version is sent\n"
        assert printed.startswith(expected)
    if option == []:
        assert f"aau/{__version__}\n" == printed
    if option == ["--json"]:
        assert f"aau/{__version__}" == json.loads(printed)["token_string"]


def test_random_prints_a_token_and_writes_nothing(home):
    """As text and as JSON."""
    assert is_random(run("tokens", "--random")[1].rstrip("\n"))
    assert is_random(json.loads(run("tokens", "--random", "--json")[1])["random"])
    assert [] == os.listdir(home)


def test_the_systems_keyring_is_not_asked_after_another_login_was_found(home, monkeypatch):
    """A keyring may ask the user for a password."""
    (home / ".anaconda").mkdir()
    config = home / ".anaconda" / "config.toml"
    config.write_text('[plugin.auth]\npreferred_token_storage = "system"\n')
    monkeypatch.setenv("ANACONDA_AUTH_API_KEY", API_KEY)
    monkeypatch.setattr(account, "_key_in_system_keyring", lambda _: pytest.fail("asked"))
    fact = next(fact for fact in CATALOG if fact.letter == "a")
    assert [
        ("ANACONDA_AUTH_API_KEY", "used"),
        (str(config), "unused"),
        ("the system's keyring", "absent"),
        (str(home / ".anaconda" / "keyring"), "absent"),
    ] == [(source.name, source.state) for source in sources(fact, None, enabled=True)]


def test_outside_of_conda_there_is_no_environment():
    """The prefix of another Python is not an environment that conda is about to create."""
    forget()
    assert ("", None) == (
        tokens.environment_token(sys.prefix),
        tokens.environment_token_file(sys.prefix),
    )
