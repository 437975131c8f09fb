"""Other users' homes, shared environments and planted symlinks."""

from __future__ import annotations

import os
import stat
import subprocess

import pytest
from servers import letters, user_agent
from support import tool
from unnoticed import assert_unnoticed
from users import COLLEAGUE, GROUP, USER, become, entries, give

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def beat(activate, server):
    """Activate as another user, and return the User-Agent received."""
    receiver = server()

    def run(before=(), umask=0o022, **variables):
        options = {"umask": umask}
        count = len(receiver.heads)
        url = f"{receiver.url}/beat"
        assert_unnoticed(
            activate(before, options=options, CONDA_ANACONDA_HEARTBEAT=url, **variables)
        )
        [head] = receiver.heads[count:]
        return user_agent(head)

    return run


def test_sudo_leaves_no_file_of_root_in_a_users_home(beat, home, prefix):
    """All files in the user's environment and home still belong to the user."""
    give(home, USER)
    give(prefix, USER)
    sudo = [tool("sudo"), "--preserve-env", f"HOME={home}"]
    assert "s" == letters(beat(sudo))
    assert ([], []) == (entries(home, 0), entries(prefix, 0))


def test_sudo_uses_the_tokens_of_the_user(beat, home, prefix):
    """The files stay as they are."""
    give(home, USER)
    give(prefix, USER)
    own = beat(become(USER))
    assert "cse" == letters(own)
    sudo = beat([tool("sudo"), "--preserve-env", f"HOME={home}"])
    assert tokens(own, "ce") == tokens(sudo, "ce")
    assert ([], []) == (entries(home, 0), entries(prefix, 0))


def test_sudo_conda_leaves_no_file_of_root_in_a_users_home(base, environ, home):
    """``conda info`` requests every token."""
    give(home, USER)
    done = subprocess.run(
        [tool("sudo"), "--preserve-env", f"HOME={home}", base.conda, "info", "--json"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    # conda 26.7 itself creates a cache for its notices.
    left = [name for name in entries(home, 0) if not name.startswith(".cache")]
    assert (0, "", []) == (done.returncode, done.stderr, left)
    assert " aau/" in done.stdout


def test_sudo_creates_no_log_in_a_users_home(beat, home, prefix):
    """The log would belong to root, and the user's own heartbeats could not be logged."""
    give(home, USER)
    give(prefix, USER)
    log = home / "heartbeats.log"
    beat([tool("sudo"), "--preserve-env", f"HOME={home}"], ANACONDA_ANON_USAGE_LOG=str(log))
    assert False is log.exists()
    beat(become(USER), ANACONDA_ANON_USAGE_LOG=str(log))
    assert (USER, 0o600) == (log.stat().st_uid, stat.S_IMODE(log.stat().st_mode))


def tokens(user_agent: str, kinds: str) -> list[str]:
    """Return the tokens with the given letters."""
    return [word for word in user_agent.split(" ") if word[1:2] == "/" and word[0] in kinds]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
@pytest.mark.parametrize("mode", [0o2770, 0o2775, 0o0755])
def test_shared_environment_keeps_its_permissions(beat, home, prefix, umask, mode):
    """The token is as readable as the environment, and writable only by its creator."""
    give(home, USER)
    give(prefix, USER)
    prefix.chmod(mode)
    (prefix / "etc").chmod(mode)
    first = beat(become(USER), umask)
    made = [prefix / "etc" / name for name in ("aau_token", "aau_token_prefix")]
    expected = 0o600 | mode & 0o444
    assert [(expected, GROUP, USER)] * 2 == [
        (stat.S_IMODE(p.stat().st_mode), p.stat().st_gid, p.stat().st_uid) for p in made
    ]
    assert (mode, mode) == tuple(stat.S_IMODE(p.stat().st_mode) for p in (prefix, prefix / "etc"))
    give(home, COLLEAGUE)
    assert tokens(first, "e") == tokens(beat(become(COLLEAGUE), umask), "e")


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_a_users_tokens_are_readable_by_that_user_only(beat, home, umask):
    """For any umask, in a home that others can read."""
    give(home, USER)
    home.chmod(0o755)
    beat(become(USER), umask)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (home / ".conda").iterdir()}
    assert {0o600} == set(modes.values())
    assert 0 == stat.S_IMODE((home / ".conda").stat().st_mode) & 0o022


@pytest.mark.parametrize("name", ["aau_token", "aau_token_prefix"])
@pytest.mark.parametrize("content", [None, "", "precious\n", "two words\n"])
@pytest.mark.parametrize("user", [USER, 0])
def test_a_planted_symlink_is_not_written_through(beat, home, prefix, name, content, user):
    """It is in a world-writable directory and points to a file of the victim."""
    give(home, user)
    victim = home / "victim"
    if content is not None:
        victim.write_text(content)
        os.chown(victim, user, GROUP)
    give(prefix, user)
    (prefix / "etc").chmod(0o777)
    (prefix / "etc" / name).symlink_to(victim)
    os.chown(prefix / "etc" / name, COLLEAGUE, GROUP, follow_symlinks=False)
    beat(become(user))
    assert content == (victim.read_text() if victim.exists() else None)


@pytest.mark.parametrize("where", [".conda", "etc"])
def test_root_does_not_write_through_a_planted_directory_symlink(
    beat, home, prefix, tmp_path, where
):
    """It could point anywhere."""
    roots = tmp_path / "roots"
    roots.mkdir()
    if where == "etc":
        os.rename(prefix / "etc", roots / "etc")
        (prefix / "etc").symlink_to(roots / "etc")
    else:
        (home / ".conda").symlink_to(roots)
    give(home, USER)
    give(prefix, USER)
    beat()
    assert [] == list(roots.rglob("aau_token*"))
