"""Activation scripts and deploy change nobody else's files.

Each test runs as root and as another user. test_other_users_tokens.py is about tokens, the
log, and what must go on working.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import time
from pathlib import Path

import pytest
from support import HOSTILE, PATIENCE
from users import COLLEAGUE, GROUP, USER, become, exchanges, give, snapshot

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become others")

SCRIPT = "etc/conda/activate.d/anaconda-anon-usage.sh"
FOLDERS = ("anon-usage", "deactivate.d", "activate.d")

#: Who runs the command, and whose the environment is. A link in it is a colleague's.
ROOT_IN_ANOTHERS, ROOT, ANOTHER = (0, COLLEAGUE), (0, 0), (USER, USER)


@pytest.fixture
def environment(base, tmp_path):
    """Make an environment of someone else's that a group shares."""

    def make(name: str, owner: int, mode: int = 0o2775, scripts: bool = False) -> Path:
        prefix = tmp_path / name
        (prefix / "conda-meta").mkdir(parents=True)
        (prefix / "conda-meta" / "history").touch()
        prefix.chmod(mode)
        if scripts:
            base.install_scripts(prefix)
        give(prefix, owner)
        return prefix

    return make


@pytest.fixture
def command(base, environ):
    """Run our command line as a user; return its exit status, stdout and stderr."""

    def run(user, *arguments, before=None, **options):
        variables = options.pop("variables", {})
        done = subprocess.run(
            [*(become(user) if before is None else before)]
            + [base.python, "-I", "-m", "anaconda_anon_usage", *arguments],
            env={**environ, **variables},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            **options,
        )
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def hooks(command):
    """Run ``hooks`` as a user; return the state and the reason."""

    def run(user, *arguments, **options):
        _, printed, errors = command(user, "hooks", "--json", *arguments, **options)
        assert "" == errors
        [found] = json.loads(printed)
        return found["state"], found["reason"]

    return run


def link(path: Path, target: Path) -> None:
    """Plant a colleague's symlink in place of a directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        path.rename(path.with_name("aside"))
    path.symlink_to(target)


@pytest.mark.parametrize("action", ["--install", "--remove"])
@pytest.mark.parametrize("actor, owner", [ROOT_IN_ANOTHERS, ROOT, ANOTHER])
@pytest.mark.parametrize(
    "where", ["etc", "etc/conda", *(f"etc/conda/{folder}" for folder in FOLDERS)]
)
def test_no_directory_that_is_a_symlink_is_changed(hooks, environment, actor, owner, where, action):
    """Its target has copies of ours to delete, or none and room for them."""
    victim = environment("victim", actor, scripts=action == "--remove")
    for folder in FOLDERS:
        (victim / "etc/conda" / folder).mkdir(parents=True, exist_ok=True)
    give(victim, actor)
    prefix = environment(HOSTILE, owner)
    link(prefix / where, victim / where)
    if actor != owner:  # root looked there to see whose the environment is
        link(prefix / "conda-meta", victim / "conda-meta")
    give(prefix, owner)
    os.chown(prefix / where, COLLEAGUE, GROUP, follow_symlinks=False)
    before = snapshot(victim)
    state, reason = hooks(actor, action, "-p", prefix)
    assert before == snapshot(victim)
    expected = "owned by another user" if actor != owner else f"{where}: refusing to follow"
    assert ("blocked", True) == (state, reason.startswith(expected))


@pytest.mark.parametrize("actor, owner", [ROOT_IN_ANOTHERS, ROOT, ANOTHER])
def test_an_environment_whose_records_are_a_symlink_is_refused(hooks, environment, actor, owner):
    """They may be those of another environment, whose owner is trusted."""
    victim = environment("victim", actor)
    prefix = environment("env", owner)
    link(prefix / "conda-meta", victim / "conda-meta")
    assert "blocked" == hooks(actor, "--install", "-p", prefix)[0]
    assert False is (prefix / "etc").exists()


def test_conda_create_writes_nothing_into_another_users_environment(
    base, environ, environment, home, tmp_path
):
    """Its records are a symlink to those of the environment that root creates."""
    victim, new = tmp_path / "victim", tmp_path / "new"
    victim.mkdir()
    prefix = environment("env", COLLEAGUE)
    link(prefix / "conda-meta", new / "conda-meta")
    link(prefix / "etc", victim)
    give(prefix, COLLEAGUE)
    (home / ".conda").mkdir()
    (home / ".conda" / "environments.txt").write_text(f"{prefix}\n{new}\n")
    done = subprocess.run(
        [base.conda, "create", "--yes", "--offline", "--prefix", new],
        env={**environ, "CONDA_ANACONDA_HEARTBEAT": "true", "CONDA_SOLVER": "classic"},
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
    )
    assert 0 == done.returncode, done.stderr
    assert (True, []) == ((new / SCRIPT).is_file(), os.listdir(victim))


@pytest.mark.parametrize("actor", [0, USER])
@pytest.mark.parametrize(
    "action, where",
    [("install", "etc/conda/activate.d"), ("remove", "etc/conda/activate.d"), ("token", "etc")],
)
def test_replacing_a_directory_during_any_system_call_redirects_nothing(
    base, environment, actor, action, where
):
    """An attacker who tries often enough hits each moment."""
    victim, prefix = (environment(name, actor, scripts=True) for name in ("victim", "env"))
    owner = actor or COLLEAGUE
    printed = exchanges(
        base, become(actor), action, prefix / where, victim / where, str(owner), prefix
    )
    assert "True\n" * 3 == printed


def test_replacing_a_parent_directory_during_any_system_call_redirects_nothing(
    base, environment, tmp_path
):
    """Below a directory that root shares with a group."""
    for name in ("shared", "roots"):
        (tmp_path / name).mkdir()
        environment(f"{name}/env", 0)
    printed = exchanges(
        base, [], "install", tmp_path / "shared", tmp_path / "roots", str(COLLEAGUE),
        tmp_path / "shared" / "env",
    )  # fmt: skip
    assert "True\n" * 3 == printed


@pytest.mark.parametrize("actor", [0, USER])
def test_a_frozen_environment_keeps_its_scripts(hooks, environment, actor):
    """CEP 22: only who administers it changes it."""
    prefix = environment("env", actor, scripts=True)
    (prefix / "conda-meta" / "frozen").touch()
    before = snapshot(prefix)
    for action in ("--install", "--remove", "--status"):
        assert ("blocked", "frozen") == hooks(actor, action, "-p", prefix)
    assert before == snapshot(prefix)


@pytest.mark.parametrize("actor", [0, USER])
def test_another_package_with_our_name_in_its_own_is_not_ours(hooks, environment, actor):
    """Issue 17, 5.5."""
    prefix = environment("env", actor)
    (prefix / "conda-meta" / "anaconda-anon-usage-extras-1.0-0.json").write_text("{}")
    assert "current" == hooks(actor, "--install", "-p", prefix)[0]
    (prefix / "conda-meta" / "anaconda-anon-usage-1.0-0.json").write_text("{}")
    assert "package" == hooks(actor, "--install", "-p", prefix)[0]


@pytest.mark.parametrize("actor", [0, USER])
@pytest.mark.parametrize("root", ["root", "."])
@pytest.mark.parametrize("where", ["etc", "etc/conda", "etc/conda/condarc.d"])
def test_deploy_follows_no_symlink_below_its_root(command, tmp_path, actor, where, root):
    """It may lead to the machine that builds an image."""
    victim, top = tmp_path / "victim", tmp_path / "image" / root
    for path in (victim, top):
        path.mkdir(parents=True, exist_ok=True)
    (victim / "org_token").write_text("other\n")
    link(top / where, victim)
    for each in (victim, tmp_path / "image"):
        give(each, actor)
    before = snapshot(victim)
    for arguments in (["--org-token", "acme"], ["--org-token", "acme", "--force"], ["--undo"]):
        status, _, errors = command(actor, "deploy", "--root", str(top), *arguments)
        assert (1, True) == (status, "refusing to follow symlinks" in errors)
    assert before == snapshot(victim)


def test_deploy_below_a_root_of_another_user_changes_nothing_as_root(command, tmp_path):
    """The user could exchange it at any moment."""
    (tmp_path / "image").mkdir()
    give(tmp_path / "image", USER)
    status, _, errors = command(0, "deploy", "--root", str(tmp_path / "image"))
    assert (1, True) == (status, "owned by another user" in errors)
    assert [] == os.listdir(tmp_path / "image")


@pytest.mark.parametrize("actor", [0, USER])
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
@pytest.mark.parametrize("mode", [0o0700, 0o0755, 0o2770, 0o2775])
def test_new_directories_have_the_permissions_of_the_environment(
    hooks, environment, actor, umask, mode
):
    """Others who may use the environment may use them, and nobody else."""
    prefix = environment("env", actor, mode)
    assert "current" == hooks(actor, "--install", "-p", prefix, umask=umask)[0]
    made = [prefix / "etc", prefix / "etc/conda", *(prefix / "etc/conda" / f for f in FOLDERS)]
    assert {(mode, GROUP)} == {(stat.S_IMODE(p.stat().st_mode), p.stat().st_gid) for p in made}
    assert 0o600 | mode & 0o444 == stat.S_IMODE((prefix / SCRIPT).stat().st_mode)


@pytest.mark.parametrize("is_member", [False, True])
def test_new_directories_give_a_users_own_group_no_rights(hooks, environment, is_member):
    """It may have any number of members. Without setgid, new directories belong to it."""
    prefix = environment("env", USER, 0o775)
    groups = f"--groups={GROUP}" if is_member else "--clear-groups"
    found = hooks(None, "--install", "-p", prefix, before=become(USER, 100, groups), umask=0)
    assert "current" == found[0]
    status = (prefix / "etc/conda/activate.d").stat()
    expected = (0o775, GROUP) if is_member else (0o755, 100)
    assert expected == (stat.S_IMODE(status.st_mode), status.st_gid)


@pytest.mark.parametrize("actor", [0, USER])
def test_names_of_environments_do_not_control_the_terminal(command, environment, home, actor):
    """Another user may have chosen them."""
    prefix = environment("a\x1b[2J\nb\x9b", actor)
    (home / ".conda").mkdir()
    (home / ".conda" / "environments.txt").write_text(f"{prefix}\n")
    give(home, actor)
    variables = {"CONDA_PREFIX": str(prefix), "ANACONDA_ANON_USAGE_DEBUG": "1"}
    for arguments in (
        ["hooks", "--install"], ["hooks", "--status"], [], ["tokens", "--detail"],
        ["heartbeat", "--dry-run"], ["hooks", "-n", "a\x1b\nb"], ["hooks", "-p", "/a\x1b\nb"],
    ):  # fmt: skip
        _, printed, errors = command(actor, *arguments, variables=variables)
        control = [c for c in printed + errors if c != "\n" and not c.isprintable()]
        assert (arguments, []) == (arguments, control)
        assert "a\\x1b[2J\\nb" in printed + errors or "a\\x1b\\nb" in errors


@pytest.mark.parametrize("actor", [0, USER])
def test_only_temporary_files_of_our_own_naming_are_swept(hooks, environment, actor):
    """Users name theirs as they like."""
    prefix = environment("env", actor, scripts=True)
    folder = (prefix / SCRIPT).parent
    theirs = ["anaconda-anon-usage.sh.bak.tmp", "anaconda-anon-usage.sh.tmp",
              "anaconda-anon-usage.shx.0123456789abcdef.tmp"]  # fmt: skip
    ours = "anaconda-anon-usage.sh.0123456789abcdef.tmp"
    for name in [*theirs, ours]:
        (folder / name).touch()
        os.utime(folder / name, (time.time() - 3600,) * 2)
    (folder / "anaconda-anon-usage.sh.fedcba9876543210.tmp").symlink_to(prefix / SCRIPT)
    give(prefix, actor)
    assert "current" == hooks(actor, "--install", "-p", prefix)[0]
    left = {name for name in os.listdir(folder) if name.endswith(".tmp")}
    assert {*theirs, "anaconda-anon-usage.sh.fedcba9876543210.tmp"} == left
