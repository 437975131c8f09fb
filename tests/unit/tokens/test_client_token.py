"""The client token, in real processes and homes, and on other machines."""

from __future__ import annotations

import os
import re
import shutil
import stat

import pytest
from processes import (
    CLIENT_TOKEN,
    WITHOUT_LINKS,
    is_random,
    machine,
    race,
    run,
)
from support import posix


def test_the_client_token_is_created_once(home):
    """All later commands of the user return it."""
    token = run(home, CLIENT_TOKEN)
    assert (True, token) == (is_random(token), run(home, CLIENT_TOKEN))
    assert f"{token}\n" == (home / ".conda" / "aau_token").read_text()


@posix
@pytest.mark.parametrize("umask", [0, 0o077])
def test_the_client_token_is_accessible_to_the_user_only(home, umask):
    """Others may not write to its directory, either."""
    home.chmod(0o755)
    run(home, f"import os; os.umask({umask})", CLIENT_TOKEN)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in sorted((home / ".conda").iterdir())]
    assert {0o600} == set(modes)
    assert 0 == (home / ".conda").stat().st_mode & 0o022


@posix
@pytest.mark.parametrize("home_variable", ["/does/not/exist", "relative", "/dev/null"])
def test_the_client_token_is_omitted_without_a_home(home_variable):
    """Nothing is created at an invalid path."""
    assert "" == run(home_variable, CLIENT_TOKEN)


@posix
def test_the_client_token_is_omitted_if_the_home_is_unknown(home):
    """In containers, HOME is often unset and the user has no passwd entry."""
    if os.geteuid() != 0:
        pytest.skip("cannot become a user without an entry")
    nobody_knows = "import os; del os.environ['HOME']; os.setuid(54321)"
    imports = "import anaconda_anon_usage.settings, anaconda_anon_usage.tokens"
    assert "" == run(home, imports, nobody_knows, CLIENT_TOKEN)


def test_the_client_token_is_omitted_if_its_directory_is_a_file(home):
    """The file does not change."""
    (home / ".conda").write_text("mine")
    assert ("", "mine") == (run(home, CLIENT_TOKEN), (home / ".conda").read_text())


@pytest.mark.unmeasured
@pytest.mark.parametrize(
    "prelude", ["", pytest.param(WITHOUT_LINKS, marks=posix)], ids=["links", "no links"]
)
@pytest.mark.parametrize("count", [64, 2])
def test_concurrent_processes_agree_on_the_client_token(home, prelude, count):
    """They return the token in the file."""
    printed = race(home, count, prelude, CLIENT_TOKEN)
    assert [(home / ".conda" / "aau_token").read_text().strip()] * count == printed


ID, OTHER_ID = "0123456789abcdef" * 2, "fedcba9876543210" * 2


@pytest.fixture
def machines(tmp_path):
    """Two machines with an identity, and one without."""
    return {
        "one": machine(tmp_path / "one", ID),
        "other": machine(tmp_path / "other", OTHER_ID),
        "unknown": machine(tmp_path / "unknown", "uninitialized"),
    }


def test_a_home_copied_to_another_machine_gets_a_new_client_token(tmp_path, home, machines):
    """The new token is kept, and the original home keeps its own."""
    token = run(home, CLIENT_TOKEN, before=machines["one"])
    copy = shutil.copytree(home, tmp_path / "copy")
    copied = [run(copy, CLIENT_TOKEN, before=machines["other"]) for _ in range(2)]
    assert (True, copied[0]) == (is_random(copied[0]), copied[1])
    assert token == run(home, CLIENT_TOKEN, before=machines["one"]) != copied[0]


def test_concurrent_processes_agree_on_the_new_client_token(home, machines):
    """On the other machine, only the first process replaces it."""
    token = run(home, CLIENT_TOKEN, before=machines["one"])
    printed = race(home, 16, CLIENT_TOKEN, before=machines["other"])
    assert [(home / ".conda" / "aau_token").read_text().strip()] * 16 == printed
    assert token not in printed


def test_the_client_token_is_kept_on_a_machine_without_an_identity(home, machines):
    """There is no binding, but not a new token for each process, either."""
    token = run(home, CLIENT_TOKEN, before=machines["unknown"])
    assert token == run(home, CLIENT_TOKEN, before=machines["unknown"])
    assert ["aau_token"] == os.listdir(home / ".conda")


def test_the_client_token_of_a_machine_is_kept_without_an_identity(home, machines):
    """For example, in a container that shares the home."""
    token = run(home, CLIENT_TOKEN, before=machines["one"])
    assert token == run(home, CLIENT_TOKEN, before=machines["unknown"])
    assert token == run(home, CLIENT_TOKEN, before=machines["one"])


def test_a_client_token_without_a_sidecar_is_kept_and_bound(tmp_path, home, machines):
    """From then on, copies are detected."""
    token = run(home, CLIENT_TOKEN, before=machines["one"])
    (home / ".conda" / "aau_token_binding").unlink()
    assert token == run(home, CLIENT_TOKEN, before=machines["one"])
    assert token != run(home, CLIENT_TOKEN, before=machines["other"])


def test_the_sidecar_does_not_contain_the_identity(home, machines):
    """Eight characters are too few for it."""
    run(home, CLIENT_TOKEN, before=machines["one"])
    content = (home / ".conda" / "aau_token_binding").read_text()
    assert re.fullmatch("[A-Za-z0-9_-]{4} [A-Za-z0-9_-]{4}\n", content)
