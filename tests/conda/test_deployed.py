"""What ``deploy`` writes, and what the templates say, does in a real conda what it promises."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from conda_root import Base, clean_environ
from condarcs import OURS, condarcs
from hypothesis import given, settings
from hypothesis import strategies as st
from support import PROJECT

from anaconda_anon_usage import deploy, deploy_files
from anaconda_anon_usage.deploy import Wanted

TEMPLATES = PROJECT / "etc" / "conda" / "templates"
ANSWERS = Path(__file__).parent / "condarc_answers.py"
DEFAULTS = ["ca-certificates", "certifi", "openssl"]


@pytest.fixture(scope="module")
def base(make_base, tmp_path_factory) -> Base:
    """A base of this module's own: its condarc comes and goes."""
    return make_base(tmp_path_factory.mktemp("deploy") / "base")


@pytest.fixture
def administrated(base):
    """The place of base's own condarc, which is an administrator's."""
    yield base.prefix / "condarc"
    for path in base.prefix.glob("*condarc*"):
        path.unlink()


@pytest.fixture
def deployed(base, environ, tmp_path):
    """Run deploy as an administrator does; return the directory that it wrote."""

    def run(*arguments) -> Path:
        done = subprocess.run(
            [base.conda, "anon-usage", "deploy", "--root", tmp_path / "root", *arguments],
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return Path(deploy.system_directory(str(tmp_path / "root")))

    return run


@pytest.fixture
def status(base, environ):
    """Return what the command says of telemetry and the heartbeat."""

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
    """Return the number of the line that begins with a name."""
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
def test_template_switches_on_what_it_says(
    conda, base, home, administrated, status, template, telemetry, heartbeat, packages
):
    """Whatever users write, and DO_NOT_TRACK; conda's other settings stay as they are."""
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


def test_template_for_an_own_server_sends_there(base, administrated, environ):
    """To the URL that an administrator is to replace."""
    shutil.copy(TEMPLATES / "own-server.condarc", administrated)
    done = subprocess.run(
        [base.python, "-I", "-m", "anaconda_anon_usage.heartbeat", "--dry-run"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert re.search(r"^URL: +https://conda\.example\.org/heartbeat$", done.stdout, re.MULTILINE)


def test_template_of_a_token_is_sent(base, administrated, status):
    """Once it lies where tokens are looked for."""
    shutil.copy(TEMPLATES / "org_token.example", base.prefix / "org_token")
    try:
        assert " o/example-organization" in status()["User-Agent"]
    finally:
        (base.prefix / "org_token").unlink()


def test_templates_are_not_installed(base):
    """They are for administrators, who find them in the source."""
    assert ["anon-usage"] == sorted(
        name for name in os.listdir(base.prefix / "etc/conda") if not name.endswith("activate.d")
    )


def test_deployed_configuration_locks_telemetry(conda, base, administrated, deployed, status):
    """``conda config --set anaconda_anon_usage off`` of a user has no effect."""
    shutil.copy(deployed("--org-token", "acme") / "condarc", administrated)
    assert conda(base, "config", "--set", "anaconda_anon_usage", "off").returncode == 0
    assert conda(base, "config", "--set", "anaconda_heartbeat", "off").returncode == 0
    user_agent = json.loads(conda(base, "info", "--json").stdout)["user_agent"]
    assert re.search(r" aau/\S+ c/\S+ s/\S+ e/\S+$", user_agent)
    assert "locked by #!final" in status()["heartbeat"]
    shown = conda(base, "config", "--show", "--json").stdout
    assert {
        "anaconda_anon_usage": True,
        "anaconda_heartbeat": True,
        "aggressive_update_packages": [*DEFAULTS, "anaconda-anon-usage"],
    } == {name: json.loads(shown)[name] for name in OURS}


def test_deployed_lock_holds_over_other_files_beside_it(
    administrated, deployed, base, status, tmp_path
):
    """Whether they are read before or after it."""
    directory = Path(deploy.system_directory(str(tmp_path / "root")))
    directory.mkdir(parents=True)
    for name in (".condarc", "condarc"):
        (directory / name).write_text("anaconda_heartbeat: false #!final\n")
    deployed("--heartbeat", "https://example.org/beat")
    for name in (".condarc", "condarc"):
        shutil.copy(directory / name, base.prefix / name)
    expected = f"on ({base.prefix / '.condarc'}, line 1, locked by #!final)"
    assert expected == status()["heartbeat"]


@pytest.fixture(scope="module")
def read_by_conda(base, tmp_path_factory):
    """Ask the base's conda what it finds in a file."""
    process = subprocess.Popen(
        [base.python, "-I", "-X", "utf8", ANSWERS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=clean_environ(tmp_path_factory.mktemp("home")),
        text=True,
    )

    def ask(path: Path) -> dict | None:
        process.stdin.write(f"{path}\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield ask
    process.stdin.close()
    process.wait(timeout=30)
    process.stdout.close()


@settings(max_examples=60, deadline=None)
@given(condarcs(), st.sampled_from(["true", "false"]))
def test_conda_reads_all_other_settings_as_before(read_by_conda, content, heartbeat):
    """Their values and flags; and ours with the flag that locks them."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "condarc"
        path.write_bytes(content)
        before = read_by_conda(path)
        try:
            plan = deploy.plan(directory, Wanted(heartbeat, None, None, ()))
        except deploy_files.CannotDeploy:
            return
        deploy_files.apply(directory, plan)
        after = read_by_conda(path)
    if before is None:
        return  # not for conda, for a reason that is not ours
    others = {name: found for name, found in before.items() if name not in OURS}
    assert others == {name: found for name, found in after.items() if name not in OURS}
    assert "final" == after["anaconda_anon_usage"][1] == after["anaconda_heartbeat"][1]
    packages = [part[0][1].lower() for part in after["aggressive_update_packages"][0]]
    assert any(package.startswith("anaconda-anon-usage") for package in packages)
