"""The recipe builds what pyproject.toml declares."""

from __future__ import annotations

import re
from pathlib import Path

import tomllib

PROJECT = Path(__file__).parents[1]

#: Names on conda-forge of packages that PyPI names differently.
CONDA_FORGE = {"duckdb": "python-duckdb", "ibis-framework[duckdb]": "ibis-duckdb"}


def requirements(section: str) -> list[str]:
    """Return the requirements in a section of the recipe."""
    recipe = (PROJECT / "recipe" / "recipe.yaml").read_text()
    found = re.search(rf"^  {section}:\n((?:    - .*\n)+)", recipe, re.MULTILINE)
    assert found is not None
    return re.findall(r"- (.*)", found[1])


def test_the_recipe_requires_what_the_project_requires():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    expected = {f"python {project['requires-python']}"}
    for dependency in project["dependencies"]:
        name, _, version = dependency.partition(" ")
        expected.add(f"{CONDA_FORGE.get(name, name)} {version}".strip())
    assert set(requirements("run")) == expected


def test_the_recipe_builds_with_the_projects_build_system():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    build = {f"python {project['project']['requires-python']}", "pip"}
    assert set(requirements("host")) == build | set(project["build-system"]["requires"])


def test_the_recipe_has_the_projects_command():
    recipe = (PROJECT / "recipe" / "recipe.yaml").read_text()
    scripts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["scripts"]
    assert [f"{name} = {target}" in recipe for name, target in scripts.items()] == [True]
