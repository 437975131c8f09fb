"""In bad homes and environments, each bad file costs at most its own token."""

from __future__ import annotations

import os
import re
import socket
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from processes import AS_NOBODY, TOKEN_STRING, files_in, forget, make_environment, run
from support import posix

from anaconda_anon_usage import tokens
from anaconda_anon_usage.tokens import grammar

pytestmark = posix

# Bad files


def fill(content: bytes):
    return lambda path: path.write_bytes(content)


def link(target: str):
    return lambda path: path.symlink_to(target)


def make_large(path):
    with open(path, "wb") as file:
        file.truncate(10_000_000)


def make_socket(path):
    before = os.getcwd()
    os.chdir(path.parent)  # the path of a socket is limited to 107 bytes
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(before)


# Contents that a token replaces.
WORTHLESS = {
    "empty": fill(b""),
    "short": fill(b"abc="),
    "invalid UTF-8": fill(b"\xff\xfe" * 20),
    "NUL": fill(b"\0" * 22),
    "spaces": fill(b"a b c d e f g h i j k l m n"),
    "header": fill(b"!\r\nX-Evil: 1\r\n"),
}

# Files that belong to something else, which must not be replaced.
FOREIGN = {
    "large": make_large,
    "directory": lambda path: path.mkdir(),
    "pipe": lambda path: os.mkfifo(path),
    "socket": make_socket,
    "device": link("/dev/zero"),
    "terminal": link("/dev/tty"),
    "loop": lambda path: path.symlink_to(path.name),
    "dangling": link("gone"),
}

BAD = {**WORTHLESS, **FOREIGN}


def letters(string: str) -> str:
    """Return the letters of the tokens in a string, which must be valid."""
    assert grammar.TOKEN_STRING.fullmatch(string)
    return "".join(token[0] for token in string.split(" ")[1:])


@pytest.fixture
def places(home):
    """A home with an environment and the directories of tokens."""
    make_environment(home / "env")
    (home / "env" / "etc").mkdir()
    (home / ".conda").mkdir()
    return home


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize(
    "name, foreign",
    [
        (".conda/aau_token", "se"),
        (".conda/aau_token_binding", "cse"),
        (".conda/aau_token_host", "cse"),
        ("env/etc/aau_token", "cs"),
        ("env/etc/aau_token_prefix", "cse"),
        (".conda/org_token", "cse"),
        ("env/.machine_token", "cse"),
        ("installer_token", "cse"),
    ],
)
def test_a_bad_file_costs_at_most_its_own_token(places, name, foreign, kind):
    """The process succeeds, and worthless files are replaced."""
    BAD[kind](places / name)
    string = run(places, TOKEN_STRING, CONDA_PREFIX=str(places / "env"))
    assert (foreign if kind in FOREIGN else "cse") == letters(string)
    assert False is (places / name).with_name("gone").exists()


@pytest.fixture
def nobodys_home():
    """A home with an environment, for a user who has no other permissions, even if root tests."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory) / "home"
        make_environment(home / "env")
        (home / "env" / "etc").mkdir()
        (home / ".conda").mkdir()
        give_to_nobody(Path(directory))
        yield home
        for parent, names, _ in os.walk(directory):  # otherwise it could not be removed
            for name in names:
                os.chmod(os.path.join(parent, name), 0o700)


def give_to_nobody(directory: Path) -> None:
    if os.geteuid() == 0:
        for path in [directory, *directory.rglob("*")]:
            os.chown(path, 65534, 65534)


def run_as_nobody(home: Path) -> str:
    return run(home, AS_NOBODY, TOKEN_STRING, CONDA_PREFIX=str(home / "env"))


@pytest.mark.parametrize(
    "name, expected",
    [
        (".conda/aau_token", "se"),
        (".conda/aau_token_binding", "cse"),
        ("env/etc/aau_token", "cs"),
        ("env/etc/aau_token_prefix", "cse"),
        (".conda/org_token", "cse"),
        ("env/etc", "cs"),
        # These may contain a condarc, and so an opt-out.
        (".conda", ""),
        ("env", ""),
    ],
)
def test_an_unreadable_file_costs_at_most_its_own_token(nobodys_home, name, expected):
    """A directory without search permission costs its own tokens, too, or disables telemetry."""
    run_as_nobody(nobodys_home)
    path = nobodys_home / name
    path.touch()
    give_to_nobody(nobodys_home)
    path.chmod(0)
    assert expected == letters(run_as_nobody(nobodys_home))


@pytest.mark.parametrize("names", [[".conda", "env/etc"], ["."]])
def test_tokens_are_omitted_if_none_can_be_written(nobodys_home, names):
    """The home or the environment is read-only."""
    if names == ["."]:
        names = [".", "env"]
        (nobodys_home / ".conda").rmdir()
        (nobodys_home / "env" / "etc").rmdir()
    for name in names:
        (nobodys_home / name).chmod(0o555)
    before = files_in(nobodys_home)
    assert ("s", before) == (letters(run_as_nobody(nobodys_home)), files_in(nobodys_home))


def test_existing_tokens_in_read_only_directories_are_used(nobodys_home):
    """With or without their sidecars."""
    strings = [run_as_nobody(nobodys_home)]
    for sidecars in (True, False):
        for name in (".conda", "env/etc"):
            (nobodys_home / name).chmod(0o755)
            for sidecar in (nobodys_home / name).glob("aau_token_*"):
                if not sidecars:
                    sidecar.unlink()
            (nobodys_home / name).chmod(0o555)
        strings.append(run_as_nobody(nobodys_home))
    without_sessions = [re.sub(" s/[^ ]+", "", string) for string in strings]
    assert [without_sessions[0]] * 3 == without_sessions
    assert "cse" == letters(strings[0])


# Root in another user's home

needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="the tests need root"
)


@pytest.fixture
def users_home(home):
    """A home and an environment of another user, while root runs the tests."""
    make_environment(home / "env")
    return home


def give_to_user(directory: Path) -> None:
    for path in [directory, *directory.rglob("*")]:
        os.chown(path, 1000, 1000, follow_symlinks=False)


def run_as_root(home: Path) -> str:
    return run(home, TOKEN_STRING, CONDA_PREFIX=str(home / "env"))


@needs_root
def test_root_uses_the_users_tokens_and_writes_nothing(users_home):
    """The user could not change a file that belongs to root."""
    run_as_root(users_home)
    for sidecar in users_home.rglob("aau_token_*"):
        sidecar.unlink()
    give_to_user(users_home)
    before = files_in(users_home)
    strings = run_as_root(users_home), run_as_root(users_home)
    assert ("cse", before) == (letters(strings[0]), files_in(users_home))
    assert 1 == len({re.sub(" s/[^ ]+", "", string) for string in strings})


@needs_root
@pytest.mark.parametrize("roots", [[], [".conda", "env/etc"]])
def test_root_creates_no_token_in_a_users_home(users_home, roots):
    """This includes a directory there that an earlier command of root has created."""
    for name in roots:
        (users_home / name).mkdir()
    give_to_user(users_home)
    for name in roots:
        os.chown(users_home / name, 0, 0)
    before = files_in(users_home)
    assert ("s", before) == (letters(run_as_root(users_home)), files_in(users_home))


@needs_root
def test_root_follows_no_symlink_of_the_user(tmp_path, users_home):
    """It could point to any directory of root."""
    (tmp_path / "roots").mkdir()
    for name in (".conda", "env/etc"):
        (users_home / name).symlink_to(tmp_path / "roots")
    give_to_user(users_home)
    assert ("s", []) == (letters(run_as_root(users_home)), os.listdir(tmp_path / "roots"))


# Arbitrary content

FILES = [
    ".conda/aau_token",
    ".conda/aau_token_binding",
    ".conda/aau_token_host",
    "env/etc/aau_token",
    "env/etc/aau_token_prefix",
    ".conda/installer_token",
    ".conda/.org_token",
    "env/machine_token",
]

VARIABLES = [f"ANACONDA_ANON_USAGE_{kind}_TOKEN" for kind in ("INSTALLER", "ORG", "MACHINE")]
VARIABLES += ["ANACONDA_AUTH_API_KEY", "CONDARC", "CONDA_EXE", "XDG_CONFIG_HOME", "CONDA_PREFIX"]

contents = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.from_regex(rb"[A-Za-z0-9_-]{20,37}[\r\n\x00 ]{0,2}[A-Za-z]?", fullmatch=True),
)


@settings(
    deadline=None,  # every example flushes files to the disk
    max_examples=200,
    # The home is refilled.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(contents, min_size=len(FILES), max_size=len(FILES)),
    st.lists(contents, min_size=len(VARIABLES), max_size=len(VARIABLES)),
)
@example([b"x" * 22 + b"\r\nX-Evil: 1"] * len(FILES), [b"a\nb c"] * len(VARIABLES))
def test_the_string_is_valid_for_any_files_and_variables(places, files, values):
    """It never contains extra spaces, line breaks or non-ASCII characters."""
    forget()
    for name, content in zip(FILES, files):
        (places / name).write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zip(VARIABLES, values):
            patch.setenv(name, os.fsdecode(value.replace(b"\0", b"")))
        strings = [
            tokens.token_string(str(places / "env"), enabled=True),
            tokens.token_string(enabled=True),
        ]
    assert "cse" == letters(strings[0])[:3]
    assert "cs" == letters(strings[1])[:2]
