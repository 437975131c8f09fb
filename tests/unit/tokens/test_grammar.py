"""What may be appended to a User-Agent."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaconda_anon_usage.tokens.grammar import TOKEN_STRING, is_token

ALPHABET = string.ascii_letters + string.digits + "-_"

tokens = st.text(ALPHABET, min_size=1, max_size=36)


@pytest.mark.parametrize("value", ["a", "0", "-", "_", "a" * 36, "A-Z_a-z_0-9", "session"])
def test_token_has_1_to_36_url_safe_characters(value):
    """Random tokens, encoded identifiers and words of administrators alike."""
    assert is_token(value)


@pytest.mark.parametrize(
    "value",
    ["", "a" * 37, "a b", " a", "a\n", "\na", "a\r\nX-Evil: 1", "a\0", "a\x7f", "a\t", "a/b", "a=",
     "é", "٣", "\uff41", "\udc80", None, 1, b"a", ["a"]],
)  # fmt: skip
def test_anything_else_is_no_token(value):
    """Digits and letters of other scripts are none either."""
    assert False is is_token(value)


@given(st.text())
def test_token_is_of_the_alphabet_whatever_the_text(text):
    """The rule, said in another way than by a regular expression."""
    expected = 1 <= len(text) <= 36 and set(text) <= set(ALPHABET)
    assert expected == is_token(text)


@given(st.lists(st.tuples(st.sampled_from("cseaiom"), tokens)))
def test_version_and_tokens_make_a_token_string(pairs):
    """In any order and number."""
    text = " ".join(["aau/1.2.3.dev4+g123_x", *(f"{letter}/{token}" for letter, token in pairs)])
    assert TOKEN_STRING.fullmatch(text)


@pytest.mark.parametrize(
    "text",
    ["", "aau/", "aau", "c/a", "aau/1 ", "aau/1\n", "aau/1  c/a", "aau/1 c/", "aau/1 x/a",
     "aau/1 C/a", "aau/1 c/a\r\nX-Evil: 1", "aau/1 c/a b", "aau/1 2 c/a", "aau/1\tc/a", "aau/é",
     "aau/1 c/" + "a" * 37],
)  # fmt: skip
def test_anything_else_is_no_token_string(text):
    """Nothing before, between or after the tokens but one space."""
    assert None is TOKEN_STRING.fullmatch(text)
