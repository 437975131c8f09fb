"""Links in the documentation work, and its examples are valid."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
import tomllib
from conda_root import clean_environ
from markdown_text import DOCS, GUIDE, PAGES, PROJECT, anchors, fences, links, prose, tables
from ruamel.yaml import YAML

from anaconda_anon_usage import __version__
from anaconda_anon_usage.settings.policy import SETTINGS


def name(path) -> str:
    """Return the name of a page for test IDs."""
    return str(path.relative_to(PROJECT))


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_links_work(path):
    """They name a file of the repository, and a heading in it."""
    broken = []
    for link in links(path.read_text(encoding="utf-8")):
        file, _, anchor = link.partition("#")
        if file.startswith("https://"):
            continue
        target = path.parent / file if file else path
        exists = target.exists() and target.resolve().is_relative_to(PROJECT)
        if not exists or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    assert [] == broken


def test_the_readme_links_to_every_page():
    """Each file in docs/."""
    found = links((PROJECT / "README.md").read_text(encoding="utf-8"))
    assert set(DOCS) == {link[5:-3] for link in found if re.fullmatch(r"docs/[\w-]+\.md", link)}


def test_the_readme_starts_with_what_users_need():
    """In this order."""
    headings = re.findall(r"^## (.*)$", (PROJECT / "README.md").read_text(), re.MULTILINE)
    assert [
        "Install",
        "Opt out",
        "Verify",
        "Heartbeats, for administrators",
        "Try it, or contribute",
    ] == headings[:5]


@pytest.mark.parametrize("path", GUIDE, ids=name)
def test_a_page_is_short(path):
    """At most a few screens."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 220


@pytest.mark.parametrize("path", GUIDE, ids=name)
def test_terms_are_those_of_condas_documentation(path):
    """No jargon of telemetry."""
    words = r"\b(ping\w*|beacons?|(?<!user-)agents?|payloads?|trackers?|stubs?)\b"
    assert [] == re.findall(words, path.read_text(encoding="utf-8"), re.IGNORECASE)


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_phrases_that_readers_stumbled_over_are_gone(path):
    """codespell, which finds single words, cannot reject them."""
    phrases = (
        r"(may|could) write\b|in private|derived from|whatever \w+ the (administrator|operator)|"
        r"put there|the rest is dropped|off is off|only tokens are lost|by their user only|a possible yes|"
        r"logged in with|the invoking|run it also"
    )
    text = " ".join(path.read_text(encoding="utf-8").split())
    assert None is re.search(phrases, text, re.IGNORECASE)


@pytest.mark.parametrize("path", GUIDE, ids=name)
def test_files_of_the_tests_that_are_named_exist(path):
    """So do the sources that a page names with their folder."""
    found = re.findall(
        r"(?<!report/)\b(?:tests|anaconda_anon_usage|benchmarks)/[\w./-]+\.(?:py|md|sh)",
        prose(path.read_text(encoding="utf-8")),
    )
    assert [] == [file for file in found if not (PROJECT / file).exists()]


def test_the_tests_that_security_names_exist():
    """Each promise has at least one."""
    [promises] = tables((PROJECT / "SECURITY.md").read_text(encoding="utf-8"))
    tests = [re.findall(r"`([\w/]+\.py)`", row["Tests in `tests/`"]) for row in promises]
    assert [] not in tests
    named = {file for files in tests for file in files}
    assert [] == sorted(file for file in named if not (PROJECT / "tests" / file).exists())


def settings_in(value) -> dict:
    """Return this package's settings in a YAML value, nested documents included."""
    found = {}
    if isinstance(value, str) and "\n" in value:
        found |= settings_in(YAML(typ="safe").load(value))
    elif isinstance(value, list):
        for part in value:
            found |= settings_in(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            found |= {key: part} if key.startswith("anaconda_") else settings_in(part)
    return found


@pytest.mark.parametrize("path", GUIDE, ids=name)
def test_yaml_examples_have_valid_settings(path):
    """And valid values."""
    for fence in fences(path.read_text(encoding="utf-8")):
        if fence.language == "yaml":
            found = settings_in(YAML(typ="safe").load(fence.text))
            assert found
            for key, value in found.items():
                SETTINGS[key].meaning(value)


def test_the_readme_installs_this_package():
    """Its name, its version, and the versions that it requires."""
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    recipe = YAML(typ="safe").load((PROJECT / "recipe" / "recipe.yaml").read_text())
    assert f"conda install -n base -c ./dist/conda {project['name']}\n" in readme
    assert f"prints version {__version__}." in readme
    [(conda, python)] = re.findall(r"conda (\S+) or newer and Python (\S+) or\s+newer", readme)
    assert project["requires-python"] == f">={python}"
    assert recipe["requirements"]["run_constraints"][0] == f"conda >={conda}"


@pytest.mark.parametrize("variables, expected", [({}, r"c/\S+ s/\S+"), ({"DO_NOT_TRACK": "1"}, "")])
def test_the_example_for_clients_obeys_the_user(home, variables, expected):
    """It is run exactly as in the README."""
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    [example] = [fence.text for fence in fences(readme) if fence.language == "python"]
    done = subprocess.run(
        [sys.executable, "-c", example + "print(headers['User-Agent'])"],
        env=clean_environ(home, PYTHONPATH=str(PROJECT), **variables),
        cwd=os.sep,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert re.fullmatch(rf"my-tool/1.0 aau/\S+ ?{expected}\n", done.stdout)
