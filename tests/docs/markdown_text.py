"""Read the parts of Markdown that the documentation uses."""

from __future__ import annotations

import re
from collections import namedtuple
from pathlib import Path

PROJECT = Path(__file__).parents[2]

#: The pages in docs/, by the name of the file without its suffix.
DOCS = {path.stem: path for path in sorted((PROJECT / "docs").glob("*.md"))}

#: All pages of the repository.
PAGES = [*sorted(PROJECT.glob("*.md")), *DOCS.values(), PROJECT / "benchmarks" / "README.md"]

#: The pages for users of this package.
GUIDE = [PROJECT / "README.md", *DOCS.values()]

#: One fenced block: its language, its text and the number of its first line.
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
    """Return the code spans of a text, which may contain a line break."""
    return [" ".join(found.split()) for found in re.findall(r"`([^`]+)`", prose(text))]


def sections(text: str) -> dict[str, str]:
    """Return the text below each heading, up to the next heading."""
    parts = re.split(r"^#+ (.*)$", prose(text), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def tables(text: str) -> list[list[dict[str, str]]]:
    """Return the tables of a text: each row as a dict from column heading to cell."""
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
    """Return a cell's text without backticks."""
    return cell.replace("`", "")


def links(text: str) -> list[str]:
    """Return the targets of the links in a text, and the images of its HTML."""
    found = re.findall(r"\[[^\]]*\]\(([^)]+)\)", prose(text))
    return found + re.findall(r"<[a-z]+ [^>]*?(?:href|src|srcset)=\"([^\"]+)\"", prose(text))


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub generates for the headings of a text."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in sections(text)
    }
