"""A real conda reads the output of ``deploy`` and the templates, and obeys their locks."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conda_root import Base
from support import PROJECT

from anaconda_anon_usage import deploy
from anaconda_anon_usage.heartbeat import PATH

TEMPLATES = PROJECT / "etc" / "conda" / "templates"
NAME = "anaconda-anon-usage.yml"
OURS = ["anaconda_anon_usage", "anaconda_heartbeat", "aggressive_update_packages"]
PACKAGE = "anaconda-anon-usage"
DEFAULTS = ["ca-certificates", "certifi", "openssl"]


@pytest.fixture(scope="module")
def base(make_base, tmp_path_factory) -> Base:
    """A base of this module, whose condarc changes."""
    return make_base(tmp_path_factory.mktemp("deploy") / "base")


@pytest.fixture
def administrated(base):
    """The path of base's own condarc, which administrators control."""
    yield base.prefix / "condarc"
    for path in base.prefix.glob("*condarc"):
        path.unlink()


@pytest.fixture
def drop_in(base, administrated):
    """The path of a drop-in file next to it."""
    (base.prefix / "condarc.d").mkdir()
    yield base.prefix / "condarc.d" / NAME
    shutil.rmtree(base.prefix / "condarc.d")


@pytest.fixture
def deployed(base, environ, tmp_path):
    """A function that runs ``deploy`` and returns the path of the drop-in file."""

    def run(*arguments) -> Path:
        done = subprocess.run(
            [base.conda, "anon-usage", "deploy", "--root", tmp_path / "root", *arguments],
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return Path(deploy.system_directory(str(tmp_path / "root")), "condarc.d", NAME)

    return run


@pytest.fixture
def status(base, environ):
    """A function that returns the lines of the status command by their headings."""

    def run(**variables) -> dict[str, str]:
        done = subprocess.run(
            [base.python, "-I", "-m", "anaconda_anon_usage"],
            env={**environ, **variables},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, "")
        lines = [line.partition(":") for line in done.stdout.splitlines()]
        return {name: value.strip() for name, _, value in lines}

    return run


def line_of(path: Path, name: str) -> int:
    """Return the number of the line that starts with a name."""
    lines = path.read_text().splitlines()
    return 1 + next(n for n, line in enumerate(lines) if line.startswith(name + ":"))


@pytest.mark.parametrize(
    "template, telemetry, heartbeat, packages",
    [
        ("telemetry-on", "on", "on", [*DEFAULTS, "anaconda-anon-usage"]),
        ("own-server", "on", "on", [*DEFAULTS, "anaconda-anon-usage"]),
        ("telemetry-off", "off", "off", DEFAULTS),
    ],
)
def test_a_template_overrides_all_user_settings(
    conda, base, home, administrated, status, template, telemetry, heartbeat, packages
):
    """This includes variables and DO_NOT_TRACK. conda's other settings do not change."""
    shutil.copy(TEMPLATES / f"{template}.condarc", administrated)
    for wish in ("false", "true"):
        (home / ".condarc").write_text(f"anaconda_anon_usage: {wish}\nanaconda_heartbeat: {wish}\n")
        found = status(
            CONDA_ANACONDA_ANON_USAGE=wish, CONDA_ANACONDA_HEARTBEAT=wish, DO_NOT_TRACK="1"
        )
        for name, state, setting in (
            ("telemetry", telemetry, "anaconda_anon_usage"),
            ("heartbeat", heartbeat, "anaconda_heartbeat"),
        ):
            where = f"{administrated}, line {line_of(administrated, setting)}"
            assert f"{state} ({where}, locked by #!final)" == found[name]
    shown = conda(base, "config", "--show", "aggressive_update_packages", "--json").stdout
    assert packages == json.loads(shown)["aggressive_update_packages"]


def test_the_template_for_an_own_server_sets_the_url(base, administrated, environ):
    """Administrators replace the URL."""
    shutil.copy(TEMPLATES / "own-server.condarc", administrated)
    done = subprocess.run(
        [base.python, "-I", "-m", "anaconda_anon_usage.heartbeat", "--dry-run"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    url = re.escape(f"https://conda.example.org/{PATH}")
    assert re.search(rf"^URL: +{url}$", done.stdout, re.MULTILINE)


def test_the_example_of_an_organization_token_is_valid(base, administrated, status):
    """In the right location, the token is sent."""
    shutil.copy(TEMPLATES / "org_token.example", base.prefix / "org_token")
    try:
        assert " o/example-organization" in status()["User-Agent"]
    finally:
        (base.prefix / "org_token").unlink()


def test_templates_are_not_installed(base):
    """Administrators get them from the source."""
    assert ["anon-usage"] == sorted(
        name for name in os.listdir(base.prefix / "etc/conda") if not name.endswith("activate.d")
    )


def test_a_user_cannot_override_the_deployed_settings(conda, base, home, drop_in, deployed, status):
    """This includes condarc files, environment variables and DO_NOT_TRACK."""
    shutil.copy(deployed("--org-token", "acme"), drop_in)
    (home / ".condarc").write_text("anaconda_anon_usage: false\nanaconda_heartbeat: false\n")
    variables = {f"CONDA_{name.upper()}": "off" for name in OURS[:2]} | {"DO_NOT_TRACK": "1"}
    info = json.loads(conda(base, "info", "--json", **variables).stdout)
    assert re.search(r" aau/\S+ c/\S+ s/\S+ e/\S+$", info["user_agent"])
    found = status(**variables)
    assert [
        f"on ({drop_in}, line {line_of(drop_in, name)}, locked by #!final)" for name in OURS[:2]
    ] == [found["telemetry"], found["heartbeat"]]
    expected = [True, True, [*DEFAULTS, PACKAGE]]
    shown = json.loads(conda(base, "config", "--show", "--json", **variables).stdout)
    assert expected == [shown[name] for name in OURS]
    shown = conda(base, "config", "--show", *OURS, **variables)
    packages = "".join(f"\n  - {item}" for item in expected[2])
    settings = [f"{OURS[0]}: True", f"{OURS[1]}: True", f"{OURS[2]}:{packages}"]
    # The order of the settings depends on conda's version.
    found = re.split(r"\n(?! )", shown.stdout.rstrip())
    assert (sorted(settings), "") == (sorted(found), shown.stderr)


@pytest.mark.parametrize(
    "users, expected",
    [("[]", [*DEFAULTS, PACKAGE]), ("[numpy]", ["numpy", *DEFAULTS, PACKAGE])],
)
def test_conda_merges_a_users_package_list_with_the_deployed_one(
    conda, base, home, drop_in, deployed, users, expected
):
    """The user's list cannot remove the deployed packages."""
    shutil.copy(deployed(), drop_in)
    (home / ".condarc").write_text(f"aggressive_update_packages: {users}\n")
    shown = conda(base, "config", "--show", OURS[2], "--json").stdout
    assert expected == json.loads(shown)[OURS[2]]


def test_without_auto_update_the_package_list_is_condas(conda, base, home, drop_in, deployed):
    """The user's empty list is used then."""
    shutil.copy(deployed("--no-auto-update"), drop_in)
    shown = conda(base, "config", "--show", OURS[2], "--json").stdout
    assert DEFAULTS == json.loads(shown)[OURS[2]]
    (home / ".condarc").write_text("aggressive_update_packages: []\n")
    shown = conda(base, "config", "--show", OURS[2], "--json").stdout
    assert [] == json.loads(shown)[OURS[2]]


def test_a_lock_overrides_later_files_and_yields_to_earlier_locks(conda, base, drop_in, deployed):
    """``deploy`` therefore refuses a contrary #!final in an earlier file."""
    shutil.copy(deployed("--heartbeat", "https://example.org/a?b#c"), drop_in)
    found = []
    for name in ("z.yml", "../condarc"):
        (drop_in.parent / name).write_text("anaconda_heartbeat: false #!final\n")
        shown = conda(base, "config", "--show", OURS[1], "--json").stdout
        found.append(json.loads(shown)[OURS[1]])
    assert ["https://example.org/a?b#c", False] == found
