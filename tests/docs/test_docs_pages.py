"""The pages' links lead somewhere, their words are conda's, their examples are well formed."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
import tomllib
from conda_root import clean_environ
from markdown_text import DOCS, GUIDE, PAGES, PROJECT, anchors, fences, links, prose
from ruamel.yaml import YAML

from anaconda_anon_usage.settings.policy import SETTINGS


def name(path) -> str:
    """Return how a page is called in a test's name."""
    return str(path.relative_to(PROJECT))


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_links_lead_somewhere(path):
    """To a file of the repository, and to a heading in it."""
    broken = []
    for link in links(path.read_text(encoding="utf-8")):
        file, _, anchor = link.partition("#")
        if file.startswith("https://"):
            continue
        target = path.parent / file if file else path
        stands = target.exists() and target.resolve().is_relative_to(PROJECT)
        if not stands or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    assert [] == broken


def test_the_readme_leads_to_every_page():
    """None is forgotten."""
    found = links((PROJECT / "README.md").read_text(encoding="utf-8"))
    assert set(DOCS) == {link[5:-3] for link in found if re.fullmatch(r"docs/[\w-]+\.md", link)}


def test_make_demo_and_make_test_are_in_the_first_screen():
    """Who looks for the first time sees how to see it work."""
    screen = (PROJECT / "README.md").read_text(encoding="utf-8").splitlines()[:24]
    assert ["demo", "test"] == re.findall(r"^make (\w+)", "\n".join(screen), re.MULTILINE)


@pytest.mark.parametrize("path", GUIDE, ids=name)
def test_a_page_is_short(path):
    """A few screens at most, so that it is read."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 220


@pytest.mark.parametrize("path", GUIDE, ids=name)
def test_words_are_those_of_condas_documentation(path):
    """No jargon of ours, or of telemetry's."""
    words = r"\b(ping\w*|beacons?|(?<!user-)agents?|payloads?|trackers?|stubs?)\b"
    assert [] == re.findall(words, path.read_text(encoding="utf-8"), re.IGNORECASE)


@pytest.mark.parametrize("path", GUIDE, ids=name)
def test_files_of_the_tests_that_are_named_exist(path):
    """And of the sources, where a page names them in full."""
    found = re.findall(
        r"\b(?:tests|anaconda_anon_usage|benchmarks)/[\w./-]+\.(?:py|md|sh)",
        prose(path.read_text(encoding="utf-8")),
    )
    assert [] == [file for file in found if not (PROJECT / file).exists()]


def settings_in(value) -> dict:
    """Return this package's settings in a YAML document, and in documents quoted in it."""
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
def test_yaml_examples_hold_values_that_count(path):
    """Settings that exist, with values that are not refused."""
    for fence in fences(path.read_text(encoding="utf-8")):
        if fence.language == "yaml":
            found = settings_in(YAML(typ="safe").load(fence.text))
            assert found
            for key, value in found.items():
                SETTINGS[key].meaning(value)


def test_what_is_installed_is_this_package():
    """By its name, and for the Python that it needs."""
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    recipe = YAML(typ="safe").load((PROJECT / "recipe" / "recipe.yaml").read_text())
    assert f"conda install -n base {project['name']}\n" in readme
    [python] = re.findall(r"It needs Python (\S+) or newer", readme)
    assert project["requires-python"] == f">={python}"
    [conda] = re.findall(r"and conda (\S+) or\s+newer", readme)
    assert recipe["requirements"]["run_constraints"] == [f"conda >={conda}"]
    assert ["requests", "ruamel.yaml"] == project["dependencies"]


@pytest.mark.parametrize("variables, expected", [({}, r"c/\S+ s/\S+"), ({"DO_NOT_TRACK": "1"}, "")])
def test_the_example_for_clients_obeys_the_user(home, variables, expected):
    """Run as it stands in the README."""
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
