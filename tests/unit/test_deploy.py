"""``anaconda-anon-usage deploy``, which writes an administrator's drop-in configuration."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from processes import AS_NOBODY, PACKAGE_PARENT, is_random
from processes import run as run_python
from support import HOSTILE, posix

from anaconda_anon_usage import deploy
from anaconda_anon_usage.cli import main
from anaconda_anon_usage.settings import condarc, search_path

NAME = "condarc.d/anaconda-anon-usage.yml"
COPY = ".before-anaconda-anon-usage"
LOCKED = "anaconda_anon_usage: true #!final\nanaconda_heartbeat: true #!final\n"
PACKAGES = "aggressive_update_packages:\n{}  - anaconda-anon-usage\n"
DEFAULTS = "  - ca-certificates\n  - certifi\n  - openssl\n"


@pytest.fixture
def root(tmp_path):
    """A root directory for ``--root``."""
    (tmp_path / HOSTILE).mkdir()
    return tmp_path / HOSTILE


@pytest.fixture
def etc(root):
    """The system's conda directory below it."""
    directory = Path(deploy.system_directory(str(root)))
    (directory / "condarc.d").mkdir(parents=True)
    return directory


@pytest.fixture
def run(root, capsys):
    """A function that runs the command below the root and returns status and output lines."""

    def run(*arguments):
        status = main(["deploy", "--root", str(root), *arguments])
        printed = capsys.readouterr()
        assert not (printed.out and printed.err)
        return status, (printed.out + printed.err).splitlines()

    return run


def tree(directory: Path) -> dict[str, bytes]:
    """Return the files below a directory, with paths and contents."""
    found = [path for path in directory.rglob("*") if path.is_file()]
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in found}


def body(etc: Path) -> str:
    """Return the drop-in file without its header."""
    lines = (etc / NAME).read_text().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("#"))


def write(etc: Path, files: dict[str, str]) -> None:
    """Write files below the system's conda directory."""
    for name, text in files.items():
        (etc / name).parent.mkdir(parents=True, exist_ok=True)
        (etc / name).write_text(text)


@posix
@pytest.mark.parametrize("umask", [0o077, 0o000])
def test_files_are_complete_and_readable_by_everyone(run, root, umask):
    """The umask does not matter."""
    before = os.umask(umask)
    try:
        status, _ = run("--org-token", "acme", "--machine-token", "m-1")
    finally:
        os.umask(before)
    etc = Path(deploy.system_directory(str(root)))
    assert (0, LOCKED + PACKAGES.format(DEFAULTS)) == (status, body(etc))
    assert [b"acme\n", b"m-1\n"] == [tree(etc)[name] for name in ("org_token", "machine_token")]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in root.rglob("*")}
    assert {path: 0o755 if path.is_dir() else 0o644 for path in modes} == modes


def test_conda_reads_only_the_drop_in(run, etc):
    """conda and the search for tokens ignore the names of staged files and copies."""
    write(etc, {NAME: "mine: 1\n", "org_token": "mine\n"})
    run("--org-token", "acme", "--force")
    assert [(str(etc / NAME), None)] == search_path.condarcs_in(str(etc))
    assert {NAME, NAME + COPY, "org_token", "org_token" + COPY} == set(tree(etc))


def test_the_header_is_above_the_settings_and_keeps_the_locks(run, etc):
    """A comment below a #!final would cancel it."""
    run("--org-token", "acme")
    found = condarc.Condarc(str(etc / NAME)).occurrences
    assert [True, True, False] == [occurrence.final for occurrence in found.values()]


@pytest.mark.parametrize(
    "value, expected",
    [("on", True), ("off", False), ("https://e.org/a?b#c", "https://e.org/a?b#c"),
     ("https://e.org/:", "https://e.org/:")],
)  # fmt: skip
def test_the_heartbeat_option_is_on_off_or_a_url(run, etc, value, expected):
    """YAML reads the value of the option back."""
    run("--heartbeat", value)
    assert expected == condarc.Condarc(str(etc / NAME)).occurrences["anaconda_heartbeat"].value


@posix
@pytest.mark.parametrize("value, expected", [("", DEFAULTS), (" []", ""), (" [a]", "")])
@pytest.mark.parametrize("file", ["condarc", "condarc.d/z.yml", "../../var/lib/conda/condarc"])
def test_default_packages_are_listed_unless_a_file_has_a_list(run, etc, file, value, expected):
    """conda merges lists, and any list replaces its default."""
    write(etc, {file: f"aggressive_update_packages:{value}\n"})
    run()
    assert LOCKED + PACKAGES.format(expected) == body(etc)


def test_no_auto_update_omits_the_package_list(run, etc):
    """conda's default list applies."""
    run("--no-auto-update")
    assert LOCKED == body(etc)


def test_a_second_run_with_the_same_options_changes_nothing(run, root):
    """Random tokens are different, and do not change."""
    arguments = ["--org-token", "random", "--machine-token", "random"]
    run(*arguments)
    tokens = [path.read_text().strip() for path in root.rglob("*_token")]
    assert ([True, True], 2) == ([is_random(token) for token in tokens], len(set(tokens)))
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    assert (0, ["nothing to do"]) == run(*arguments)
    assert before == {path: path.stat().st_mtime_ns for path in root.rglob("*")}


def test_other_options_replace_an_unedited_drop_in_and_its_tokens(run, etc):
    """``--undo`` still removes all files."""
    run("--org-token", "one", "--machine-token", "m")
    assert 0 == run("--org-token", "two", "--heartbeat", "off")[0]
    assert b"two\n" == (etc / "org_token").read_bytes()
    assert "anaconda_heartbeat: false #!final" in body(etc)
    assert 0 == run("--undo")[0]
    assert {} == tree(etc)


@pytest.mark.parametrize("name", [".condarc", "condarc", "condarc.d/anaconda-anon-usage.yaml"])
@pytest.mark.parametrize(
    "text, line",
    [("a: 1\nanaconda_anon_usage: off #!final\n", 2),
     ("anaconda_heartbeat: https://example.org/ #!final\n", 1),
     ("# c\n\nanaconda_heartbeat: maybe #!final\n", 3),
     ("aggressive_update_packages: [a] #!final\n", 1)],
)  # fmt: skip
def test_a_contrary_lock_in_an_earlier_file_is_refused(run, etc, name, text, line):
    """The message has the file and the line, and nothing is written."""
    write(etc, {name: text})
    status, [message] = run("--org-token", "acme")
    assert (1, {name: text.encode()}) == (status, tree(etc))
    assert f"cannot override {etc / name}, line {line}: #!final locks " in message


@posix
@pytest.mark.parametrize(
    "files",
    [
        {"condarc": "anaconda_anon_usage: off\n"},
        {"condarc": "anaconda_anon_usage: yes #!final\nanaconda_heartbeat: on #!final\n"},
        {"condarc": "anaconda_heartbeat: off #!final\n# a comment that undoes the lock\nb: 1\n"},
        {".condarc": "anaconda_heartbeat: on #!final", "condarc": "anaconda_heartbeat: no #!final"},
        {"condarc.d/b.yml": "anaconda_heartbeat: off #!final\n"},
        {"../../var/lib/conda/condarc": "anaconda_heartbeat: off #!final\n"},
        {"condarc": "aggressive_update_packages: [anaconda-anon-usage] #!final\n"},
    ],
)
def test_other_files_without_an_effective_contrary_lock_are_accepted(run, etc, files):
    """They agree, have no lock, or are read later. None is edited."""
    write(etc, files)
    before = tree(etc.parents[1])
    assert 0 == run()[0]
    after = tree(etc.parents[1])
    assert before == {name: text for name, text in after.items() if not name.endswith(NAME)}


@pytest.mark.parametrize(
    "content, expected",
    [(b"a: [\nb: 1\n", ": invalid YAML, line 3"), (b"a: 1\na: 2\n", ": duplicate key, line 2"),
     (b"a: 1\n---\nb: 1\n", ": invalid YAML, line 2"), (b"- a\n", ": not a map of settings"),
     (b"\xff", ": not UTF-8"), (b"a: " + b"[" * 1000 + b"]" * 1000, ": invalid YAML"),
     (b"#" * 300_000, ": larger than 256 KB")],
    ids=range(7),
)  # fmt: skip
def test_an_unreadable_condarc_is_refused(run, etc, content, expected):
    """The message has the file, and the line if YAML reports one."""
    (etc / "condarc").write_bytes(content)
    before = tree(etc)
    assert (1, [f"anaconda-anon-usage: error: cannot read {etc / 'condarc'}{expected}"]) == run()
    assert before == tree(etc)


@pytest.mark.parametrize(
    "change, problem",
    [(lambda text: text + "offline: true\n", "it was edited"),
     (lambda text: text.replace("heartbeat: true", "heartbeat: false"), "it was edited"),
     (lambda text: text.replace("# Do", "# Please do"), "it was edited"),
     (lambda text: text.replace("\n", "\r\n"), "it was edited"),
     (lambda text: "# mine\n" + text, "it was not written by deploy")],
)  # fmt: skip
def test_an_edited_or_foreign_drop_in_is_refused_and_copied_by_force(run, etc, change, problem):
    """``--undo`` leaves the edited file and the copy."""
    run("--org-token", "acme")
    edited = change((etc / NAME).read_text()).encode()
    (etc / NAME).write_bytes(edited)
    before = tree(etc)
    message = f"anaconda-anon-usage: error: cannot replace {etc / NAME}: {problem}"
    assert (1, [f"{message} (use --force, which keeps a copy)"]) == run("--org-token", "acme")
    assert before == tree(etc)
    assert f"left {etc / NAME}: {problem}" in run("--undo")[1]
    assert edited == (etc / NAME).read_bytes()
    assert 0 == run("--org-token", "acme", "--force")[0]
    assert (edited, LOCKED + PACKAGES.format(DEFAULTS)) == (tree(etc)[NAME + COPY], body(etc))
    assert f"left {etc / NAME}{COPY}: the file that --force replaced" in run("--undo")[1]
    assert {NAME + COPY} == set(tree(etc))


@posix
@pytest.mark.parametrize("name", ["org_token", ".org_token"])
def test_another_token_is_refused_and_restored_after_force(run, etc, name):
    """The copy keeps its owner and mode."""
    write(etc, {name: "standing\n# and a remark"})
    (etc / name).chmod(0o640)
    before = tree(etc)
    message = f"anaconda-anon-usage: error: cannot replace {etc / name}: it holds another value"
    assert (1, [f"{message} (use --force, which keeps a copy)"]) == run("--org-token", "other")
    assert before == tree(etc)
    for token in ("one", "two"):
        assert 0 == run("--org-token", token, "--force")[0]
        assert f"{token}\n".encode() == (etc / name).read_bytes()
    assert f"restored {etc / name}" in run("--undo")[1]
    assert (before, 0o640) == (tree(etc), stat.S_IMODE((etc / name).stat().st_mode))


def test_a_copy_is_never_overwritten(run, etc):
    """Otherwise, the first original would be lost."""
    write(etc, {"org_token": "first\n"})
    run("--org-token", "ours", "--force")
    write(etc, {"org_token": "second\n"})
    before = tree(etc)
    status, [message] = run("--org-token", "other", "--force")
    assert (1, before) == (status, tree(etc))
    assert f"cannot copy {etc / 'org_token'}: {etc / 'org_token'}{COPY} exists" in message


@pytest.mark.parametrize("name", ["org_token", ".machine_token"])
def test_existing_tokens_are_kept_and_are_not_removed_by_undo(run, etc, name):
    """``deploy`` did not create them."""
    write(etc, {name: "\ufeff\n  standing \nnot read\n"})
    before = tree(etc)
    option = "--" + name.strip(".").replace("_", "-")
    assert [0, 0] == [run(option, value)[0] for value in ("random", "standing")]
    run("--undo")
    assert before == tree(etc)


def test_undo_leaves_and_reports_an_edited_token(run, etc):
    """The rest is removed."""
    run("--org-token", "ours", "--machine-token", "m")
    write(etc, {"org_token": "theirs\n"})
    status, lines = run("--undo")
    assert (0, f"left {etc / 'org_token'}: it was edited") == (status, lines[-1])
    assert {"org_token": b"theirs\n"} == tree(etc)
    assert (0, ["nothing to do"]) == run("--undo")


def test_a_machine_token_is_random_by_default_but_not_below_a_root(run, root, etc, capsys):
    """Machines must not share one. The dry run prints no token."""
    assert f"would write {etc / 'machine_token'}" not in run("--dry-run")[1]
    main(["deploy", "--dry-run"])
    assert "machine_token\n  (a random token)\n" in capsys.readouterr().out
    main(["deploy", "--dry-run", "--machine-token", "none"])
    assert "machine_token" not in capsys.readouterr().out


def test_a_dry_run_prints_the_files_and_writes_nothing(run, etc, root):
    """Hashes are omitted, because that of a random token is not known yet."""
    status, lines = run("--dry-run", "--org-token", "acme", "--machine-token", "random")
    assert (0, {}) == (status, tree(root))
    assert [f"would write {etc / 'org_token'}", "  acme"] == lines[-4:-2]
    assert [f"would write {etc / 'machine_token'}", "  (a random token)"] == lines[-2:]
    body = [f"  {line}" for line in (LOCKED + PACKAGES.format(DEFAULTS)).splitlines()]
    assert body == lines[-4 - len(body) : -4]
    run("--org-token", "acme")
    assert f"would remove {etc / NAME}" in run("--undo", "--dry-run")[1]
    assert {NAME, "org_token"} == set(tree(etc))


@pytest.mark.parametrize("link", ["..", ".", "condarc.d", NAME, "org_token", "org_token" + COPY])
def test_symlinks_are_refused(run, etc, tmp_path, link):
    """Below a root, they could point to the machine that builds a package."""
    target = tmp_path / "target"
    path = Path(os.path.normpath(etc / link))
    if path.is_dir():
        path.rename(target)
    else:
        target.write_text("a: 1\n")
        write(etc, {"org_token": "x\n"} if link.endswith(COPY) else {})
    path.symlink_to(target)
    before = tree(tmp_path)
    status, [message] = run("--org-token", "acme", "--force")
    assert (1, True) == (status, message.endswith(": refusing to follow symlinks"))
    assert run("--undo")[0] == 1
    assert before == tree(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_root_does_not_write_into_another_users_directory(run, etc):
    """Its owner could replace the directory with a symlink at any time."""
    os.chown(etc / "condarc.d", 65534, 65534)
    status, [message] = run()
    assert (1, True) == (status, message.endswith("owned by another user"))
    assert {} == tree(etc)


@posix
@pytest.mark.parametrize(
    "mode, expected",
    [(0o777, "wrote {}\n0"),
     (0o555, "cannot write {}: permission denied (run as root, or use --root)\n1")],
)  # fmt: skip
def test_a_user_without_privileges_can_deploy_if_permissions_allow_it(home, mode, expected):
    """Otherwise, the message suggests a fix."""
    # This user may not be able to read modules that are imported later.
    load = "from anaconda_anon_usage import cli; cli.main(['deploy', '--root', ROOT, '--dry-run'])"
    code = "sys.stderr = sys.stdout; print(cli.main(['deploy', '--root', ROOT]))"
    with tempfile.TemporaryDirectory() as directory:  # tmp_path is accessible to its owner only
        os.chmod(directory, mode)
        printed = run_python(home, f"import sys; ROOT = {directory!r}", load, AS_NOBODY, code)
        assert printed.endswith(expected.format(f"{directory}/etc/conda/{NAME}"))


# Ends a process at a given change to the file system, as SIGKILL would.
KILLED = """
import os, sys
from anaconda_anon_usage.cli import main
left = {count}
def wrap(function):
    def run(*arguments, **options):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return function(*arguments, **options)
    return run
os.replace, os.link, os.unlink = map(wrap, (os.replace, os.link, os.unlink))
sys.exit(main(["deploy", "--root", {root!r}, *{arguments!r}]))
"""


@pytest.mark.parametrize("count", range(9))
@pytest.mark.parametrize("again", ["--undo", "deploy and undo"])
@pytest.mark.parametrize("deployed", [False, True], ids=["first", "second"])
def test_a_killed_run_is_completed_or_reverted(run, etc, root, environ, count, again, deployed):
    """Both the same command and --undo work."""
    write(etc, {"org_token": "standing\n"})
    before = tree(etc)
    if deployed:
        run("--org-token", "one", "--machine-token", "m", "--force")
    arguments = ["--org-token", "two", "--machine-token", "n", "--heartbeat", "off", "--force"]
    code = KILLED.format(count=count, root=str(root), arguments=arguments)
    environ["PYTHONPATH"] = PACKAGE_PARENT
    done = subprocess.run([sys.executable, "-c", code], env=environ, timeout=60)
    assert (9 if count < 7 - deployed else 0) == done.returncode
    for abandoned in etc.rglob("*.tmp"):
        os.utime(abandoned, (0, 0))
    if again != "--undo":
        assert 0 == run(*arguments)[0]
        assert {NAME, "org_token", "org_token" + COPY, "machine_token"} == set(tree(etc))
    assert 0 == run("--undo")[0]
    # A temporary file of the drop-in, which conda ignores, is removed only by the next deploy.
    assert before == {name: text for name, text in tree(etc).items() if not name.endswith(".tmp")}


@pytest.mark.parametrize(
    "arguments",
    [["--org-token", "two words"], ["--machine-token", ""], ["--org-token", "x" * 37],
     ["--heartbeat", "ftp://example.org"], ["--heartbeat", "https://me:secret@example.org/"],
     ["--heartbeat", "2"], ["--heartbeat", ""], ["--root", ""], ["--undo", "--org-token", "acme"],
     ["--undo", "--heartbeat", "on"], ["--undo", "--force"], ["--undo", "--no-auto-update"]],
)  # fmt: skip
def test_a_usage_error_is_one_line_with_exit_status_2(run, root, arguments):
    """Nothing is written."""
    status, lines = run(*arguments)
    assert (2, 1, {}) == (status, len(lines), tree(root))
