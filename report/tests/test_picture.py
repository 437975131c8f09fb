"""The picture in the project's README is the one that the tool draws, and refers to nothing else."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from picture import DOCS, THEMES, draw_pictures


def test_the_pictures_are_those_that_the_tool_draws():
    """If the page has changed, run ``python tests/picture.py`` and look at them."""
    found = {t: (DOCS / f"report-{t}.svg").read_text(encoding="utf-8") for t in THEMES}
    assert found == draw_pictures()


@pytest.mark.parametrize("theme", THEMES)
def test_a_picture_is_small_and_refers_to_nothing(theme):
    text = (DOCS / f"report-{theme}.svg").read_text(encoding="utf-8")
    names = {element.tag.partition("}")[2] for element in ElementTree.fromstring(text).iter()}
    assert names == {"svg", "title", "style", "rect", "text", "tspan", "line", "path"}
    assert re.findall(r" on\w+=|href|url\(|@import|var\(", text) == []
    assert len(text.encode()) < 60_000
