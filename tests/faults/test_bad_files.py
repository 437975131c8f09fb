"""With bad files in any location, the activation succeeds quickly and sends only valid tokens."""

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

#: The path of each token below tmp_path, and the letters of the tokens that are still sent if
#: that path has something that the package must not replace.
TOKENS = {
    "home/.conda/aau_token": "se",
    "home/.conda/aau_token_binding": "cse",
    "home/.conda/aau_token_host": "cse",
    "env/etc/aau_token": "cs",
    "env/etc/aau_token_prefix": "cse",
    "home/.conda/org_token": "cse",
    "env/.machine_token": "cse",
    "home/installer_token": "cse",
}

#: Contents that the package replaces, or that count as an administrator's token.
REPLACED = ("empty", "short", "invalid UTF-8", "NUL", "control characters", "second header",
            "spaces", "long")  # fmt: skip

#: The paths of all condarcs except those of the system.
CONDARCS = [
    *("home/.condarc", "home/.conda/.condarc", "home/.conda/condarc"),
    *("home/.conda/condarc.d/a.yml", "home/.config/conda/.condarc", "home/.config/conda/condarc"),
    *("home/.config/conda/condarc.d/a.yaml", "home/xdg/conda/.condarc", "home/xdg/conda/condarc"),
    *("env/.condarc", "env/condarc", "env/condarc.d/a.yml", "home/named.yml"),
]

SYSTEM = (".condarc", "condarc", "condarc.d/a.yml")


def put(kind: dict, name: str, path: Path) -> None:
    """Create a bad file at a path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind[name](path)


@pytest.fixture
def beat(activate, server, home):
    """Activate, check for silence and limits, and return the letters of the tokens received."""
    receiver = server()

    def run(*before, **variables):
        url = f"{receiver.url}/beat"
        assert_unnoticed(activate(before, CONDA_ANACONDA_HEARTBEAT=url, **variables))
        found = [letters(user_agent(head)) for head in receiver.heads]
        assert len(found) == receiver.connections <= 1
        return found

    return run


@pytest.mark.parametrize("kind", ANY)
def test_bad_token_files_cost_at_most_their_own_tokens(beat, home, tmp_path, kind):
    """All of them are bad at once."""
    for place in TOKENS:
        put(ANY, kind, tmp_path / place)
    put({**ANY, **JSON}, kind, home / ".anaconda" / "keyring")
    put(ANY, kind, home / ".anaconda" / "config.toml")
    ours = "cse" if kind in REPLACED else "s"
    # Administrators may choose any token, so a file counts if its first line is valid.
    administrators = "iom" if kind in ("short", "second header") else ""
    assert [ours + administrators] == beat()
    assert False is (home / ".conda" / "gone").exists()


@pytest.mark.parametrize("kind", [*JSON, "no permission"])
def test_a_bad_keyring_costs_only_the_account_token(beat, home, kind):
    """The other tokens are still sent."""
    put({**JSON, "no permission": lambda path: path.touch(0)}, kind, home / ".anaconda/keyring")
    assert ["cse"] == beat()


@pytest.mark.unmeasured
@pytest.mark.parametrize("kind", ["200 MB", "device", "pipe"])
@pytest.mark.parametrize("place", TOKENS)
def test_reading_a_token_takes_little_memory(watched, home, tmp_path, environ, place, kind):
    """The size of the file does not matter, and it may be endless."""
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


#: Contents that are valid configuration files, and names for which no file exists.
VALID = (
    *("empty", "directory", "dangling", "header in our setting"),
    *("aliases in our setting", "alias of itself", "tag of Python"),
)

#: Contents that may include an opt-out: unreadable, or invalid with the name of a setting.
OPTED_OUT = (
    *("200 MB", "invalid UTF-8", "NUL", "pipe", "socket", "device", "terminal", "memory"),
    *("symlink loop", "200 MB of lines", "200 MB of one line", "UTF-16", "list"),
    "wrong type of our setting",
)


@pytest.mark.parametrize("kind", [*ANY, *(kind for kind in YAML if kind != "many keys")])
def test_a_bad_condarc_of_the_user_is_an_opt_out_if_it_may_include_one(beat, home, kind):
    """conda itself may refuse to work with such a file.

    For many keys, the outcome depends on whether the machine reads them before the deadline.
    """
    put({**ANY, **YAML}, kind, home / ".condarc")
    expected = [""] if kind == "wrong type of our setting" else ["cse"] * (kind in VALID)
    assert expected == beat()
    assert False is Path("gone").exists()


@pytest.mark.parametrize("kind", [*ANY, "aliases", "duplicate keys", "nested maps", "tabs"])
def test_bad_condarcs_in_all_locations_go_unnoticed(beat, home, tmp_path, kind):
    """This includes the system's condarcs, if the test may mount over them."""
    for place in [*CONDARCS, *(f"system/conda/{name}" for name in SYSTEM)]:
        put({**ANY, **YAML}, kind, tmp_path / place)
    # Mount over /var/lib/conda instead of changing the machine's own.
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
def test_reading_condarcs_takes_bounded_time_and_memory(watched, environ, home, tmp_path, kind):
    """conda is not involved, and the user can have any number of files."""
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


def test_the_list_of_condarcs_is_complete(monkeypatch, home, tmp_path):
    """It has every location that conda reads."""
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

#: Root can read and write everything, unless it lacks these capabilities.
WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


@pytest.fixture
def without_rights():
    """Return the start of a command line that runs as a user whom permissions restrict."""
    return [tool("setpriv"), *WITHOUT_RIGHTS[1:]] if os.geteuid() == 0 else []


def test_unreadable_token_files_cost_only_their_tokens(beat, without_rights, home, tmp_path):
    """The files stay as they are."""
    places = [*TOKENS, "home/.anaconda/keyring", "home/.anaconda/config.toml"]
    for place in places:
        put({"no permission": lambda path: path.touch(0)}, "no permission", tmp_path / place)
    assert ["s"] == beat(*without_rights)
    assert {0} == {(tmp_path / place).stat().st_mode & 0o777 for place in places}


@pytest.mark.parametrize("place", CONDARCS)
def test_an_unreadable_condarc_is_an_opt_out(beat, without_rights, home, tmp_path, place):
    """This holds for every location of the search path."""
    put({"no permission": lambda path: path.touch(0)}, "no permission", tmp_path / place)
    variables = {"XDG_CONFIG_HOME": str(home / "xdg"), "CONDARC": str(home / "named.yml")}
    assert [] == beat(*without_rights, **variables)


@pytest.mark.parametrize("mode, expected", [(0o555, ["s"]), (0o000, [])])
def test_read_only_directories_cost_only_their_tokens(
    beat, without_rights, home, prefix, mode, expected
):
    """Nothing is created. A directory without search permission may contain an opt-out."""
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


# Home directories


@pytest.mark.parametrize("value", ["/nonexistent", "relative", "~", "/dev/null"])
def test_an_invalid_home_costs_only_the_client_token(beat, value):
    """Nothing is created at that path."""
    assert ["se"] == beat(HOME=value)
    assert False is Path("/nonexistent").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an unknown user")
def test_an_unknown_home_costs_only_the_client_token(beat, prefix):
    """A container can run as a user without a passwd entry and without HOME."""
    give(prefix, USER)
    assert ["se"] == beat(*become(USER), HOME=None)


def test_a_file_in_place_of_the_token_directory_costs_only_the_client_token(beat, home):
    """The file stays as it is."""
    (home / ".conda").write_text("mine")
    assert ["se"] == beat()
    assert "mine" == (home / ".conda").read_text()


# conda's commands


@pytest.mark.parametrize(
    "kind", ["200 MB", "second header", "pipe", "device", "symlink loop", "NUL"]
)
def test_conda_works_with_bad_token_files(base, environ, home, tmp_path, watched, kind):
    """It prints nothing to stderr."""
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
