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


def test_client_token_is_made_once(home):
    """The same for every later command of the user."""
    token = run(home, CLIENT_TOKEN)
    assert (True, token) == (is_random(token), run(home, CLIENT_TOKEN))
    assert f"{token}\n" == (home / ".conda" / "aau_token").read_text()


@pytest.mark.parametrize("umask", [0, 0o077])
def test_client_token_is_the_users_alone(home, umask):
    """Nor may others write where it lies."""
    home.chmod(0o755)
    run(home, f"import os; os.umask({umask})", CLIENT_TOKEN)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in sorted((home / ".conda").iterdir())]
    assert {0o600} == set(modes)
    assert 0 == (home / ".conda").stat().st_mode & 0o022


@pytest.mark.parametrize("home_variable", ["/does/not/exist", "relative", "/dev/null"])
def test_client_token_is_left_out_without_a_home(home_variable):
    """And nothing is made in its place."""
    assert "" == run(home_variable, CLIENT_TOKEN)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there is always a home")
def test_client_token_is_left_out_where_the_system_knows_no_home(home):
    """HOME is not set, and the user has no entry: usual in containers."""
    if os.geteuid() != 0:
        pytest.skip("needs the right to become a user without an entry")
    nobody_knows = "import os; del os.environ['HOME']; os.setuid(54321)"
    assert "" == run(home, "import anaconda_anon_usage.tokens", nobody_knows, CLIENT_TOKEN)


def test_client_token_is_left_out_where_its_directory_is_a_file(home):
    """The file is left as it is."""
    (home / ".conda").write_text("mine")
    assert ("", "mine") == (run(home, CLIENT_TOKEN), (home / ".conda").read_text())


@pytest.mark.parametrize("prelude", ["", WITHOUT_LINKS], ids=["links", "no links"])
@pytest.mark.parametrize("count", [64, 2])
def test_processes_that_start_at_once_agree_on_the_client_token(home, prelude, count):
    """On the one that lies in the file."""
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


def test_home_that_was_copied_to_another_machine_gets_a_new_client_token(tmp_path, home, machines):
    """And keeps it; the home that it was copied from keeps its own."""
    token = run(home, CLIENT_TOKEN, before=machines["one"])
    copy = shutil.copytree(home, tmp_path / "copy")
    copied = [run(copy, CLIENT_TOKEN, before=machines["other"]) for _ in range(2)]
    assert (True, copied[0]) == (is_random(copied[0]), copied[1])
    assert token == run(home, CLIENT_TOKEN, before=machines["one"]) != copied[0]


def test_processes_that_start_at_once_agree_on_the_new_client_token(home, machines):
    """The first one on the other machine replaces it, and only the first."""
    token = run(home, CLIENT_TOKEN, before=machines["one"])
    printed = race(home, 16, CLIENT_TOKEN, before=machines["other"])
    assert [(home / ".conda" / "aau_token").read_text().strip()] * 16 == printed
    assert token not in printed


def test_client_token_stays_where_the_machine_has_no_identity(home, machines):
    """There is no tie, not a new token for each process."""
    token = run(home, CLIENT_TOKEN, before=machines["unknown"])
    assert token == run(home, CLIENT_TOKEN, before=machines["unknown"])
    assert ["aau_token"] == os.listdir(home / ".conda")


def test_client_token_of_a_machine_stays_where_there_is_no_identity(home, machines):
    """In a container, for example, that shares the home."""
    token = run(home, CLIENT_TOKEN, before=machines["one"])
    assert token == run(home, CLIENT_TOKEN, before=machines["unknown"])
    assert token == run(home, CLIENT_TOKEN, before=machines["one"])


def test_client_token_without_sidecar_is_kept_and_tied(tmp_path, home, machines):
    """From then on a copy is noticed."""
    token = run(home, CLIENT_TOKEN, before=machines["one"])
    (home / ".conda" / "aau_token_host").unlink()
    assert token == run(home, CLIENT_TOKEN, before=machines["one"])
    assert token != run(home, CLIENT_TOKEN, before=machines["other"])


def test_sidecar_does_not_hold_the_identity(home, machines):
    """Eight characters do not, in any form."""
    run(home, CLIENT_TOKEN, before=machines["one"])
    content = (home / ".conda" / "aau_token_host").read_text()
    assert re.fullmatch("[A-Za-z0-9_-]{4} [A-Za-z0-9_-]{4}\n", content)
