"""``anaconda-anon-usage deploy``: the configuration of an administrator, there and back."""

from __future__ import annotations

import argparse
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from processes import AS_NOBODY, PACKAGE_PARENT, is_random
from processes import run as run_python
from support import HOSTILE

from anaconda_anon_usage import deploy, deploy_files
from anaconda_anon_usage.cli import deploy as deploy_command
from anaconda_anon_usage.cli import main
from anaconda_anon_usage.settings import condarc, search_path

RECORD = "anaconda-anon-usage.deploy.json"

LOCKED = """\
anaconda_anon_usage: true #!final
anaconda_heartbeat: true #!final
"""

PACKAGES = """\
aggressive_update_packages:
  - ca-certificates
  - certifi
  - openssl
  - anaconda-anon-usage
"""


@pytest.fixture
def root(tmp_path):
    """A directory to deploy below."""
    (tmp_path / HOSTILE).mkdir()
    return tmp_path / HOSTILE


@pytest.fixture
def etc(root):
    """The conda directory below it."""
    directory = Path(deploy.system_directory(str(root)))
    directory.mkdir(parents=True)
    return directory


@pytest.fixture
def run(root, capsys):
    """Run the command below the root; return its status, and what it printed in lines."""

    def run(*arguments, at=root):
        status = main(["deploy", "--root", str(at), *arguments])
        printed = capsys.readouterr()
        assert not (printed.out and printed.err)
        return status, (printed.out + printed.err).splitlines()

    return run


def tree(directory: Path) -> dict[str, bytes | None]:
    """Return all that lies in a directory: names and contents, None for a directory."""
    return {
        str(path.relative_to(directory)): None if path.is_dir() else path.read_bytes()
        for path in directory.rglob("*")
    }


def without_comments(text: str) -> str:
    """Return the lines that are not comments."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def test_new_configuration_is_complete_and_readable_by_everybody(run, root):
    """Whatever the umask is; in a directory of the system."""
    before = os.umask(0o077)
    try:
        status, _ = run("--org-token", "acme", "--machine-token", "m-1")
    finally:
        os.umask(before)
    directory = Path(deploy.system_directory(str(root)))
    assert 0 == status
    assert LOCKED + PACKAGES == without_comments((directory / "condarc").read_text())
    assert "acme\n" == (directory / "org_token").read_text()
    assert "m-1\n" == (directory / "machine_token").read_text()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
    assert dict.fromkeys(["condarc", "org_token", "machine_token", RECORD], 0o644) == modes
    assert [0o755, 0o755] == [
        stat.S_IMODE(path.stat().st_mode) for path in (directory, directory.parent)
    ]


def test_root_is_put_before_the_systems_directory(root):
    """As DESTDIR is, so that a package's files lie where they are to be installed."""
    system = search_path.administrator_directories(None)[0]
    assert system == deploy.system_directory()
    assert f"{root}/etc/conda" == deploy.system_directory(str(root)).replace(
        "ProgramData/conda", "etc/conda"
    )


def test_undo_leaves_nothing_and_a_second_one_has_nothing_to_do(run, root):
    """Neither files nor the directories that were made, also the root."""
    below = root / "package"
    run("--org-token", "acme", "--machine-token", "random", at=below)
    assert (below / "etc/conda/condarc").exists()
    status, lines = run("--undo", at=below)
    assert (0, []) == (status, [line for line in lines if not line.startswith("removed ")])
    assert {} == tree(root)
    assert (0, ["nothing to do"]) == run("--undo", at=below)
    assert {} == tree(root)


def test_directories_that_were_there_stay(run, etc, root):
    """They are not ours."""
    run()
    run("--undo")
    assert etc.is_dir()
    assert {} == tree(etc)


def test_second_deploy_has_nothing_to_do(run, root):
    """Not even the same again."""
    arguments = ["--org-token", "random", "--machine-token", "m"]
    run(*arguments)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    status, lines = run(*arguments)
    assert (0, "nothing to do") == (status, lines[-1])
    assert before == {path: path.stat().st_mtime_ns for path in root.rglob("*")}


def test_tokens_of_packages_and_images_are_given_and_not_made(run, etc):
    """Many machines get the same files, and must not get the same machine_token."""
    run()
    assert ["condarc", RECORD] == sorted(os.listdir(etc), reverse=True)


def test_machine_token_of_this_machine_is_made_unless_that_is_refused(etc):
    """The organization's is not: each machine would be an organization of its own."""
    options = deploy_options()
    assert (None, "random") == options[1:3]
    assert (None, None) == deploy_options("--machine-token", "none")[1:3]
    assert ("acme", "m") == deploy_options("--machine-token", "m", "--org-token", "acme")[1:3]


def deploy_options(*arguments: str):
    """Return what a command line wants of the system's own directory, and write nothing."""
    parser = argparse.ArgumentParser()
    deploy_command.add_arguments(parser)
    return deploy_command._wanted(parser.parse_args(list(arguments)))


def test_organization_that_has_no_token_is_said(run, etc):
    """It is the one thing that cannot be made here."""
    remark = "no org_token: --org-token VALUE tells which organization this is"
    assert remark in run()[1]
    (etc / ".org_token").write_text("acme\n")
    assert remark not in run()[1]
    assert remark not in run("--org-token", "acme")[1]


def test_random_tokens_are_random(run, etc):
    """As those of users are."""
    run("--org-token", "random", "--machine-token", "random")
    tokens = [(etc / name).read_text().strip() for name in ("org_token", "machine_token")]
    assert [True, True] == [is_random(token) for token in tokens]
    assert 2 == len(set(tokens))


@pytest.mark.parametrize("name", ["org_token", ".org_token"])
def test_token_that_stands_is_kept(run, etc, name):
    """A random one is for where there is none; another one is said to be in the way."""
    (etc / name).write_text("\n  standing \nnot read\n")
    assert 0 == run("--org-token", "random")[0]
    assert 0 == run("--org-token", "standing")[0]
    before = tree(etc)
    assert (
        1,
        [f"anaconda-anon-usage: {etc / name} holds another token; --replace replaces it"],
    ) == (run("--org-token", "other"))
    assert before == tree(etc)
    assert b"\n  standing \nnot read\n" == before[name]


def test_token_is_replaced_where_that_is_wanted_and_comes_back(run, etc):
    """Only that which is named, with its permissions, over any number of replacements."""
    (etc / "org_token").write_text("standing\n# and a remark")
    (etc / "org_token").chmod(0o640)
    (etc / "machine_token").write_text("m\n")
    before = tree(etc)
    for token in ("one", "two"):
        assert 0 == run("--org-token", token, "--replace")[0]
        assert f"{token}\n" == (etc / "org_token").read_text()
    assert "m\n" == (etc / "machine_token").read_text()
    # The record quotes what stood there, so it is no more readable.
    assert [0o640, 0o640] == [
        stat.S_IMODE((etc / name).stat().st_mode) for name in ("org_token", RECORD)
    ]
    run("--undo")
    assert before == tree(etc)
    assert 0o640 == stat.S_IMODE((etc / "org_token").stat().st_mode)


def test_token_changed_since_is_left_and_said(run, etc):
    """It is somebody else's now."""
    run("--org-token", "ours", "--machine-token", "m")
    (etc / "org_token").write_text("theirs\n")
    status, lines = run("--undo")
    assert 0 == status
    assert f"left {etc / 'org_token'}: somebody has changed it since" in lines
    assert {"org_token": b"theirs\n"} == tree(etc)


def test_file_that_holds_no_token_is_in_the_way(run, etc):
    """But not an empty one, in which nobody has said anything."""
    (etc / "machine_token").write_text("two words\n")
    (etc / "org_token").write_text("\n")
    status, lines = run("--machine-token", "random")
    assert (1, True) == (status, lines[0].endswith("no token; --replace replaces it"))
    assert 0 == run("--org-token", "acme")[0]
    assert "acme\n" == (etc / "org_token").read_text()


@pytest.mark.parametrize(
    "value, line",
    [
        ("on", "anaconda_heartbeat: true #!final"),
        ("off", "anaconda_heartbeat: false #!final"),
        ("https://example.org/a?b#c", "anaconda_heartbeat: https://example.org/a?b#c #!final"),
    ],
)
def test_heartbeat_can_be_on_off_or_elsewhere(run, etc, value, line):
    """And changed later; undone is what was there at first."""
    (etc / "condarc").write_text("anaconda_heartbeat: maybe # later\n")
    run()
    assert 0 == run("--heartbeat", value)[0]
    assert line in (etc / "condarc").read_text().splitlines()
    run("--undo")
    assert {"condarc": b"anaconda_heartbeat: maybe # later\n"} == tree(etc)


def test_condarc_keeps_its_other_lines(run, etc):
    """Comments, quotes, order, and its permissions and owner."""
    text = """\
# Our mirrors. Ask it@example.org.
channels:   [ 'defaults',
              "team" ]  # not conda-forge
anaconda_anon_usage: no   # while we test

aggressive_update_packages:
    - openssl   # policy 12
"""
    (etc / "condarc").write_text(text)
    (etc / "condarc").chmod(0o664)
    run()
    expected = """\
# Our mirrors. Ask it@example.org.
channels:   [ 'defaults',
              "team" ]  # not conda-forge
# while we test
anaconda_anon_usage: true #!final

aggressive_update_packages:
    - openssl   # policy 12
    - anaconda-anon-usage
anaconda_heartbeat: true #!final
"""
    assert expected == (etc / "condarc").read_text()
    assert 0o664 == stat.S_IMODE((etc / "condarc").stat().st_mode)
    run("--undo")
    assert {"condarc": text.encode()} == tree(etc)
    assert 0o664 == stat.S_IMODE((etc / "condarc").stat().st_mode)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_condarc_keeps_its_owner(run, etc):
    """A group that alone may read it still can."""
    (etc / "condarc").touch(0o640)
    os.chown(etc / "condarc", 12, 34)
    run()
    status = (etc / "condarc").stat()
    assert (12, 34, 0o640) == (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))


@pytest.mark.parametrize(
    "files, expected",
    [
        ([], "condarc"),
        (["condarc"], "condarc"),
        ([".condarc"], ".condarc"),
        ([".condarc", "condarc"], ".condarc"),
        (["condarc.d/a.yml"], "condarc"),
    ],
)
def test_the_file_that_conda_reads_first_is_changed(run, etc, files, expected):
    """Its #!final is the one that counts, whatever the others say."""
    (etc / "condarc.d").mkdir()
    for name in files:
        (etc / name).write_text("anaconda_anon_usage: false #!final\n")
    run()
    changed = [name for name in (".condarc", "condarc", "condarc.d/a.yml") if
               (etc / name).is_file() and "anaconda_heartbeat" in (etc / name).read_text()]  # fmt: skip
    assert [expected] == changed
    found = condarc.Condarc(str(etc), None).mentions("anaconda_anon_usage")
    assert True is condarc.deciding(found).value


def test_condarc_that_appears_before_ours_takes_its_place(run, etc):
    """Nothing of ours stays where it no longer counts; undo knows both."""
    run()
    (etc / ".condarc").write_text("anaconda_anon_usage: false #!final\n")
    run()
    assert not (etc / "condarc").exists()
    assert "anaconda_anon_usage: true #!final\n" in (etc / ".condarc").read_text()
    run("--undo")
    assert {".condarc": b"anaconda_anon_usage: false #!final\n"} == tree(etc)


@pytest.mark.parametrize("elsewhere", ["condarc", "condarc.d/a.yaml"])
def test_condas_default_is_listed_only_where_it_holds(run, etc, elsewhere):
    """A list in another file has replaced it, on purpose."""
    (etc / ".condarc").write_text("offline: false\n")
    (etc / "condarc.d").mkdir()
    (etc / elsewhere).write_text("aggressive_update_packages: []\n")
    run()
    expected = "aggressive_update_packages:\n  - anaconda-anon-usage\n"
    assert (etc / ".condarc").read_text().endswith(expected)


# what an administrator had, what they made of it after deploy, what undo leaves of it
EDITS = {
    "a line below": (
        "a: 1\n", lambda text: text + "b: 2\n", "a: 1\nb: 2\n", []
    ),
    "a line above": (
        "a: 1\n", lambda text: "# new\n" + text, "# new\na: 1\n", []
    ),
    "other line ends": (
        "a: 1\n", lambda text: text.replace("\n", "\r\n"), "a: 1\r\n", []
    ),
    "a setting of ours": (
        "a: 1\n", lambda text: text.replace("heartbeat: true", "heartbeat: no"),
        "a: 1\nanaconda_heartbeat: no #!final\n", ["anaconda_heartbeat"],
    ),
    "a setting that was there": (
        "anaconda_heartbeat: no\na: 1\n", lambda text: text + "b: 2\n",
        "anaconda_heartbeat: no\na: 1\nb: 2\n", [],
    ),
    "a setting with a comment of its own": (
        "z: 0\nanaconda_heartbeat: no  # why\na: 1\n", lambda text: text + "b: 2\n",
        "z: 0\nanaconda_heartbeat: no  # why\na: 1\nb: 2\n", [],
    ),
    "a setting with a comment that was moved": (
        "z: 0\nanaconda_heartbeat: no # why\n# c\na: 1\n", lambda text: text + "b: 2\n",
        "z: 0\n# why\n# c\na: 1\nanaconda_heartbeat: no # why\nb: 2\n", [],
    ),
    "a package in their list in brackets": (
        "aggressive_update_packages: [openssl]\n", lambda text: text.replace("[", "[pip, "),
        "aggressive_update_packages: [pip, openssl, anaconda-anon-usage]\n",
        ["aggressive_update_packages"],
    ),
    "a package in their list": (
        "aggressive_update_packages:\n- openssl\n", lambda text: text.replace("- op", "- pip\n- op"),
        "aggressive_update_packages:\n- pip\n- openssl\n", [],
    ),
    "a package in our list": (
        "a: 1\n", lambda text: text + "  - pip\n",
        "a: 1\n" + PACKAGES.replace("anaconda-anon-usage", "pip"), ["aggressive_update_packages"],
    ),
    "one of our lines is gone": (
        "a: 1\n", lambda text: text.replace("anaconda_heartbeat: true #!final\n", ""), "a: 1\n", []
    ),
    "no last line end": ("a: 1", lambda text: text + "b: 2", "a: 1\nb: 2", []),
    "a file that was not there": (None, lambda text: text + "b: 2\n", "b: 2\n", []),
    "only a line end": (None, lambda text: text + "\n", None, []),
    "an empty map": ("{}\n", lambda text: text + "b: 2\n", "b: 2\n", []),
    "a line that was moved": (
        "anaconda_heartbeat: no\n# c\na: 1\n", lambda text: text + "b: 2\n",
        "# c\na: 1\nanaconda_heartbeat: no\nb: 2\n", [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", EDITS)
def test_undo_takes_back_what_is_still_ours_and_keeps_the_rest(run, etc, what):
    """What has been changed since is theirs, and is said."""
    before, edit, expected, left = EDITS[what]
    path = etc / "condarc"
    if before is not None:
        path.write_bytes(before.encode())
    run()
    path.write_bytes(edit(path.read_bytes().decode()).encode())
    status, lines = run("--undo")
    assert 0 == status
    assert [f"left {name} in {path}: somebody has changed it since" for name in left] == [
        line for line in lines if line.startswith("left ")
    ]
    assert ({} if expected is None else {"condarc": expected.encode()}) == tree(etc)


def test_deploy_after_an_edit_changes_only_what_is_needed(run, etc):
    """And an undo then still leads back to what the administrator had."""
    run()
    path = etc / "condarc"
    edited = path.read_text() + "offline: false\n"
    path.write_text(edited)
    status, lines = run()
    assert (0, "nothing to do") == (status, lines[-1])
    path.write_text(edited.replace("usage: true #!final", "usage: true"))
    run()
    assert LOCKED.splitlines()[0] in path.read_text().splitlines()
    run("--undo")
    assert {"condarc": b"anaconda_anon_usage: true\noffline: false\n"} == tree(etc)


REFUSED = {
    "{a: 1}\n": "a map in braces; write one setting a line instead",
    "- a\n": "not a map of settings",
    "text\n": "not a map of settings",
    "a: [\nb: 1\n": "not valid YAML (line 3)",
    "a: 1\na: 2\n": "not valid YAML (line 2)",
    "a: 1\n---\nb: 1\n": "not valid YAML (line 2)",
    "aggressive_update_packages: openssl\n": "aggressive_update_packages is not a list",
    "anaconda_heartbeat: &off no\noffline: *off\n": "anaconda_heartbeat can't be set",
    "x: &list [a]\naggressive_update_packages: *list\n": "aggressive_update_packages can't be set",
    "x: 1 #!final\nanaconda_heartbeat: no\n# a\ny: 1\n": "anaconda_heartbeat can't be set",
    "a: " + "[" * 5000 + "]" * 5000: "not valid YAML",
    "\xff": "is not UTF-8 text",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: ascii(text[:40]))
def test_condarc_that_can_not_be_changed_without_harm_is_refused(run, etc, text):
    """In one line, and nothing is written: neither tokens nor a record."""
    (etc / "condarc").write_bytes(text.encode("latin-1"))
    before = tree(etc)
    status, lines = run("--org-token", "acme")
    assert (1, 1) == (status, len(lines))
    assert lines[0].startswith(f"anaconda-anon-usage: {etc / 'condarc'}")
    assert REFUSED[text] in lines[0]
    assert before == tree(etc)


@pytest.mark.parametrize("name", ["condarc", ".condarc", "org_token"])
def test_links_are_not_followed_out_of_the_directory(run, etc, tmp_path, name):
    """In a root for a package they would lead to the machine that builds it."""
    (tmp_path / "target").write_text("a: 1\n")
    (etc / name).symlink_to(tmp_path / "target")
    status, lines = run("--org-token", "acme")
    assert (1, True) == (status, "is a symbolic link" in lines[0])
    assert "a: 1\n" == (tmp_path / "target").read_text()
    assert [name] == os.listdir(etc)


def test_what_is_no_directory_is_in_the_way(run, root):
    """Said in one line."""
    (root / "etc").write_text("")
    assert (1, [f"anaconda-anon-usage: {root / 'etc'} is not a directory"]) == run()


def test_dry_run_shows_the_change_as_a_diff_and_writes_nothing(run, etc, root):
    """A diff that patch can use."""
    (etc / "condarc").write_text("a: 1\nb: 2")
    before = tree(root)
    status, lines = run("--dry-run", "--org-token", "acme", "--machine-token", "random")
    assert (0, before) == (status, tree(root))
    assert [
        "--- /dev/null",
        f"+++ {etc / 'org_token'}",
        "@@ -0,0 +1 @@",
        "+acme",
        "--- /dev/null",
        f"+++ {etc / 'machine_token'}",
        "@@ -0,0 +1 @@",
        "+(a random token)",
        f"--- {etc / 'condarc'}",
        f"+++ {etc / 'condarc'}",
        "@@ -1,2 +1,9 @@",
        " a: 1",
        "-b: 2",
        "\\ No newline at end of file",
        "+b: 2",
        *(f"+{line}" for line in (LOCKED + PACKAGES).splitlines()),
    ] == lines


def test_dry_run_of_undo_writes_nothing(run, etc, root):
    """It shows what would be gone."""
    run("--org-token", "acme")
    before = tree(root)
    status, lines = run("--undo", "--dry-run")
    assert (0, True) == (status, "-acme" in lines)
    assert before == tree(root)


def test_dry_run_shows_what_the_terminal_can_not(etc, root, environ):
    """In a terminal that has ASCII only."""
    (etc / "condarc").write_text("# é\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "anaconda_anon_usage", "deploy", "--dry-run", "--root", root],
        env={**environ, "PYTHONPATH": PACKAGE_PARENT, "PYTHONIOENCODING": "ascii:strict"},
        capture_output=True,
        timeout=60,
    )
    assert (0, b"") == (done.returncode, done.stderr)
    assert b" # \\xe9\n" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["--org-token", "two words"],
        ["--machine-token", ""],
        ["--org-token", "x" * 37],
        ["--heartbeat", "ftp://example.org"],
        ["--heartbeat", "https://me:secret@example.org/"],
        ["--heartbeat", "2"],
        ["--heartbeat", ""],
        ["--replace"],
        ["--undo", "--org-token", "acme"],
        ["--undo", "--heartbeat", "on"],
        ["--root", ""],
    ],
)
def test_command_line_that_is_wrong_is_one_line_and_status_2(run, root, arguments):
    """And nothing is written."""
    status, lines = run(*arguments)
    assert (2, 1) == (status, len(lines))
    assert lines[0].startswith("anaconda-anon-usage: --")
    assert {} == tree(root)


def test_deploy_that_may_not_write_says_so_in_one_line(home):
    """Nothing is half done; it is run by somebody who is not root."""
    code = """
        from anaconda_anon_usage import cli
        cli.main(["deploy", "--root", ROOT, "--org-token", "acme", "--dry-run"])
    """
    again = """
        import sys
        sys.stderr = sys.stdout
        print(cli.main(["deploy", "--root", ROOT, "--org-token", "acme"]))
    """
    with tempfile.TemporaryDirectory() as directory:  # tmp_path is for its owner only
        os.chmod(directory, 0o555)
        # What is imported later, nobody may not be able to read.
        text = run_python(home, f"ROOT = {directory!r}", code, AS_NOBODY, again)
        expected = f"anaconda-anon-usage: {directory}/etc: Permission denied\n1"
        assert expected == text[-len(expected) :]
        assert [] == os.listdir(directory)


# Stops a process as if it were killed after some of the files are written.
KILLED = """
import os, sys
sys.path.insert(0, {path!r})
from anaconda_anon_usage.cli import main
left = [{writes}]
replace = os.replace
def replace_some(*names):
    if not left[0]:
        os._exit(9)
    left[0] -= 1
    replace(*names)
os.replace = replace_some
sys.exit(main(["deploy", "--root", {root!r}, *{arguments!r}]))
"""


@pytest.mark.parametrize("writes", range(4))
@pytest.mark.parametrize("deployed", [False, True], ids=["at first", "again"])
def test_undo_takes_back_what_a_killed_deploy_has_written(
    run, etc, root, environ, writes, deployed
):
    """Wherever it was killed; and what an earlier one has written, too."""
    (etc / "condarc").write_text("anaconda_heartbeat: off\n")
    (etc / "org_token").write_text("standing\n")
    before = tree(etc)
    if deployed:
        run("--org-token", "one", "--replace")
    arguments = ["--org-token", "two", "--replace", "--heartbeat", "https://example.org/"]
    code = KILLED.format(path=PACKAGE_PARENT, writes=writes, root=str(root), arguments=arguments)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, timeout=60, capture_output=True
    )
    assert (0 if writes == 3 and not deployed else 9) == done.returncode
    for path in etc.glob("*.tmp"):
        path.unlink()
    status, lines = run("--undo")
    assert (0, []) == (status, [line for line in lines if line.startswith("left")])
    assert before == tree(etc)


def test_deploy_that_fails_half_way_says_how_to_take_back_the_rest(run, etc, root):
    """A directory that appears in a file's place."""
    plan = deploy.plan(str(etc), deploy.Wanted("true", "acme", None, ()))
    (etc / "condarc").mkdir()
    with pytest.raises(deploy_files.CannotDeploy, match=r"condarc: .*; --undo takes back the rest"):
        deploy_files.apply(str(etc), plan)
    (etc / "condarc").rmdir()
    run("--undo")
    assert {} == tree(etc)


def test_record_holds_nothing_of_the_rest_of_a_condarc(run, etc):
    """There may be passwords in it, and the record may be more readable."""
    (etc / "condarc").write_text("channels: ['https://me:secret@example.org/']\noffline: false\n")
    run()
    assert "secret" not in (etc / RECORD).read_text()


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", '{"version": 2}', "[" * 100_000,
     '{"version": 1, "directories": 0, "tokens": [], "condarcs": [{"file": "../x"}]}',
     '{"version": 1, "directories": 0, "condarcs": [],'
     ' "tokens": [{"file": "/etc/passwd", "before": null, "after": ""}]}'],
    ids=range(7),
)  # fmt: skip
def test_record_that_is_not_ours_is_refused(run, etc, content):
    """Neither deploy nor undo touch anything then."""
    (etc / RECORD).write_text(content)
    before = tree(etc)
    for arguments in ([], ["--undo"]):
        status, lines = run(*arguments)
        assert 1 == status
        assert [
            f"anaconda-anon-usage: {etc / RECORD}: not a record that this version can read"
        ] == (lines)
    assert before == tree(etc)


def test_record_is_no_file_that_conda_reads(run, etc):
    """Of the whole search path."""
    run()
    assert [str(etc / "condarc")] == search_path.condarcs_in(str(etc))
    assert 1 == json.loads((etc / RECORD).read_text())["version"]


def test_help_names_every_exit_status(capsys):
    """And the directory that is written to."""
    with pytest.raises(SystemExit):
        main(["deploy", "--help"])
    text = capsys.readouterr().out
    assert re.search(r"exit status: 0 .*; 1 .*; 2 ", text)
    assert deploy.system_directory() in text
