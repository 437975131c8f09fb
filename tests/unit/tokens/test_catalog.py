"""The table of what each token means agrees with what is sent."""

from __future__ import annotations

import pytest

from anaconda_anon_usage import tokens
from anaconda_anon_usage.tokens import grammar
from anaconda_anon_usage.tokens.catalog import CATALOG


def test_the_catalog_lists_tokens_in_the_order_of_sending():
    """By the names that clients know."""
    assert tokens.Tokens._fields == tuple(fact.name for fact in CATALOG)
    assert "aau c s e a i o m".split() == [fact.letter for fact in CATALOG]


def test_the_examples_make_a_token_string():
    """Each with the letter of its own."""
    assert grammar.TOKEN_STRING.fullmatch(" ".join(fact.example for fact in CATALOG))
    assert [True] * 8 == [fact.example.startswith(f"{fact.letter}/") for fact in CATALOG]


@pytest.mark.parametrize("fact", CATALOG, ids=lambda fact: fact.letter)
def test_the_catalog_has_no_empty_field(fact):
    """No field is empty."""
    assert [] == [field for field, value in fact._asdict().items() if not value]
