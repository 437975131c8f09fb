"""The conda package, built from the recipe, and installed by conda and by py-rattler."""

from __future__ import annotations

import json
import re

import pytest
from installed import ACTIVATE, NEXT, PACKAGE, TOKEN_FILES, check, files_in, record, scripts_in

from anaconda_anon_usage import __version__

#: Path of the launchers in an environment.
LAUNCHERS = "etc/conda/anon-usage"


def of_user_agent(user_agent: str, prefix) -> str:
    """Return the version in a User-Agent that has the environment's token."""
    token = (prefix / "etc" / "aau_token").read_text().strip()
    return re.search(rf" aau/(\S+) c/\S+ s/\S+ e/{token}$", user_agent)[1]


def test_the_recipes_own_tests_pass(channel):
    """They run in an activated environment, whose activation sends no heartbeat."""
    assert [log.count("all tests passed!") for log in channel.logs] == [1, 1]
    assert channel.heartbeats == []


def test_an_installed_package_works_and_is_removed_completely(
    installer, environment, activate, heartbeat
):
    """From the installation to the removal, with activations in every shell."""
    before = files_in(environment)
    installer.install(environment, f"{PACKAGE}={__version__}")
    shown = check([environment / "bin" / PACKAGE, "--version"], {})
    assert shown == f"{PACKAGE} {__version__}\n"
    for shell in ACTIVATE:
        activate(environment, shell)
        assert of_user_agent(heartbeat(), environment) == __version__
    installer.remove(environment)
    assert files_in(environment) - before == TOKEN_FILES
    assert not (environment / LAUNCHERS).exists()
    activate(environment)


def test_an_upgrade_replaces_every_script(installer, environment, activate, heartbeat):
    """No file of the old version remains, and the environment keeps its token."""
    installer.install(environment, f"{PACKAGE}={__version__}")
    old = scripts_in(environment)
    activate(environment)
    assert of_user_agent(heartbeat(), environment) == __version__
    token = (environment / "etc" / "aau_token").read_text()
    installer.install(environment, f"{PACKAGE}={NEXT}")
    new = scripts_in(environment)
    assert old.keys() - new.keys() == {f"{LAUNCHERS}/heartbeat.bat"}
    assert new.keys() - old.keys() == {f"{LAUNCHERS}/heartbeat.cmd"}
    assert new[f"{LAUNCHERS}/heartbeat.sh"].startswith(f"# {NEXT}\n".encode())
    activate(environment)
    assert of_user_agent(heartbeat(), environment) == NEXT
    assert (environment / "etc" / "aau_token").read_text() == token


@pytest.mark.parametrize("version", [__version__, NEXT], ids=["same", "next"])
def test_the_package_replaces_copies_of_its_scripts(
    installer, environment, base_with_package, activate, heartbeat, version
):
    """From then on, they belong to the package and are removed with it."""
    before = files_in(environment)
    hooks = [
        base_with_package.python,
        "-Im",
        "anaconda_anon_usage",
        "hooks",
        "--prefix",
        environment,
    ]
    assert "current" in check([*hooks, "--install"], {})
    put_there = scripts_in(environment)
    installer.install(environment, f"{PACKAGE}={version}")
    owned = set(record(environment)["files"])
    # A copy of a script that the next version lacks remains until hooks removes it.
    stay = put_there.keys() - owned
    assert stay == ({f"{LAUNCHERS}/heartbeat.bat"} if version == NEXT else set())
    activate(environment)
    assert of_user_agent(heartbeat(), environment) == version
    assert "the package is installed there" in check(hooks, {})
    installer.remove(environment)
    assert files_in(environment) - before == TOKEN_FILES | stay
    assert (environment / LAUNCHERS).exists() == bool(stay)
    assert "missing" in check([*hooks, "--remove"], {})
    assert files_in(environment) - before == TOKEN_FILES
    assert not (environment / LAUNCHERS).exists()


def test_the_record_has_the_packages_metadata(conda, tmp_path):
    """Its dependencies, its license, and the oldest supported conda."""
    conda("create", tmp_path / "env", PACKAGE)
    found = record(tmp_path / "env")
    assert {key: found[key] for key in ("constrains", "depends", "license", "noarch")} == {
        "constrains": ["conda >=23.7", "anaconda-ident <0.0a0"],
        "depends": ["python >=3.9", "certifi", "requests", "ruamel.yaml", "urllib3"],
        "license": "BSD-3-Clause",
        "noarch": "python",
    }
    assert (found["subdir"], found["version"]) == ("noarch", NEXT)


def test_in_base_the_package_is_a_plugin_of_conda(conda, environ, tmp_path):
    """It has the entry point, so conda's User-Agent has the tokens."""
    prefix = tmp_path / "own-base"
    conda("create", prefix, "conda", f"{PACKAGE}={__version__}")
    run = [prefix / "bin" / "python", "-Im", "conda"]
    shown = json.loads(check([*run, "info", "--json"], environ))
    assert shown["root_prefix"] == str(prefix)
    assert re.search(rf"^conda/.* aau/{__version__} c/\S+ s/\S+ e/\S+$", shown["user_agent"])
    assert check([*run, "anon-usage", "--version"], environ) == f"{PACKAGE} {__version__}\n"
