"""The tokens and their string, in real processes, homes and environments."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from processes import (
    CLIENT_TOKEN,
    PACKAGE_PARENT,
    WITHOUT_LINKS,
    files_in,
    forget,
    is_random,
    machine,
    make_environment,
    race,
    run,
    with_mounts,
)

import anaconda_anon_usage
from anaconda_anon_usage import tokens
from anaconda_anon_usage.tokens import grammar

PUBLIC_NAMES = [
    "version_token",
    "client_token",
    "session_token",
    "environment_token",
    "anaconda_auth_token",
    "installer_tokens",
    "organization_tokens",
    "machine_tokens",
    "all_tokens",
    "token_string",
    "Tokens",
]

FIELDS = "version client session environment anaconda_cloud installer organization machine"

ADMINISTRATOR = ["installer", "org", "machine"]

VERSION = anaconda_anon_usage.__version__

#: A key of nobody's for user 00112233-4455-6677-8899-aabbccddeeff until the year 2286.
API_KEY = (
    "eyJ0eXAiOiJKV1QifQ"
    ".eyJleHAiOjk5OTk5OTk5OTksInN1YiI6IjAwMTEyMjMzLTQ0NTUtNjY3Ny04ODk5LWFhYmJjY2RkZWVmZiJ9.c2ln"
)


@pytest.fixture(autouse=True)
def _fresh():
    """Nothing is remembered from another test."""
    forget()
    yield
    forget()


# The string


def test_public_names_exist():
    """Existing clients import them."""
    assert [] == [name for name in PUBLIC_NAMES if not hasattr(tokens, name)]


def test_tokens_are_a_named_tuple():
    """In the order that clients unpack."""
    everything = tokens.all_tokens()
    assert (True, tuple(FIELDS.split())) == (isinstance(everything, tuple), everything._fields)


def test_string_has_every_token_in_order(tmp_path, home, monkeypatch):
    """First what is random, then what somebody chose."""
    env = make_environment(tmp_path / "env")
    for kind in ADMINISTRATOR:
        monkeypatch.setenv(f"ANACONDA_ANON_USAGE_{kind.upper()}_TOKEN", f"{kind}-one")
        (home / f"{kind}_token").write_text(f"{kind}-two")
    monkeypatch.setenv("ANACONDA_AUTH_API_KEY", API_KEY)
    everything = tokens.all_tokens(str(env))
    client, session, environment = everything[1:4]
    expected = (
        f"aau/{VERSION} c/{client} s/{session} e/{environment} a/ABEiM0RVZneImaq7zN3u_w "
        "i/installer-one i/installer-two o/org-one o/org-two m/machine-one m/machine-two"
    )
    assert expected == tokens.token_string(str(env))
    assert [True] * 3 == [is_random(token) for token in everything[1:4]]
    assert 3 == len(set(everything[1:4]))


def test_absent_tokens_are_left_out():
    """Without environment, login and administrator."""
    expected = f"aau/{VERSION} c/{tokens.client_token()} s/{tokens.session_token()}"
    assert expected == tokens.token_string()
    assert ("", "", [], [], []) == tokens.all_tokens()[3:]


def test_failing_token_is_left_out(monkeypatch):
    """Whatever fails in it."""

    def fail(*arguments):
        raise RuntimeError

    for name in ("client_token", "environment_token", "organization_tokens", "anaconda_auth_token"):
        monkeypatch.setattr(tokens, name, fail)
    assert f"aau/{VERSION} s/{tokens.session_token()}" == tokens.token_string()


@pytest.mark.parametrize("value", ["", "a b", "a\r\nX-Evil: 1", "a" * 37, "é", 1])
def test_value_that_is_no_token_is_left_out(monkeypatch, value):
    """Should a source of tokens ever fail to see to it."""
    monkeypatch.setattr(tokens, "client_token", lambda enabled: value)
    monkeypatch.setattr(tokens, "machine_tokens", lambda prefix, enabled: [value, "machine"])
    expected = f"aau/{VERSION} s/{tokens.session_token()} m/machine"
    assert expected == tokens.token_string()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_interruption_passes(monkeypatch, error):
    """Ctrl-C ends the command, not only a token."""

    def interrupted(enabled):
        raise error

    monkeypatch.setattr(tokens, "client_token", interrupted)
    with pytest.raises(error):
        tokens.token_string()


def test_nothing_is_read_or_written_when_disabled(tmp_path, home):
    """The string names only the version then."""
    make_environment(home / "env")
    (home / "org_token").write_text("org")
    before = files_in(home)
    code = """
        import sys
        from anaconda_anon_usage.tokens import token_string
        events = []
        sys.addaudithook(lambda event, arguments: events.append(event))
        string = token_string(enabled=False)
        print(string, [event for event in events if event.startswith(("open", "os.", "socket"))])
    """
    printed = run(home, code, CONDA_PREFIX=str(home / "env"))
    assert (f"aau/{VERSION} []", before) == (printed, files_in(home))


def test_module_prints_the_string(home):
    """An administrator sees what is sent."""
    printed = run_module(home)
    assert grammar.TOKEN_STRING.fullmatch(printed)
    assert f"aau/{VERSION} c/{run(home, CLIENT_TOKEN)} s/" == printed[:-22]


def test_module_prints_a_random_token(home):
    """Fit for org_token and machine_token, and nothing is written."""
    first, second = run_module(home, "--random"), run_module(home, "--random")
    assert [True, True] == [is_random(first), is_random(second)]
    assert (False, []) == (first == second, os.listdir(home))


def run_module(home, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "anaconda_anon_usage.tokens", *arguments],
        env={"HOME": str(home), "PYTHONPATH": PACKAGE_PARENT},
        cwd=home,
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    ).stdout.rstrip("\n")


def imports(code: str) -> set[str]:
    """Return the top-level modules that an isolated Python imports for code."""
    result = subprocess.run(
        [sys.executable, "-I", "-X", "importtime", "-c", code],
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    names = re.findall(r"^import time: .*\| +([\w.]+)$", result.stderr, re.MULTILINE)
    return {name.partition(".")[0] for name in names}


IMPORT = f"import sys; sys.path.insert(0, {PACKAGE_PARENT!r}); import anaconda_anon_usage.tokens"
USE = "; anaconda_anon_usage.tokens.token_string()"


@pytest.mark.parametrize("code", [IMPORT, IMPORT + USE])
def test_only_the_standard_library_is_imported(code):
    """Importable in any environment, and cheap; the strange are those of its .pth files."""
    imported = imports(code) - imports("pass")
    assert "anaconda_anon_usage" in imported
    assert set() == imported & {"conda", "requests", "ruamel", "anaconda_auth", "keyring"}
    if sys.version_info >= (3, 10):
        assert {"anaconda_anon_usage"} == imported - sys.stdlib_module_names


# s/


def test_session_token_is_constant_in_a_process_and_new_in_each(home):
    """A forked process is one of its own."""
    code = """
        import os
        from anaconda_anon_usage.tokens import session_token
        print(session_token(), session_token(), flush=True)
        child = os.fork()
        if child:
            os.waitpid(child, 0)
        print(session_token(), flush=True)
    """
    first, again, forked, last = run(home, code).split()
    assert (first, first) == (again, last)
    assert 3 == len({first, forked, run(home, code).split()[0]})


def test_session_token_is_the_same_for_threads_that_ask_at_once(monkeypatch):
    """Conda fetches with several."""
    barrier, random_token, seen = threading.Barrier(2, timeout=30), tokens.random_token, []

    def simultaneous():
        barrier.wait()
        return random_token()

    monkeypatch.setattr(tokens, "random_token", simultaneous)
    threads = [
        threading.Thread(target=lambda: seen.append(tokens.session_token())) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (2, 1) == (len(seen), len(set(seen)))


# c/


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


# e/

ENVIRONMENT_TOKEN = """
    from anaconda_anon_usage.tokens import environment_token
    print(environment_token())
"""


def test_environment_token_is_made_once(tmp_path, home):
    """Reached by any path."""
    env = make_environment(tmp_path / "env")
    (tmp_path / "link").symlink_to(env)
    token = run(home, ENVIRONMENT_TOKEN, CONDA_PREFIX=str(env))
    assert f"{token}\n" == (env / "etc" / "aau_token").read_text()
    assert token == run(home, ENVIRONMENT_TOKEN, CONDA_PREFIX=str(tmp_path / "link"))
    assert token == tokens.environment_token(f"{tmp_path}/link/../env/")


@pytest.mark.parametrize("prelude", ["", WITHOUT_LINKS], ids=["links", "no links"])
def test_processes_that_start_at_once_agree_on_the_environment_token(tmp_path, home, prelude):
    """On the one that lies in the file."""
    env = make_environment(tmp_path / "env")
    printed = race(home, 64, prelude, ENVIRONMENT_TOKEN, CONDA_PREFIX=str(env))
    assert [(env / "etc" / "aau_token").read_text().strip()] * 64 == printed


@pytest.mark.parametrize("exists", [False, True])
def test_environment_that_does_not_exist_yet_is_not_touched(tmp_path, exists):
    """Conda would refuse to create it, or find our file in its way."""
    env = tmp_path / "env"
    if exists:
        env.mkdir()
    before = files_in(tmp_path)
    token = tokens.environment_token(str(env))
    assert (True, token) == (is_random(token), tokens.environment_token(str(env)))
    assert before == files_in(tmp_path)


CREATE_ENVIRONMENT = """
    import os
    from anaconda_anon_usage.tokens import environment_token
    env = os.environ["ENV"]
    before = environment_token(env)
    {create}
    print(before, environment_token(env), os.path.exists(env + "/etc"))
"""


def test_token_is_written_at_exit_if_the_environment_exists_by_then(tmp_path, home):
    """It is the one that was used before."""
    code = CREATE_ENVIRONMENT.format(create="os.makedirs(env + '/conda-meta')")
    first, second, written = run(home, code, ENV=str(tmp_path / "env")).split()
    assert (first, "False") == (second, written)
    assert f"{first}\n" == (tmp_path / "env" / "etc" / "aau_token").read_text()
    assert first == tokens.environment_token(str(tmp_path / "env"))


def test_token_is_not_written_at_exit_if_there_is_no_environment(tmp_path, home):
    """The command may have failed, or was a dry run."""
    code = CREATE_ENVIRONMENT.format(create="os.makedirs(env)")
    run(home, code, ENV=str(tmp_path / "env"))
    assert [] == os.listdir(tmp_path / "env")


def test_token_of_an_environment_that_is_created_as_a_clone_is_its_own(tmp_path, home):
    """conda copies the other's token into it, which is replaced at exit."""
    other = make_environment(tmp_path / "other")
    token = tokens.environment_token(str(other))
    code = CREATE_ENVIRONMENT.format(create=f"import shutil; shutil.copytree({str(other)!r}, env)")
    first = run(home, code, ENV=str(tmp_path / "env")).split()[0]
    assert f"{first}\n" == (tmp_path / "env" / "etc" / "aau_token").read_text()
    assert token != first


@pytest.mark.parametrize("operation", [shutil.copytree, shutil.move])
def test_copied_or_moved_environment_gets_a_token_of_its_own(tmp_path, operation):
    """And keeps it, as the original does."""
    env = make_environment(tmp_path / "env")
    token = tokens.environment_token(str(env))
    operation(str(env), str(tmp_path / "new"))
    new = tokens.environment_token(str(tmp_path / "new"))
    forget()
    assert (True, new) == (is_random(new), tokens.environment_token(str(tmp_path / "new")))
    assert token != new
    if env.exists():
        assert token == tokens.environment_token(str(env))


@pytest.mark.parametrize(
    "prefix_mode, expected",
    [(0o755, 0o644), (0o700, 0o600), (0o750, 0o640), (0o775, 0o644), (0o711, 0o600)],
)
@pytest.mark.parametrize("umask", [0, 0o077])
def test_environment_token_is_readable_as_the_environment_is(
    tmp_path, prefix_mode, expected, umask
):
    """By all who share it, whose permissions stay as they are."""
    env = make_environment(tmp_path / "env")
    (env / "etc").mkdir(mode=0o755)
    env.chmod(prefix_mode)
    before = os.umask(umask)
    try:
        tokens.environment_token(str(env))
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in sorted((env / "etc").iterdir())]
    assert [expected, expected] == modes
    assert (prefix_mode, 0o755) == tuple(
        stat.S_IMODE(path.stat().st_mode) for path in (env, env / "etc")
    )


def test_environment_is_by_default_the_activated_one(tmp_path, home):
    """Not the one that this Python is in."""
    env = make_environment(tmp_path / "env")
    run(home, ENVIRONMENT_TOKEN, CONDA_PREFIX=str(env))
    assert ["aau_token", "aau_token_prefix"] == sorted(os.listdir(env / "etc"))


def test_environment_is_else_the_one_that_python_is_in(tmp_path, home):
    """If that is conda's."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    code = [tmp_path / "env" / "bin" / "python", "-c", *ENVIRONMENT_TOKEN_LINE]
    environ = {"HOME": str(home), "PYTHONPATH": PACKAGE_PARENT}

    def printed():
        return subprocess.check_output(code, env=environ, text=True, timeout=30).strip()

    before = printed()
    (tmp_path / "env" / "conda-meta").mkdir()
    token = printed()
    assert ("", f"{token}\n") == (before, (tmp_path / "env" / "etc" / "aau_token").read_text())


ENVIRONMENT_TOKEN_LINE = ["from anaconda_anon_usage.tokens import *; print(environment_token())"]


# i/ o/ m/


@pytest.fixture
def search_path(tmp_path, home, monkeypatch) -> list[Path]:
    """The directories of the search path that belong to this test."""
    base, xdg, env = tmp_path / "base", tmp_path / "xdg", tmp_path / "env"
    monkeypatch.setenv("CONDA_EXE", str(base / "bin" / "conda"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(xdg))
    monkeypatch.setenv("CONDA_PREFIX", str(env))
    monkeypatch.setenv("CONDARC", str(tmp_path / "own" / "condarc"))
    users = [xdg / "conda", home / ".config" / "conda", home / ".conda", home]
    directories = [base, *users, env, tmp_path / "own"]
    for directory in directories:
        directory.mkdir(parents=True, exist_ok=True)
    return directories


def administrators(kind: str) -> list[str]:
    return list(tokens.administrator_tokens(kind))


@pytest.mark.parametrize(
    "kind, function",
    [
        ("installer", tokens.installer_tokens),
        ("org", tokens.organization_tokens),
        ("machine", tokens.machine_tokens),
    ],
)
def test_tokens_come_from_the_variable_and_every_directory(
    search_path, monkeypatch, kind, function
):
    """In the search path's order, the variable first, the name without a dot before the other."""
    monkeypatch.setenv(f"ANACONDA_ANON_USAGE_{kind.upper()}_TOKEN", "variable")
    expected = ["variable"]
    for number, directory in enumerate(search_path):
        (directory / f".{kind}_token").write_text(f"dot{number}")
        (directory / f"{kind}_token").write_text(f"plain{number}")
        expected += [f"plain{number}", f"dot{number}"]
    assert expected == function()


def test_tokens_come_from_the_systems_directories(tmp_path, home):
    """Of which there are two on Unix."""
    for name in ("etc", "lib"):
        (tmp_path / name / "conda").mkdir(parents=True)
        (tmp_path / name / "conda" / "org_token").write_text(name)
    before = with_mounts({"/etc": tmp_path / "etc", "/var/lib": tmp_path / "lib"})
    code = "from anaconda_anon_usage import tokens; print(tokens.organization_tokens())"
    assert "['etc', 'lib']" == run(home, code, before=before)


@pytest.mark.parametrize("kind", ADMINISTRATOR)
def test_every_token_is_sent_once(search_path, monkeypatch, kind):
    """Several directories often hold the same."""
    monkeypatch.setenv(f"ANACONDA_ANON_USAGE_{kind.upper()}_TOKEN", "b")
    for directory, token in zip(search_path, "abcab"):
        (directory / f"{kind}_token").write_text(token)
    assert ["b", "a", "c"] == administrators(kind)


@pytest.mark.parametrize(
    "content",
    ["token", "token\n", "  token \t\r\n", "\n \r\n\t\ntoken\nother\n", "token\r\nX-Evil: 1\r\n"],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_token_is_the_first_line_that_is_not_blank(home, content, mark):
    """Without the white space around it, and without a byte order mark."""
    (home / "org_token").write_bytes((mark + content).encode())
    assert ["token"] == tokens.organization_tokens()


INVALID = [
    "a" * 37,
    "a b",
    "a\tb",
    "a\rb",
    "a\x0bb",
    "a\x1cb",
    "a\x1bb",
    "a\x7fb",
    "a/b",
    "a=",
    "é",
]
INVALID += ["a\u2028b", "a\u00adb", "\uff41", "a\x85b", "\ufeffa\ufeff", "a b\nvalid"]


@pytest.mark.parametrize("content", [*INVALID, "a\0b"])
@pytest.mark.parametrize("kind", ADMINISTRATOR)
def test_invalid_file_is_not_sent_and_said(home, monkeypatch, capsys, kind, content):
    """In debug output, with the file's name and without its content."""
    monkeypatch.setenv("ANACONDA_ANON_USAGE_DEBUG", "1")
    path = home / f"{kind}_token"
    path.write_bytes(content.encode())
    assert [] == administrators(kind)
    assert f"anaconda-anon-usage: {path}: not 1 to 36" in capsys.readouterr().err


@pytest.mark.parametrize("content", [*INVALID, "\udcff"])
@pytest.mark.parametrize("kind", ADMINISTRATOR)
def test_invalid_variable_is_not_sent_and_said(home, monkeypatch, capsys, kind, content):
    """And hides no valid token."""
    variable = f"ANACONDA_ANON_USAGE_{kind.upper()}_TOKEN"
    (home / f"{kind}_token").write_text("valid")
    monkeypatch.setenv("ANACONDA_ANON_USAGE_DEBUG", "1")
    monkeypatch.setenv(variable, content)
    assert ["valid"] == administrators(kind)
    assert f"anaconda-anon-usage: {variable}: not 1 to 36" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"token\xff", "token".encode("utf-16"), b"a" * 5000])
def test_unreadable_file_is_not_sent_and_said(home, monkeypatch, capsys, content):
    """Some editors write UTF-16."""
    monkeypatch.setenv("ANACONDA_ANON_USAGE_DEBUG", "1")
    (home / "org_token").write_bytes(content)
    assert [] == tokens.organization_tokens()
    assert f"anaconda-anon-usage: {home / 'org_token'}: " in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "\n", " \r\n\t\n", "\ufeff"])
def test_empty_file_is_no_error(home, monkeypatch, capsys, content):
    """It may be there to be filled in."""
    monkeypatch.setenv("ANACONDA_ANON_USAGE_DEBUG", "1")
    monkeypatch.setenv("ANACONDA_ANON_USAGE_ORG_TOKEN", "")
    (home / "org_token").write_bytes(content.encode())
    assert ([], "") == (tokens.organization_tokens(enabled=True), capsys.readouterr().err)
