"""Each measure, column and table has one definition, which help and README repeat."""

from __future__ import annotations

import re
from pathlib import Path

from anaconda_anon_usage_report.arguments import make_parser
from anaconda_anon_usage_report.measures import GROUPED
from anaconda_anon_usage_report.measures.definitions import (
    KEYS,
    MEASURES,
    POPULATIONS,
    TABLES,
    TOTALS,
)
from anaconda_anon_usage_report.store import commands

README = Path(__file__).parents[1] / "README.md"
POPULATION_SENTENCES = [(suffix, text) for suffix, (_, text) in POPULATIONS.items() if suffix]

#: Names and definitions. A measure and a table, or a measure and a column, can share a name.
SENTENCES = POPULATION_SENTENCES + [
    (name, item.sentence) for items in (MEASURES, KEYS, TABLES) for name, item in items.items()
]


def words(text: str) -> str:
    """Return text with single spaces."""
    return " ".join(text.split())


def test_the_help_has_all_definitions():
    text = words(make_parser().format_help())
    assert [name for name, sentence in SENTENCES if words(sentence) not in text] == []


def test_the_readme_has_all_definitions():
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", README.read_text(), re.MULTILINE)
    assert rows == SENTENCES


def test_the_readme_has_all_options():
    text = README.read_text()
    options = options_of(make_parser())
    listed = set(re.findall(r"`(--[a-z-]+)", text))
    assert options - {"-h", "--help", "--version"} <= listed
    [subparsers] = commands.make_parser()._subparsers._group_actions
    assert listed <= options.union(*map(options_of, subparsers.choices.values()))


def options_of(parser):
    """Return the options of a parser."""
    return {option for action in parser._actions for option in action.option_strings}


def test_tables_consist_of_defined_columns():
    for table in TABLES.values():
        assert set(table.keys) <= set(KEYS)
        assert set(table.measures) <= set(MEASURES)
    assert set(TOTALS) <= set(MEASURES)
    used = {*TOTALS, *(name for table in TABLES.values() for name in table.measures)}
    assert used == set(MEASURES)
    assert {name for table in TABLES.values() for name in table.keys} == set(KEYS)


def test_every_table_is_made():
    assert {*GROUPED, "periods", "unused_packages"} == set(TABLES)


def test_sentences_are_whole():
    for name, sentence in SENTENCES:
        assert (name, sentence[0].isupper(), sentence[-1]) == (name, True, ".")
