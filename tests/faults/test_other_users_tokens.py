"""Tokens, and the log, of one user do not become another's; and what must go on working."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest
from servers import letters
from support import PATIENCE
from users import COLLEAGUE, GROUP, USER, become, entries, exchanges, give

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become others")

SECRET = "secret-of-root"


@pytest.fixture
def run(base, environ):
    """Run our command line as a user and return its stdout; it must succeed in silence."""

    def run(before, *arguments, **variables):
        done = subprocess.run(
            [*before, base.python, "-I", "-m", "anaconda_anon_usage", *arguments],
            env={**environ, **variables},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert (0, "") == (done.returncode, done.stderr), done.stdout
        return done.stdout.strip()

    return run


@pytest.fixture
def shared(tmp_path):
    """Make an environment of someone else's with permissions."""

    def make(owner: int, group: int, mode: int) -> Path:
        prefix = tmp_path / "env"
        (prefix / "conda-meta").mkdir(parents=True)
        (prefix / "conda-meta" / "history").touch()
        give(prefix, owner, group)
        for path in (prefix, prefix / "conda-meta"):
            path.chmod(mode)
        return prefix

    return make


def test_a_users_link_does_not_make_root_send_its_files(run, home, tmp_path):
    """Where sudo keeps the user's HOME, at every level."""
    roots = tmp_path / "roots"
    roots.mkdir(mode=0o700)
    (roots / "org_token").write_text(f"{SECRET}\n")
    (home / ".conda").mkdir()
    (home / ".conda" / "org_token").symlink_to(roots / "org_token")
    (home / ".config").mkdir()
    (home / ".config" / "conda").symlink_to(roots)
    give(home, USER)
    assert SECRET not in run([], "tokens", HOME=str(home))


def test_replacing_a_directory_does_not_make_root_send_its_files(base, home, tmp_path):
    """Between the check of a link and its use."""
    roots = tmp_path / "roots"
    roots.mkdir(mode=0o700)
    (roots / "org_token").write_text(f"{SECRET}\n")
    (home / ".conda").mkdir()
    (home / ".conda" / "org_token").write_text("of-the-user\n")
    give(home, USER)
    path = home / ".conda"
    printed = exchanges(base, [], "read", path, roots, str(USER), path / "org_token")
    assert "True\n" * 3 == printed


def test_root_follows_its_own_links_to_tokens(run, home):
    """Those of a mounted ConfigMap, which everyone may write but for the mount."""
    folder = home / ".conda"
    (folder / "..2026").mkdir(parents=True)
    (folder / "..2026" / "org_token").write_text("acme\n")
    (folder / "..data").symlink_to("..2026")
    (folder / "org_token").symlink_to("..data/org_token")
    folder.chmod(0o777)
    assert "o/acme" in run([], "tokens").split()


def test_users_follow_their_links_to_tokens(run, home, tmp_path):
    """As they did."""
    (tmp_path / "token").write_text("acme\n")
    (home / ".conda").mkdir()
    (home / ".conda" / "org_token").symlink_to(tmp_path / "token")
    give(home, USER)
    assert "o/acme" in run(become(USER), "tokens").split()


@pytest.mark.parametrize("actor", [0, USER])
@pytest.mark.parametrize("target", ["cron.d", "nowhere"])
def test_no_environment_token_is_written_through_a_link(run, shared, tmp_path, actor, target):
    """etc may lead to a directory where any file counts."""
    (tmp_path / "cron.d").mkdir()
    prefix = shared(actor, GROUP, 0o2775)
    (prefix / "etc").symlink_to(tmp_path / target)
    give(prefix, actor)
    os.chown(tmp_path / "cron.d", actor, GROUP)
    assert "e" not in letters(run(become(actor), "tokens", CONDA_PREFIX=str(prefix)))
    assert ([], False) == (os.listdir(tmp_path / "cron.d"), (tmp_path / "nowhere").exists())


@pytest.fixture
def log(activate, server, home):
    """Activate as a user, with a log; wait until the heartbeat has arrived."""
    receiver = server()

    def run(actor: int, path: Path) -> None:
        activate(
            become(actor),
            CONDA_ANACONDA_HEARTBEAT=f"{receiver.url}/beat",
            ANACONDA_ANON_USAGE_LOG=str(path),
        )
        assert 1 == len(receiver.heads)

    return run


@pytest.mark.parametrize("actor", [0, USER])
@pytest.mark.parametrize("kind", ["symlink", "hard link", "0620", "0602", "another user's"])
def test_a_log_that_others_may_have_planted_is_not_written(log, tmp_path, actor, kind):
    """It could be any file."""
    path = tmp_path / "log"
    (tmp_path / "file").write_text("before")
    (tmp_path / "file").chmod(
        0o666 if kind == "another user's" else int(kind[:4], 8) if kind[0] == "0" else 0o600
    )
    os.chown(tmp_path / "file", COLLEAGUE if kind == "another user's" else actor, GROUP)
    if kind == "symlink":
        path.symlink_to(tmp_path / "file")
    elif kind == "hard link":
        os.link(tmp_path / "file", path)
    else:
        (tmp_path / "file").rename(path)
    os.chown(tmp_path, actor, GROUP)
    log(actor, path)
    assert (
        "before"
        == (path if kind not in ("symlink", "hard link") else tmp_path / "file").read_text()
    )


def test_root_writes_no_log_below_a_users_link(log, home, tmp_path):
    """It leads to a file of root's."""
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots" / "log").write_text("before")
    (tmp_path / "roots" / "log").chmod(0o600)
    (home / "logs").symlink_to(tmp_path / "roots")
    give(home, USER)
    log(0, home / "logs" / "log")
    assert "before" == (tmp_path / "roots" / "log").read_text()


@pytest.mark.parametrize("actor", [0, USER])
def test_a_log_of_the_users_own_is_written(log, tmp_path, actor):
    """In a directory of theirs, through a link of theirs."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "link").symlink_to("logs")
    for path in (tmp_path / "logs", tmp_path / "link"):
        os.chown(path, actor, GROUP, follow_symlinks=False)
    log(actor, tmp_path / "link" / "log")
    written = tmp_path / "logs" / "log"
    assert 404 == json.loads(written.read_text())["status"]
    assert (actor, 0o600) == (written.stat().st_uid, stat.S_IMODE(written.stat().st_mode))


@pytest.mark.parametrize("actor", [0, USER])
def test_conda_directory_of_a_user_may_be_on_another_disk(run, home, tmp_path, actor):
    """Reached through a link of the user's own."""
    (tmp_path / "disk").mkdir()
    (home / ".conda").symlink_to(tmp_path / "disk")
    give(home, actor)
    os.chown(tmp_path / "disk", actor, GROUP)
    assert "c" in letters(run(become(actor), "tokens"))
    assert ["aau_token", "aau_token_binding"] == sorted(os.listdir(tmp_path / "disk"))


def test_a_group_shares_an_environment(run, shared, home):
    """One user's scripts and token are another's to use, to update and to remove."""
    prefix = shared(USER, GROUP, 0o2775)
    give(home, USER)
    run(become(USER), "hooks", "--install", "-p", prefix)
    token = run(become(USER), "tokens", CONDA_PREFIX=str(prefix)).split()
    give(home, COLLEAGUE)
    (prefix / "etc/conda/activate.d/anaconda-anon-usage.fish").unlink()
    run(become(COLLEAGUE), "hooks", "--install", "-p", prefix)
    assert ["etc/conda/activate.d/anaconda-anon-usage.fish"] == entries(prefix, COLLEAGUE)
    again = run(become(COLLEAGUE), "tokens", CONDA_PREFIX=str(prefix)).split()
    assert [word for word in token if word[:2] == "e/"] == [w for w in again if w[:2] == "e/"]
    run(become(COLLEAGUE), "hooks", "--remove", "-p", prefix)
    assert ["aau_token", "aau_token_prefix", "conda"] == sorted(os.listdir(prefix / "etc"))


def test_a_user_without_a_name_uses_a_prefix_that_group_0_can_write_to(run, shared):
    """As in containers that run under any user ID."""
    prefix = shared(0, 0, 0o775)
    someone = become(1000670000, 0)
    run(someone, "hooks", "--install", "-p", prefix)
    assert {"s", "e"} <= set(letters(run(someone, "tokens", CONDA_PREFIX=str(prefix), HOME="/")))


def test_a_user_installs_scripts_from_a_base_that_root_owns(run, base, shared, home):
    """The usual installation for several users."""
    prefix = shared(USER, GROUP, 0o755)
    give(home, USER)
    assert 0 == os.stat(base.prefix).st_uid
    run(become(USER), "hooks", "--install", "-p", prefix)
    assert "cse" == letters(run(become(USER), "tokens", CONDA_PREFIX=str(prefix)))
