"""Bad files in every place that is read: the activation goes on, cheaply, and sends no rubbish."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from bad_files import ANY, JSON, YAML
from processes import PACKAGE_PARENT, make_environment, with_mounts
from servers import letters, user_agent
from support import tool
from test_privileges import USER, become, give
from unnoticed import assert_unnoticed

from anaconda_anon_usage.settings import search_path

#: Every place of a token, below a directory that holds the home and the environment, and
#: the letters that remain where it holds what is not ours to replace.
TOKENS = {
    "home/.conda/aau_token": "se",
    "home/.conda/aau_token_host": "cse",
    "env/etc/aau_token": "cs",
    "env/etc/aau_token_prefix": "cse",
    "home/.conda/org_token": "cse",
    "env/.machine_token": "cse",
    "home/installer_token": "cse",
}

#: What can be replaced by a token of ours, or is one that an administrator could have placed.
REPLACED = ("empty", "short", "invalid UTF-8", "NUL", "control characters", "second header",
            "spaces", "long")  # fmt: skip

#: Every condarc's place but those of the system.
CONDARCS = [
    *("home/.condarc", "home/.conda/.condarc", "home/.conda/condarc"),
    *("home/.conda/condarc.d/a.yml", "home/.config/conda/.condarc", "home/.config/conda/condarc"),
    *("home/.config/conda/condarc.d/a.yaml", "home/xdg/conda/.condarc", "home/xdg/conda/condarc"),
    *("env/.condarc", "env/condarc", "env/condarc.d/a.yml", "home/named.yml"),
]

SYSTEM = (".condarc", "condarc", "condarc.d/a.yml")


def put(kind: dict, name: str, path: Path) -> None:
    """Put something bad at a path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind[name](path)


@pytest.fixture
def beat(activate, server, home):
    """Activate, be unnoticed, and return the letters of the tokens that arrived, if any."""
    receiver = server()

    def run(*before, **variables):
        url = f"{receiver.url}/beat"
        assert_unnoticed(activate(before, CONDA_ANACONDA_HEARTBEAT=url, **variables))
        found = [letters(user_agent(head)) for head in receiver.heads]
        assert len(found) == receiver.connections <= 1
        return found

    return run


@pytest.mark.parametrize("kind", ANY)
def test_all_token_files_bad_at_once(beat, home, tmp_path, kind):
    """Each costs at most its own token."""
    for place in TOKENS:
        put(ANY, kind, tmp_path / place)
    put({**ANY, **JSON}, kind, home / ".anaconda" / "keyring")
    put(ANY, kind, home / ".anaconda" / "config.toml")
    ours = "cse" if kind in REPLACED else "s"
    # Whatever begins with a line like a token's is one that an administrator may choose.
    administrators = "iom" if kind in ("short", "second header") else ""
    assert [ours + administrators] == beat()
    assert False is (home / ".conda" / "gone").exists()


@pytest.mark.parametrize("kind", [*JSON, "no permission"])
def test_keyring_that_is_bad_costs_the_account(beat, home, kind):
    """And nothing else."""
    put({**JSON, "no permission": lambda path: path.touch(0)}, kind, home / ".anaconda/keyring")
    assert ["cse"] == beat()


@pytest.mark.unmeasured
@pytest.mark.parametrize("kind", ["200 MB", "device", "pipe"])
@pytest.mark.parametrize("place", TOKENS)
def test_reading_a_token_takes_little_memory(watched, home, tmp_path, environ, place, kind):
    """However large or endless its file is."""
    make_environment(tmp_path / "env")
    put(ANY, kind, tmp_path / place)
    code = "from anaconda_anon_usage.tokens import token_string; print(token_string())"
    report = watched(
        [sys.executable, "-c", code],
        {**environ, "PYTHONPATH": PACKAGE_PARENT, "CONDA_PREFIX": str(tmp_path / "env")},
    )
    assert (TOKENS[place], "", True, True) == (
        letters(report.stdout.strip()),
        report.stderr,
        report.megabytes < 40,
        report.processor_seconds < 5,
    )


# condarc


#: Valid configuration files, or none.
VALID = (
    *("empty", "directory", "dangling", "header in our setting"),
    *("aliases in our setting", "alias of itself", "tag of Python"),
)

#: What may have an opt-out: it cannot be read, or it is invalid and has a setting's name.
OPTED_OUT = (
    *("200 MB", "invalid UTF-8", "NUL", "pipe", "socket", "device", "terminal", "memory"),
    *("symlink loop", "200 MB of lines", "200 MB of one line", "UTF-16", "list"),
    "wrong type of our setting",
)


@pytest.mark.parametrize("kind", [*ANY, *(kind for kind in YAML if kind != "many keys")])
def test_bad_condarc_of_the_user(beat, home, kind):
    """With which conda itself may refuse to work: it may have an opt-out.

    How many keys are read before the deadline depends on the machine.
    """
    put({**ANY, **YAML}, kind, home / ".condarc")
    expected = [""] if kind == "wrong type of our setting" else ["cse"] * (kind in VALID)
    assert expected == beat()
    assert False is Path("gone").exists()


@pytest.mark.parametrize("kind", [*ANY, "aliases", "duplicate keys", "nested maps", "tabs"])
def test_all_condarcs_bad_at_once(beat, home, tmp_path, kind):
    """Those of the system, too, where the test may lay files over its own."""
    for place in [*CONDARCS, *(f"system/conda/{name}" for name in SYSTEM)]:
        put({**ANY, **YAML}, kind, tmp_path / place)
    # /var/lib/conda, without touching the machine's own.
    before = with_mounts({"/var/lib": tmp_path / "system"}) if os.geteuid() == 0 else []
    found = beat(*before, XDG_CONFIG_HOME=str(home / "xdg"), CONDARC=str(home / "named.yml"))
    assert (["cse"] if kind in VALID else []) == found


READ = """
import sys
from anaconda_anon_usage import settings as configuration
settings = configuration.load(sys.argv[1])
print(settings.heartbeat, settings.anon_usage)
"""


@pytest.mark.parametrize("kind", [*ANY, *YAML])
def test_reader_of_condarcs_takes_bounded_time_and_memory(watched, environ, home, tmp_path, kind):
    """Without conda; the number of files is the user's choice."""
    make_environment(tmp_path / "env")
    for place in ("home/.condarc", "env/condarc"):
        put({**ANY, **YAML}, kind, tmp_path / place)
    report = watched(
        [sys.executable, "-c", READ, str(tmp_path / "env")],
        {**environ, "PYTHONPATH": PACKAGE_PARENT},
    )
    assert (0, "") == (report.status, report.stderr)
    assert f"False {kind not in OPTED_OUT}\n" == report.stdout
    assert (True, True) == (report.megabytes < 150, report.processor_seconds < 30)


def test_every_place_of_the_search_path_was_tried(monkeypatch, home, tmp_path):
    """The list above is conda's."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
    monkeypatch.setenv("CONDARC", str(home / "named.yml"))
    for place in CONDARCS:
        put(ANY, "empty", tmp_path / place)
    found = search_path.condarc_files(str(tmp_path / "env"), None)
    inside = {path for path, _ in found if path.startswith(str(tmp_path))}
    assert {str(tmp_path / place) for place in CONDARCS} <= inside
    names = {os.path.relpath(path, tmp_path) for path in inside}
    assert set(CONDARCS) == names


# Permissions

#: Root may read and write everything, unless it can't have these capabilities.
WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


@pytest.fixture
def without_rights():
    """What begins the command line of somebody whom permissions stop."""
    return [tool("setpriv"), *WITHOUT_RIGHTS[1:]] if os.geteuid() == 0 else []


def test_token_files_that_cannot_be_read_cost_their_tokens(beat, without_rights, home, tmp_path):
    """And are left as they are."""
    places = [*TOKENS, "home/.anaconda/keyring", "home/.anaconda/config.toml"]
    for place in places:
        put({"no permission": lambda path: path.touch(0)}, "no permission", tmp_path / place)
    assert ["s"] == beat(*without_rights)
    assert {0} == {(tmp_path / place).stat().st_mode & 0o777 for place in places}


@pytest.mark.parametrize("place", CONDARCS)
def test_a_condarc_that_cannot_be_read_is_an_opt_out(beat, without_rights, home, tmp_path, place):
    """In every place of the search path."""
    put({"no permission": lambda path: path.touch(0)}, "no permission", tmp_path / place)
    variables = {"XDG_CONFIG_HOME": str(home / "xdg"), "CONDARC": str(home / "named.yml")}
    assert [] == beat(*without_rights, **variables)


@pytest.mark.parametrize("mode, expected", [(0o555, ["s"]), (0o000, [])])
def test_directories_that_cannot_be_written_cost_their_tokens(
    beat, without_rights, home, prefix, mode, expected
):
    """Nothing is created; one that cannot be searched may have an opt-out."""
    (home / ".conda").mkdir(mode=mode)
    moved = prefix / "etc"
    moved.chmod(0o555)
    try:
        assert expected == beat(*without_rights)
    finally:
        moved.chmod(0o755)
        (home / ".conda").chmod(0o755)
    assert [[".conda"], []] == [sorted(os.listdir(home)), os.listdir(home / ".conda")]
    assert ["conda"] == os.listdir(moved)


# Homes


@pytest.mark.parametrize("value", ["/nonexistent", "relative", "~", "/dev/null"])
def test_home_that_is_none_costs_the_client_token(beat, value):
    """And nothing is made in its place."""
    assert ["se"] == beat(HOME=value)
    assert False is Path("/nonexistent").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody unknown")
def test_home_that_is_not_set_and_not_known_costs_the_client_token(beat, prefix):
    """As in a container that runs as any user."""
    give(prefix, USER)
    assert ["se"] == beat(*become(USER), HOME=None)


def test_directory_of_tokens_that_is_a_file_costs_the_client_token(beat, home):
    """And stays as it is."""
    (home / ".conda").write_text("mine")
    assert ["se"] == beat()
    assert "mine" == (home / ".conda").read_text()


# conda's own commands


@pytest.mark.parametrize(
    "kind", ["200 MB", "second header", "pipe", "device", "symlink loop", "NUL"]
)
def test_conda_goes_on_with_bad_token_files(base, environ, home, tmp_path, watched, kind):
    """As quietly as ever."""
    make_environment(tmp_path / "env")
    for place in TOKENS:
        put(ANY, kind, tmp_path / place)
    put(ANY, kind, home / ".anaconda" / "keyring")
    report = watched(
        [str(base.conda), "info", "--json"], {**environ, "CONDA_PREFIX": str(tmp_path / "env")}
    )
    assert (0, "", []) == (report.status, report.stderr, report.left)
    found = letters(json.loads(report.stdout)["user_agent"])
    assert (True, True) == ("s" in found, report.megabytes < 200)
