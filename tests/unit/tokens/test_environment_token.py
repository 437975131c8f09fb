"""The environment token, in real processes and environments."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys

import pytest
from conda_root import clean_environ
from processes import (
    PACKAGE_PARENT,
    WITHOUT_LINKS,
    files_in,
    forget,
    is_random,
    make_environment,
    race,
    run,
)
from support import posix

from anaconda_anon_usage import tokens

ENVIRONMENT_TOKEN = """
    from anaconda_anon_usage.tokens import environment_token
    print(environment_token())
"""


@posix
def test_the_environment_token_is_created_once(tmp_path, home):
    """The path by which the environment is reached does not matter."""
    env = make_environment(tmp_path / "env")
    (tmp_path / "link").symlink_to(env)
    token = run(home, ENVIRONMENT_TOKEN, CONDA_PREFIX=str(env))
    assert f"{token}\n" == (env / "etc" / "aau_token").read_text()
    assert token == run(home, ENVIRONMENT_TOKEN, CONDA_PREFIX=str(tmp_path / "link"))
    assert token == tokens.environment_token(f"{tmp_path}/link/../env/")


@pytest.mark.unmeasured
@pytest.mark.parametrize(
    "prelude", ["", pytest.param(WITHOUT_LINKS, marks=posix)], ids=["links", "no links"]
)
def test_concurrent_processes_agree_on_the_environment_token(tmp_path, home, prelude):
    """They return the token in the file."""
    env = make_environment(tmp_path / "env")
    printed = race(home, 64, prelude, ENVIRONMENT_TOKEN, CONDA_PREFIX=str(env))
    assert [(env / "etc" / "aau_token").read_text().strip()] * 64 == printed


@pytest.mark.parametrize("exists", [False, True])
def test_an_environment_that_does_not_exist_yet_is_not_touched(tmp_path, exists):
    """conda would refuse to create it, or find our file in its way."""
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


def test_the_token_is_written_at_exit_if_the_environment_exists_by_then(tmp_path, home):
    """It is the token that was used before."""
    code = CREATE_ENVIRONMENT.format(create="os.makedirs(env + '/conda-meta')")
    first, second, written = run(home, code, ENV=str(tmp_path / "env")).split()
    assert (first, "False") == (second, written)
    assert f"{first}\n" == (tmp_path / "env" / "etc" / "aau_token").read_text()
    assert first == tokens.environment_token(str(tmp_path / "env"))


def test_the_token_is_not_written_at_exit_without_an_environment(tmp_path, home):
    """The command may have failed, or was a dry run."""
    code = CREATE_ENVIRONMENT.format(create="os.makedirs(env)")
    run(home, code, ENV=str(tmp_path / "env"))
    assert [] == os.listdir(tmp_path / "env")


def test_the_token_of_a_new_clone_is_its_own(tmp_path, home):
    """conda copies the original's token into it, which is replaced at exit."""
    other = make_environment(tmp_path / "other")
    token = tokens.environment_token(str(other))
    code = CREATE_ENVIRONMENT.format(create=f"import shutil; shutil.copytree({str(other)!r}, env)")
    first = run(home, code, ENV=str(tmp_path / "env")).split()[0]
    assert f"{first}\n" == (tmp_path / "env" / "etc" / "aau_token").read_text()
    assert token != first


@pytest.mark.parametrize("operation", [shutil.copytree, shutil.move])
def test_a_copied_or_moved_environment_gets_a_token_of_its_own(tmp_path, operation):
    """It keeps the new token, and the original keeps its own."""
    env = make_environment(tmp_path / "env")
    token = tokens.environment_token(str(env))
    operation(str(env), str(tmp_path / "new"))
    new = tokens.environment_token(str(tmp_path / "new"))
    forget()
    assert (True, new) == (is_random(new), tokens.environment_token(str(tmp_path / "new")))
    assert token != new
    if env.exists():
        assert token == tokens.environment_token(str(env))


@posix
@pytest.mark.parametrize(
    "prefix_mode, expected",
    [(0o755, 0o644), (0o700, 0o600), (0o750, 0o640), (0o775, 0o644), (0o711, 0o600)],
)
@pytest.mark.parametrize("umask", [0, 0o077])
def test_the_environment_token_is_as_readable_as_the_environment(
    tmp_path, prefix_mode, expected, umask
):
    """Everyone who shares the environment can read it. Existing permissions do not change."""
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


def test_the_activated_environment_is_the_default(tmp_path, home):
    """It takes precedence over the environment of this Python."""
    env = make_environment(tmp_path / "env")
    run(home, ENVIRONMENT_TOKEN, CONDA_PREFIX=str(env))
    assert ["aau_token", "aau_token_prefix"] == sorted(os.listdir(env / "etc"))


@posix
def test_the_environment_of_python_is_the_second_default(tmp_path, home):
    """If it is conda's."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    code = [tmp_path / "env" / "bin" / "python", "-c", *ENVIRONMENT_TOKEN_LINE]
    environ = clean_environ(home, PYTHONPATH=PACKAGE_PARENT)

    def printed():
        return subprocess.check_output(code, env=environ, text=True, timeout=30).strip()

    before = printed()
    (tmp_path / "env" / "conda-meta").mkdir()
    token = printed()
    assert ("", f"{token}\n") == (before, (tmp_path / "env" / "etc" / "aau_token").read_text())


ENVIRONMENT_TOKEN_LINE = ["from anaconda_anon_usage.tokens import *; print(environment_token())"]
