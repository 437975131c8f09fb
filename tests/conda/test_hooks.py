"""Activation scripts in environments without the package: states, copies and ownership.

test_hooks_by_conda.py tests how conda installs them. tests/shells runs the copies in every
shell, tests/package the package's own scripts.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conda_root import Base
from support import HOSTILE

from anaconda_anon_usage import __version__

SCRIPT = "etc/conda/activate.d/anaconda-anon-usage.sh"
LAUNCHER = "etc/conda/anon-usage/heartbeat.sh"

MARKER = re.compile(rb"(?:#|@rem) anaconda-anon-usage (\S+) sha256:(\S+)(\r?\n)")


@pytest.fixture(scope="module")
def base(make_base, tmp_path_factory) -> Base:
    """A base of this module, so that the tests know all its environments."""
    return make_base(tmp_path_factory.mktemp("hooks") / "base")


@pytest.fixture
def prefix(tmp_path):
    """An environment without activation scripts."""
    prefix = tmp_path / HOSTILE
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "history").touch()
    return prefix


def run(base, environ, *arguments):
    """Run the command and return its exit status, stdout and stderr."""
    done = subprocess.run(
        [base.python, "-I", "-m", "anaconda_anon_usage", "hooks", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def hooks(base, environ):
    """A function that runs the command and returns its exit status, states and reasons."""

    def run_with_json(*arguments, base=base, **variables):
        status, printed, errors = run(base, {**environ, **variables}, "--json", *arguments)
        assert errors == ""
        return status, [(found["state"], found["reason"]) for found in json.loads(printed)]

    return run_with_json


def files(prefix) -> dict[str, bytes]:
    """Return the contents of the files in an environment's etc/conda."""
    return {
        str(path.relative_to(prefix)): path.read_bytes()
        for path in sorted((prefix / "etc" / "conda").rglob("*"))
        if path.is_file()
    }


def copy_of(content: bytes, version: str) -> bytes:
    """Return the copy of a script that a version of this package installs."""
    digest = hashlib.sha256(content).hexdigest()
    return f"# anaconda-anon-usage {version} sha256:{digest}\n".encode() + content


def append(path, text: str) -> bytes:
    """Modify a file as a user would, and return its content."""
    with path.open("a") as file:
        file.write(text)
    return path.read_bytes()


def test_every_copy_starts_with_its_version_and_the_hash_of_the_rest(hooks, base, prefix):
    """The rest is identical to the file in base."""
    assert hooks("--install", "-p", prefix) == (0, [("current", None)])
    copies, rest, markers = files(prefix), {}, {}
    for name, content in copies.items():
        version, digest, line_end = MARKER.match(content).groups()
        rest[name] = content[MARKER.match(content).end() :]
        markers[name] = (version.decode(), digest.decode(), line_end)
    assert rest == files(base.prefix)
    assert markers == {
        name: (
            __version__,
            hashlib.sha256(content).hexdigest(),
            b"\r\n" if name.endswith(".bat") else b"\n",
        )
        for name, content in rest.items()
    }


def test_the_packages_own_scripts_have_no_marker(base):
    """Only copies have one."""
    assert [name for name, content in files(base.prefix).items() if b"sha256:" in content] == []


def test_a_second_install_writes_nothing(hooks, prefix):
    """All files are current."""
    hooks("--install", "-p", prefix)
    before = {path: path.stat().st_mtime_ns for path in prefix.rglob("*")}
    assert hooks("--install", "-p", prefix) == (0, [("current", None)])
    assert {path: path.stat().st_mtime_ns for path in prefix.rglob("*")} == before


def test_status_is_the_default_and_changes_nothing(hooks, prefix):
    """It creates no directory either."""
    assert hooks("-p", prefix) == (0, [("missing", None)])
    assert sorted(os.listdir(prefix)) == ["conda-meta"]


def test_remove_deletes_scripts_and_empty_directories(hooks, prefix):
    """etc and etc/conda always remain."""
    hooks("--install", "-p", prefix)
    assert hooks("--remove", "-p", prefix) == (0, [("missing", None)])
    assert [str(path.relative_to(prefix)) for path in (prefix / "etc").rglob("*")] == ["etc/conda"]


def test_remove_keeps_the_files_of_other_packages(hooks, prefix):
    """Directories with such files remain, too."""
    hooks("--install", "-p", prefix)
    (prefix / "etc/conda/activate.d/other.sh").write_text("# other\n")
    assert hooks("--remove", "-p", prefix) == (0, [("missing", None)])
    assert files(prefix) == {"etc/conda/activate.d/other.sh": b"# other\n"}
    assert os.listdir(prefix / "etc/conda") == ["activate.d"]


@pytest.fixture
def other_version(hooks, prefix):
    """An environment with scripts of a later version: one differs, one is new."""
    hooks("--install", "-p", prefix)
    (prefix / SCRIPT).write_bytes(copy_of(b": later\n", "999.0"))
    added = prefix / "etc/conda/activate.d/anaconda-anon-usage.new"
    added.write_bytes(copy_of(b": new\n", "999.0"))
    return prefix


def test_scripts_of_another_version_are_replaced(hooks, base, prefix, other_version, tmp_path):
    """Scripts that this version does not have are removed."""
    assert hooks("-p", prefix) == (0, [("outdated", None)])
    assert hooks("--install", "-p", prefix) == (0, [("current", None)])
    fresh = base.make_environment(tmp_path / "fresh")
    assert files(prefix) == files(fresh)


def test_remove_deletes_scripts_of_another_version(hooks, prefix, other_version):
    """This includes scripts that this version does not have."""
    assert hooks("--remove", "-p", prefix) == (0, [("missing", None)])
    assert files(prefix) == {}


def test_a_missing_script_is_installed_again(hooks, prefix):
    """The state is outdated until then."""
    hooks("--install", "-p", prefix)
    before = files(prefix)
    (prefix / LAUNCHER).unlink()
    assert hooks("-p", prefix) == (0, [("outdated", None)])
    assert hooks("--install", "-p", prefix) == (0, [("current", None)])
    assert files(prefix) == before


MODIFICATIONS = {
    "appended": lambda content: content + b": mine\n",
    "prepended": lambda content: b": mine\n" + content,
    "line ends": lambda content: content.replace(b"\n", b"\r\n"),
    "emptied": lambda content: content[: content.index(b"\n") + 1],
}


@pytest.mark.parametrize("modify", MODIFICATIONS.values(), ids=MODIFICATIONS)
def test_a_modified_script_is_replaced_by_force_only(hooks, prefix, modify):
    """Without --force, install changes nothing and exits with 1."""
    hooks("--install", "-p", prefix)
    original = files(prefix)
    modified = modify(original[SCRIPT])
    (prefix / SCRIPT).write_bytes(modified)
    (prefix / LAUNCHER).unlink()
    reason = f"overwrite with --install --force: {SCRIPT}"
    assert hooks("-p", prefix) == (0, [("modified", reason)])
    assert hooks("--install", "-p", prefix) == (1, [("modified", reason)])
    assert (files(prefix)[SCRIPT], (prefix / LAUNCHER).exists()) == (modified, False)
    assert hooks("--install", "--force", "-p", prefix) == (0, [("current", None)])
    assert files(prefix) == original


def test_remove_keeps_modified_scripts_and_fails(hooks, prefix):
    """The other scripts are removed, and the modified ones are reported."""
    hooks("--install", "-p", prefix)
    modified = {name: append(prefix / name, ": mine\n") for name in (SCRIPT, LAUNCHER)}
    expected = [("modified", f"not removed: {LAUNCHER}, {SCRIPT}")]
    assert hooks("--remove", "-p", prefix) == (1, expected)
    assert files(prefix) == modified
    assert hooks("--remove", "-p", prefix) == (1, expected)


def test_a_modified_script_of_another_version_is_removed_by_force(hooks, prefix, other_version):
    """Otherwise, the environment would remain modified forever."""
    added = prefix / "etc/conda/activate.d/anaconda-anon-usage.new"
    append(added, ": mine\n")
    assert hooks("--install", "--force", "-p", prefix) == (0, [("current", None)])
    assert not added.exists()


@pytest.mark.parametrize("options", [[], ["--status"], ["--remove"]], ids=str)
def test_force_requires_install(base, environ, prefix, options):
    """Any other combination is a usage error."""
    expected = (2, "", "anaconda-anon-usage: error: --force requires --install\n")
    assert run(base, environ, "--force", *options, "-p", prefix) == expected


def test_the_table_names_modified_scripts(base, environ, hooks, prefix):
    """They follow the environment and the state."""
    hooks("--install", "-p", prefix)
    append(prefix / SCRIPT, ": mine\n")
    status, printed, errors = run(base, environ, "--remove", "-p", prefix)
    assert (status, errors) == (1, "")
    heading, line = printed.splitlines()
    assert heading.split() == ["environment", "state", "reason"]
    assert line == f"{prefix}  modified  not removed: {SCRIPT}"


@pytest.mark.parametrize(
    "options, expected",
    [
        (["--install"], (1, "blocked")),
        (["--install", "--force"], (1, "blocked")),
        (["--remove"], (0, "missing")),
    ],
    ids=str,
)
@pytest.mark.parametrize("content", [b"echo mine\n", b"", b"# anaconda-anon-usage 1 sha256:0\n"])
def test_a_file_without_a_marker_is_left_alone(hooks, prefix, options, expected, content):
    """Nothing is installed next to it, whatever its name is."""
    (prefix / SCRIPT).parent.mkdir(parents=True)
    (prefix / SCRIPT).write_bytes(content)
    status, state = expected
    reason = f"not installed by this package: {SCRIPT}"
    assert hooks(*options, "-p", prefix) == (status, [(state, reason)])
    assert files(prefix) == {SCRIPT: content}


@pytest.mark.parametrize("link", ["etc", "etc/conda", "etc/conda/activate.d"])
@pytest.mark.parametrize("option", ["--install", "--remove"])
def test_symlinked_directories_are_not_followed(hooks, prefix, tmp_path, option, link):
    """They can point outside the environment."""
    other = tmp_path / "other"
    shutil.copytree(prefix, other)
    hooks("--install", "-p", other)
    before = files(other)
    (prefix / link).parent.mkdir(parents=True, exist_ok=True)
    (prefix / link).symlink_to(other / link)
    assert hooks(option, "-p", prefix) == (1, [("blocked", f"{link}: refusing to follow symlinks")])
    assert files(other) == before


@pytest.mark.parametrize("option, status", [("--install", 1), ("--remove", 0)])
def test_symlinked_scripts_are_left_alone(hooks, prefix, tmp_path, option, status):
    """This also holds if they point to a copy of our script."""
    shutil.copytree(prefix, tmp_path / "other")
    hooks("--install", "-p", tmp_path / "other")
    (prefix / SCRIPT).parent.mkdir(parents=True)
    (prefix / SCRIPT).symlink_to(tmp_path / "other" / SCRIPT)
    assert hooks(option, "-p", prefix)[0] == status
    assert (prefix / SCRIPT).readlink() == tmp_path / "other" / SCRIPT


def test_a_leftover_copy_in_base_is_not_copied(own_base, hooks, prefix):
    """It was installed there before the package was."""
    name = "etc/conda/activate.d/anaconda-anon-usage.old"
    (own_base.prefix / name).write_bytes(copy_of(b": old\n", "0.0.1"))
    assert hooks("--install", "-p", prefix, base=own_base) == (0, [("current", None)])
    assert files(own_base.prefix).keys() - files(prefix).keys() == {name}


def test_an_install_killed_at_any_moment_is_finished_by_the_next(base, environ, tmp_path):
    """That run also removes the temporary files."""
    done = subprocess.run(
        [base.python, "-I", Path(__file__).with_name("killed_install.py"), tmp_path / "envs"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (0, "", "completed before call True\n") == (done.returncode, done.stderr, done.stdout)


@pytest.mark.parametrize("option", ["--install", "--remove", "--status"])
def test_an_environment_with_the_package_keeps_the_packages_scripts(hooks, prefix, option):
    """conda's package record lists them."""
    (prefix / "conda-meta" / "anaconda-anon-usage-9.9-0.json").write_text("{}")
    expected = [("package", "the package is installed there")]
    assert hooks(option, "-p", prefix) == (0, expected)
    assert not (prefix / "etc").exists()


def test_remove_deletes_copies_that_the_package_did_not_replace(hooks, prefix):
    """The package's own scripts, which have no marker, remain."""
    hooks("--install", "-p", prefix)
    (prefix / "conda-meta" / "anaconda-anon-usage-9.9-0.json").write_text("{}")
    (prefix / SCRIPT).write_text("# of the package\n")
    expected = [("package", "the package is installed there")]
    assert hooks("--remove", "-p", prefix) == (0, expected)
    assert files(prefix) == {SCRIPT: b"# of the package\n"}


def test_a_half_created_environment_is_skipped_with_a_reason(hooks, prefix):
    """conda writes the history file last."""
    (prefix / "conda-meta" / "history").unlink()
    assert hooks("--install", "-p", prefix) == (1, [("blocked", "not an environment")])


def test_an_environment_that_cannot_be_written_is_skipped_with_a_reason(hooks, prefix):
    """Here, a file is in the way."""
    (prefix / "etc").write_text("a file\n")
    expected = [("blocked", "etc: not a directory")]
    assert hooks("--install", "-p", prefix) == (1, expected)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change other users' environments")
def test_root_does_not_write_to_another_users_environment(hooks, prefix):
    """On many systems, ``sudo conda`` keeps the user's home directory."""
    os.chown(prefix, 65534, 65534)
    assert hooks("--install", "-p", prefix) == (1, [("blocked", "owned by another user")])
    assert not (prefix / "etc").exists()


def test_all_means_every_environment_that_conda_knows(hooks, base, home, prefix, tmp_path):
    """They come from environments.txt and the environment directories."""
    named = tmp_path / "envs" / "named"
    shutil.copytree(prefix, named)
    (home / ".conda").mkdir()
    (home / ".conda" / "environments.txt").write_text(f"{prefix}\n/nowhere\n\n")
    variables = {"CONDA_ENVS_DIRS": str(tmp_path / "envs")}
    copies = files(base.make_environment(tmp_path / "other"))
    status, states = hooks("--install", "--all", **variables)
    assert (status, [state for state, _ in states]) == (0, ["package", "current", "current"])
    assert (files(named), files(prefix)) == (copies, copies)
    append(prefix / SCRIPT, ": mine\n")
    status, states = hooks("--remove", "--all", **variables)
    assert (status, [state for state, _ in states]) == (1, ["package", "modified", "missing"])
    assert (base.prefix / SCRIPT).exists()
