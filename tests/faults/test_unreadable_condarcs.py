"""An opt-out survives in a configuration file that cannot be read or parsed."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest
from processes import AS_NOBODY, make_environment, run

READ = """
    from anaconda_anon_usage.settings import load
    settings = load()
    print(settings.anon_usage, settings.heartbeat)
"""

OBSTACLE = """
    import os
    from anaconda_anon_usage.heartbeat import prepare
    from anaconda_anon_usage.settings import load
    print(prepare(os.environ["CONDA_PREFIX"], load()).obstacle)
"""

OPT_OUT = b"anaconda_anon_usage: false\nanaconda_heartbeat: false\n"

#: Contents that conda ignores or fails on, and the problem that we report for each.
CONTENTS = {
    "duplicate key": (OPT_OUT + b"anaconda_heartbeat: false\n", "duplicate key, line 3"),
    "tab": (OPT_OUT + b"\tx: 1\n", "invalid YAML, line 3"),
    "open quote": (OPT_OUT + b"x: 'y\n", "invalid YAML, line 4"),
    "control character": (OPT_OUT + b"# \x01\n", "invalid YAML"),
    "NUL": (OPT_OUT + b"# \0\n", "invalid YAML"),
    "size": (OPT_OUT + b"#" * 256 * 1024, "larger than 256 KB"),
    "UTF-16": (OPT_OUT.decode().encode("utf-16"), "not UTF-8"),
    "Latin-1": (OPT_OUT + b"# caf\xe9\n", "not UTF-8"),
    "list": (b"- anaconda_anon_usage: false\n", "not a map of settings"),
    "scalar": (b"anaconda_anon_usage false\n", "not a map of settings"),
    "tag": (OPT_OUT + b"x: !y z\n", "a value of a type that conda does not support"),
    "unknown alias": (OPT_OUT + b"<<: *x\n", "invalid YAML, line 3"),
    "recursive merge": (OPT_OUT + b"x: &x {<<: *x}\n", "invalid YAML"),
}

PLACES = [".condarc", ".conda/condarc", ".config/conda/condarc.d/a.yml"]

ON = {"CONDA_ANACONDA_ANON_USAGE": "true", "CONDA_ANACONDA_HEARTBEAT": "true"}


def put(path, content: bytes):
    """Write a file and the directories above it, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def env(tmp_path):
    """An environment."""
    return make_environment(tmp_path / "env")


@pytest.fixture
def locked(tmp_path):
    """The variables of a base that locks both settings on."""
    condarc = b"anaconda_anon_usage: true #!final\nanaconda_heartbeat: true #!final\n"
    put(tmp_path / "base" / ".condarc", condarc)
    return {"CONDA_EXE": str(tmp_path / "base" / "bin" / "conda")}


@pytest.mark.parametrize("kind", CONTENTS)
def test_an_opt_out_survives_an_invalid_condarc(someone, home, kind):
    """Even if environment variables, which conda reads later, turn both settings on."""
    put(home / ".condarc", CONTENTS[kind][0])
    assert "False False" == run(home, READ, before=someone, **ON)


@pytest.mark.parametrize("place", PLACES)
def test_an_opt_out_survives_in_every_location(someone, home, place):
    """Even if a later environment variable turns both settings on."""
    put(home / place, CONTENTS["tab"][0])
    assert "False False" == run(home, READ, before=someone, **ON)


@pytest.mark.parametrize("kind", CONTENTS)
def test_a_lock_holds_but_nothing_is_sent_while_a_file_is_unreadable(
    someone, home, env, locked, kind
):
    """It may contain ``offline: true``, a proxy or certificates."""
    content, problem = CONTENTS[kind]
    condarc = put(home / ".condarc", content)
    variables = {**locked, "CONDA_PREFIX": str(env)}
    assert "True True" == run(home, READ, before=someone, **variables)
    assert f"{condarc}: {problem}" == run(home, OBSTACLE, before=someone, **variables)


def test_an_earlier_invalid_condarc_is_stronger_than_a_later_lock(someone, home, env):
    """The same holds for a valid ``#!final``."""
    put(home / ".condarc", CONTENTS["tab"][0])
    put(env / ".condarc", b"anaconda_anon_usage: true #!final\n")
    assert "False False" == run(home, READ, before=someone, CONDA_PREFIX=str(env), **ON)


@pytest.mark.parametrize("content", [b"", b"\n", b"# nothing\n", b"\xef\xbb\xbf", b"{}\n"])
def test_an_empty_condarc_is_valid(someone, home, env, content):
    """It has no settings and hides none."""
    put(home / ".condarc", content)
    variables = {"CONDA_PREFIX": str(env), **ON}
    assert "True True" == run(home, READ, before=someone, **variables)
    assert "None" == run(home, OBSTACLE, before=someone, **variables)


@pytest.mark.parametrize("place", ["missing/condarc", "file/condarc"])
def test_an_absent_condarc_is_valid(someone, home, place):
    """Neither the file nor its directory exists, or the directory is a file."""
    (home / "file").touch()
    printed = run(home, READ, before=someone, CONDARC=str(home / place), **ON)
    assert "True True" == printed


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_an_opt_out_for_this_user(home):
    """For a user who is not root."""
    put(home / ".condarc", OPT_OUT).chmod(0)
    assert "False False" == run(home, READ, **ON)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
@pytest.mark.parametrize("place", [*PLACES, ".conda", ".conda/condarc.d"])
def test_a_file_or_directory_without_permission_is_an_opt_out(home, place):
    """A ``condarc.d`` that cannot be listed may contain an opt-out."""
    path = home / place
    put({".conda": path / "condarc", ".conda/condarc.d": path / "a.yml"}.get(place, path), OPT_OUT)
    for each in [home, *home.rglob("*")]:
        os.chown(each, 65534, 65534)
    path.chmod(0)
    printed = run(home, "import anaconda_anon_usage.settings", AS_NOBODY, READ, **ON)
    assert "False False" == printed


def test_a_missing_yaml_library_is_an_opt_out(someone, home):
    """This applies only if a file has to be parsed."""
    put(home / ".condarc", b"anaconda_heartbeat: true\n")
    without = "import sys; sys.modules['ruamel'] = sys.modules['ruamel.yaml'] = None"
    assert "False False" == run(home, without, READ, before=someone, **ON)


# In conda's process


@pytest.mark.parametrize("kind", ["tab", "open quote", "control character"])
def test_an_opt_out_survives_where_conda_ignores_the_file(someone, base, environ, home, kind):
    """conda ignores a file with a scanner or reader error."""
    put(home / ".condarc", CONTENTS[kind][0])
    done = subprocess.run(
        [*someone, base.conda, "info", "--json"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    user_agent = json.loads(done.stdout)["user_agent"]
    assert re.search(r" aau/\S+$", user_agent)
    assert False is (home / ".conda").exists()


def test_status_dry_run_and_doctor_name_the_file_and_the_problem(someone, base, environ, home):
    """This lets the user fix it."""
    condarc = put(home / ".condarc", CONTENTS["tab"][0])
    problem = f"{condarc}: invalid YAML, line 3"
    report = "from anaconda_anon_usage.conda_integration import report_health; import sys\n"
    for command in (
        ["-m", "anaconda_anon_usage"],
        ["-m", "anaconda_anon_usage.heartbeat", "--dry-run"],
        ["-c", report + "report_health(sys.prefix)"],
    ):
        done = subprocess.run(
            [*someone, base.python, "-I", *command],
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert f"off ({problem})" in done.stdout


# Import cost

IMPORTED = """
    import sys
    print(*sorted({"ruamel", "urllib", "typing", "dataclasses"} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    "content", [b"", b"channels: [defaults]\n", b"channels: [a\n", b"not_ours: true\n"]
)
def test_no_yaml_library_is_imported_if_no_file_names_a_setting(someone, home, content):
    """For tokens, and for a heartbeat that is off, other contents do not matter."""
    put(home / ".condarc", content)
    isolated = "import sys; before = set(sys.modules)"
    imported = IMPORTED.replace("set(sys.modules)", "(set(sys.modules) - before)")
    assert "True False\n" == run(home, isolated, READ, imported, before=someone) + "\n"


@pytest.mark.parametrize("content", [OPT_OUT, b'"anaconda\\x5fanon_usage": false\n'])
def test_a_name_or_a_backslash_is_parsed(someone, home, content):
    """A double-quoted key can contain escapes."""
    put(home / ".condarc", content)
    assert "False False" == run(home, READ, before=someone)


# Variables


@pytest.mark.parametrize(
    "variables, expected",
    [
        ({"CONDA_anaconda_anon_usage": "off"}, "False False"),
        ({"CONDA_Anaconda_Heartbeat": "on"}, "True True"),
        ({"CONDA_anaconda_heartbeat": "on", "CONDA_ANACONDA_HEARTBEAT": "off"}, "True False"),
        ({"CONDA_ANACONDA_HEARTBEAT": "off", "CONDA_anaconda_heartbeat": "on"}, "True True"),
        ({"conda_anaconda_anon_usage": "off"}, "True False"),
    ],
)
def test_variables_count_in_any_letter_case(someone, home, variables, expected):
    """As in conda, the last one wins, and only the prefix ``CONDA_`` is case-sensitive."""
    assert expected == run(home, READ, before=someone, **variables)


# Merge keys, aliases and tags


@pytest.mark.parametrize(
    "content, expected",
    [
        (b"<<: {anaconda_heartbeat: true}\n", "True True"),
        (b"x: &x {anaconda_anon_usage: off}\n<<: *x\n", "False False"),
        (b"<<: [{anaconda_heartbeat: yes}, {anaconda_heartbeat: no}]\n", "True True"),
        (b"x: &x off\nanaconda_anon_usage: *x\n", "False False"),
        (b"anaconda_heartbeat: &x true\n", "True True"),
        (b"anaconda_heartbeat: !!str true\n", "False False"),
        (b"anaconda_heartbeat: !x true\n", "False False"),
        (b"<<: 1\nanaconda_heartbeat: true\n", "False False"),
    ],
)
def test_merge_keys_aliases_and_tags_are_read_as_in_conda(someone, home, content, expected):
    """A file that conda cannot read counts as an opt-out."""
    put(home / ".condarc", content)
    assert expected == run(home, READ, before=someone)
