"""The catalog of tokens matches what is sent."""

from __future__ import annotations

import pytest

from anaconda_anon_usage import __version__, tokens
from anaconda_anon_usage.tokens import grammar
from anaconda_anon_usage.tokens.catalog import CATALOG


def test_every_token_is_in_the_catalog_in_the_order_of_sending():
    """With the names that clients use."""
    assert tokens.Tokens._fields == tuple(fact.name for fact in CATALOG)
    assert "aau c s e a i o m".split() == [fact.letter for fact in CATALOG]


def test_the_examples_are_a_valid_token_string():
    """Each starts with the letter of its token."""
    assert grammar.TOKEN_STRING.fullmatch(" ".join(fact.example for fact in CATALOG))
    assert [True] * 8 == [fact.example.startswith(f"{fact.letter}/") for fact in CATALOG]


@pytest.mark.parametrize("fact", CATALOG, ids=lambda fact: fact.letter)
def test_every_field_has_a_value(fact):
    """No field is empty."""
    assert [] == [field for field, value in fact._asdict().items() if not value]


def test_since_is_not_a_future_version():
    """It is an existing release."""
    release = tuple(map(int, __version__.split(".")[:2]))
    assert [] == [
        fact.since for fact in CATALOG if tuple(map(int, fact.since.split(".")[:2])) > release
    ]
