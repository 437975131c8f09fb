"""Reads Markdown as far as these pages use it: headings, tables, fences, spans, links."""

from __future__ import annotations

import re
from collections import namedtuple
from pathlib import Path

PROJECT = Path(__file__).parents[2]

#: The guide, by name of the file without its suffix.
DOCS = {path.stem: path for path in sorted((PROJECT / "docs").glob("*.md"))}

#: All that people read on the repository's pages.
PAGES = [*sorted(PROJECT.glob("*.md")), *DOCS.values(), PROJECT / "benchmarks" / "README.md"]

#: The pages for those who use this package.
GUIDE = [PROJECT / "README.md", *DOCS.values()]

#: One block between ``` lines: the word behind the first, the text, the first line's number.
Fence = namedtuple("Fence", "language text line")

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    """Return the text of one of DOCS."""
    return DOCS[name].read_text(encoding="utf-8")


def fences(text: str) -> list[Fence]:
    """Return the fenced blocks of a text."""
    return [
        Fence(match[2], match[3], text.count("\n", 0, match.start()) + 1)
        for match in _FENCE.finditer(text)
    ]


def prose(text: str) -> str:
    """Return a text without its fenced blocks."""
    return _FENCE.sub("", text)


def spans(text: str) -> list[str]:
    """Return the code spans of a text, which may go over the end of a line."""
    return [" ".join(found.split()) for found in re.findall(r"`([^`]+)`", prose(text))]


def sections(text: str) -> dict[str, str]:
    """Return each heading of a text, and what stands below it up to the next heading."""
    parts = re.split(r"^#+ (.*)$", prose(text), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def tables(text: str) -> list[list[dict[str, str]]]:
    """Return the tables of a text: each row as its cells, by the heading of the column."""
    found = []
    for block in re.findall(r"(?:^\|.*\|\n)+", prose(text), re.MULTILINE):
        heading, _, *rows = [
            [cell.strip() for cell in line.strip().strip("|").split("|")]
            for line in block.splitlines()
        ]
        assert {len(heading)} == {len(row) for row in rows}, block
        found.append([dict(zip(heading, row)) for row in rows])
    return found


def plain(cell: str) -> str:
    """Return a cell's text without the marks of code."""
    return cell.replace("`", "")


def links(text: str) -> list[str]:
    """Return the targets of a text's links."""
    return re.findall(r"\[[^\]]*\]\(([^)]+)\)", prose(text))


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to a text's headings."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in sections(text)
    }
