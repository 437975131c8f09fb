"""``conda config`` supports the settings, and invalid values affect no other command."""

from __future__ import annotations

import json
import re

import pytest

WRONG = ["[1]", "[]", "{a: b}", "7", "ftp://example.org", "perhaps"]


@pytest.fixture
def user_agent(conda, base):
    """A function that returns the User-Agent of a command with some variables."""

    def show(**variables) -> str:
        return json.loads(conda(base, "info", "--json", **variables).stdout)["user_agent"]

    return show


@pytest.mark.parametrize("word", ["off", "false", "no"])
def test_turning_telemetry_off_leaves_only_the_version(conda, base, home, user_agent, word):
    """``on`` restores the tokens."""
    assert conda(base, "config", "--set", "anaconda_anon_usage", word).stderr == ""
    assert (home / ".condarc").read_text() == "anaconda_anon_usage: false\n"
    assert re.search(r" aau/\S+$", user_agent())
    assert not (home / ".conda" / "aau_token").exists()
    conda(base, "config", "--set", "anaconda_anon_usage", "on")
    assert re.search(r" aau/\S+ c/\S+ s/\S+ e/\S+$", user_agent())


def test_the_environment_variable_works(user_agent):
    """``CONDA_ANACONDA_ANON_USAGE`` works like the variables of conda's own settings."""
    assert re.search(r" aau/\S+$", user_agent(CONDA_ANACONDA_ANON_USAGE="off"))
    assert re.search(r" aau/\S+ c/", user_agent(CONDA_ANACONDA_ANON_USAGE="yes"))


def test_a_lock_in_bases_condarc_takes_precedence(conda, own_base, home):
    """Later files cannot override ``#!final``."""
    (own_base.prefix / ".condarc").write_text("anaconda_anon_usage: true #!final\n")
    (home / ".condarc").write_text("anaconda_anon_usage: false\n")
    shown = json.loads(conda(own_base, "info", "--json").stdout)["user_agent"]
    assert re.search(r" aau/\S+ c/", shown)


@pytest.mark.parametrize("name", ["anaconda_anon_usage", "anaconda_heartbeat"])
def test_every_option_of_conda_config_works(conda, base, home, name):
    """``--show``, ``--describe``, ``--get``, ``--show-sources``, ``--remove-key``."""
    assert conda(base, "config", "--set", name, "true").stderr == ""
    show = conda(base, "config", "--show", name)
    describe = conda(base, "config", "--describe", name)
    get = conda(base, "config", "--get", name)
    sources = json.loads(conda(base, "config", "--show-sources", "--json").stdout)
    assert show.stdout == f"{name}: True\n"
    assert f"{name} (" in describe.stdout
    assert "User-Agent" in describe.stdout
    assert get.stdout == f"--set {name} True\n"
    assert sources[str(home / ".condarc")] == {name: True}
    assert name in conda(base, "config", "--describe").stdout
    assert name in conda(base, "config", "--show").stdout
    assert conda(base, "config", "--remove-key", name).stderr == ""
    assert name not in (home / ".condarc").read_text()


def test_a_url_can_be_set(conda, base, home):
    """Heartbeats can go to another server."""
    done = conda(base, "config", "--set", "anaconda_heartbeat", "https://example.org/beat")
    assert (done.returncode, (home / ".condarc").read_text()) == (
        0,
        "anaconda_heartbeat: https://example.org/beat\n",
    )


@pytest.mark.parametrize("value", WRONG)
def test_conda_config_rejects_an_invalid_value(conda, base, home, value):
    """conda prints its own error message."""
    if not value.startswith(("[", "{")):
        done = conda(base, "config", "--set", "anaconda_heartbeat", value)
        assert done.returncode == 1
        assert "CustomValidationError: Parameter anaconda_heartbeat = " in done.stderr
        assert "anaconda" not in "".join(path.read_text() for path in home.glob(".condarc"))
    (home / ".condarc").write_text(f"anaconda_heartbeat: {value}\n")
    done = conda(base, "config", "--validate")
    assert done.returncode == 1
    assert "neither true nor false nor a full http(s) URL" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize("name", ["anaconda_anon_usage", "anaconda_heartbeat"])
def test_an_invalid_value_stops_no_other_command(conda, base, home, tmp_path, name, value):
    """It disables the setting."""
    (home / ".condarc").write_text(f"{name}: {value}\n")
    info = conda(base, "info", "--json")
    create = conda(base, "create", "--yes", "--offline", "--prefix", tmp_path / "env")
    assert (info.returncode, create.returncode) == (0, 0)
    user_agent = json.loads(info.stdout)["user_agent"]
    switched_off = re.search(r" aau/\S+$", user_agent) is not None
    assert switched_off == (name == "anaconda_anon_usage" and value != "7")
