"""The grammar of what is appended to a User-Agent."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaconda_anon_usage.tokens.grammar import TOKEN_STRING, is_token

ALPHABET = string.ascii_letters + string.digits + "-_"

tokens = st.text(ALPHABET, min_size=1, max_size=36)


@pytest.mark.parametrize("value", ["a", "0", "-", "_", "a" * 36, "A-Z_a-z_0-9", "session"])
def test_a_token_has_1_to_36_url_safe_characters(value):
    """It can be random, an encoded identifier or an administrator's choice."""
    assert is_token(value)


@pytest.mark.parametrize(
    "value",
    ["", "a" * 37, "a b", " a", "a\n", "\na", "a\r\nX-Evil: 1", "a\0", "a\x7f", "a\t", "a/b", "a=",
     "é", "٣", "\uff41", "\udc80", None, 1, b"a", ["a"]],
)  # fmt: skip
def test_anything_else_is_an_invalid_token(value):
    """This includes digits and letters of other scripts."""
    assert False is is_token(value)


@given(st.text())
def test_a_token_of_any_text_follows_the_alphabet(text):
    """This checks the rule without a regular expression."""
    expected = 1 <= len(text) <= 36 and set(text) <= set(ALPHABET)
    assert expected == is_token(text)


@given(st.lists(st.tuples(st.sampled_from("cseaiom"), tokens)))
def test_version_and_tokens_are_a_valid_token_string(pairs):
    """In any order and number."""
    text = " ".join(["aau/1.2.3.dev4+g123_x", *(f"{letter}/{token}" for letter, token in pairs)])
    assert TOKEN_STRING.fullmatch(text)


@pytest.mark.parametrize(
    "text",
    ["", "aau/", "aau", "c/a", "aau/1 ", "aau/1\n", "aau/1  c/a", "aau/1 c/", "aau/1 x/a",
     "aau/1 C/a", "aau/1 c/a\r\nX-Evil: 1", "aau/1 c/a b", "aau/1 2 c/a", "aau/1\tc/a", "aau/é",
     "aau/1 c/" + "a" * 37],
)  # fmt: skip
def test_anything_else_is_an_invalid_token_string(text):
    """Tokens are separated by exactly one space, with nothing before or after them."""
    assert None is TOKEN_STRING.fullmatch(text)
