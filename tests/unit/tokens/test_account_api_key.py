"""The token of the Anaconda account, from anaconda-auth's API key."""

from __future__ import annotations

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logins import (
    FUTURE,
    TOKEN,
    USER,
    api_key,
    base64url,
    is_none_or_token,
)

from anaconda_anon_usage.tokens.account import token_from_api_key


def test_the_token_is_the_users_uuid_in_22_characters():
    """It has the 16 bytes of the claim sub, in URL-safe base64 without padding."""
    assert TOKEN == token_from_api_key(api_key())


def test_the_token_uses_the_url_safe_alphabet():
    """The bytes 0xfb 0xff would be + and / in the standard alphabet."""
    assert "-_-_-_-_-_-_-_-_-_-_-w" == token_from_api_key(
        api_key("fbffbffb-ffbf-fbff-bffb-ffbffbffbffb")
    )


def test_a_uuid_may_be_in_upper_case():
    """UUIDs are case-insensitive."""
    assert TOKEN == token_from_api_key(api_key(USER.upper()))


@given(st.uuids())
def test_every_uuid_has_a_different_token(user):
    """The token can be decoded to the UUID."""
    token = token_from_api_key(api_key(str(user)))
    assert user.bytes == base64.urlsafe_b64decode(token + "==")


@pytest.mark.parametrize(
    "exp, expected",
    [(1001, TOKEN), (1000.5, TOKEN), (1000, None), (999, None), (0, None), (-1, None)],
)
def test_a_key_is_used_until_it_expires(exp, expected):
    """The claim exp must be in the future, without leeway."""
    assert expected == token_from_api_key(api_key(exp=exp), now=1000)


def test_the_expiry_is_compared_with_the_clock():
    """The current time is the default."""
    now = time.time()
    assert (None, TOKEN) == (
        token_from_api_key(api_key(exp=now - 1)),
        token_from_api_key(api_key(exp=now + 100)),
    )


@pytest.mark.parametrize(
    "exp",
    [None, True, str(FUTURE), [FUTURE], {}, float("inf"), float("nan"), float("-inf")],
    ids=repr,
)
def test_a_key_without_a_valid_expiry_is_not_used(exp):
    """Only a finite number is a time. json.dumps writes Infinity and NaN."""
    assert None is token_from_api_key(api_key(exp=exp))


def test_true_is_an_invalid_expiry():
    """In Python, it equals 1."""
    assert None is token_from_api_key(api_key(exp=True), now=0)


def test_a_number_beyond_all_floats_is_an_invalid_expiry():
    """Python reads 1e999 as infinity."""
    head, payload, tail = api_key().split(".")
    payload = base64url(b'{"exp": 1e999, "sub": "%s"}' % USER.encode())
    assert None is token_from_api_key(f"{head}.{payload}.{tail}")


@pytest.mark.parametrize(
    "user",
    [
        None,
        17,
        [USER],
        "",
        "user@example.com",
        USER.replace("-", ""),
        "{" + USER + "}",
        "urn:uuid:" + USER,
        USER + "\n",
        " " + USER,
        USER[:-1],
        USER + "0",
        USER.replace("0", "g"),
        USER.replace("-", " "),
        "0011-22334455-6677-8899-aabbccddeeff",
        USER.replace("0", "\u0660"),
        USER.replace("a", "\uff41"),
        "auth0|" + USER,
    ],
    ids=repr,
)
def test_a_user_without_a_uuid_has_no_token(user):
    """Only 8-4-4-4-12 hexadecimal digits in ASCII are accepted."""
    assert None is token_from_api_key(api_key(user, sub=user))


@pytest.mark.parametrize(
    "header",
    [{}, {"typ": None}, {"typ": "JWE"}, {"typ": ["JWT"]}, {"typ": 1}, [], "JWT", 7],
    ids=repr,
)
def test_other_types_of_tokens_are_not_used(header):
    """The header must be an object with the typ JWT."""
    assert None is token_from_api_key(api_key(header=header))


@pytest.mark.parametrize(
    "damage",
    [
        lambda key: "",
        lambda key: ".." + key,
        lambda key: "..",
        lambda key: key.rpartition(".")[0],
        lambda key: key.rpartition(".")[0] + ".",
        lambda key: key.rpartition(".")[0] + ".A",
        lambda key: key.rpartition(".")[0] + ".not base64",
        lambda key: key + ".AAAA",
        lambda key: key + "\n",
        lambda key: " " + key,
        lambda key: key + "=",
        lambda key: "Bearer " + key,
        lambda key: key[1:],
        lambda key: key.replace(".", "+.", 1),
        lambda key: key + "\u00e9",
        lambda key: key + "\udc80",
        lambda key: key + "\0",
        lambda key: key + "A" * 65536,
    ],
)
def test_a_malformed_key_is_not_used(damage):
    """Only three parts in URL-safe base64 without padding are accepted."""
    assert None is token_from_api_key(damage(api_key()))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 40000,
        b'{"exp":' + b"9" * 40000 + b"}",
        json.dumps({"exp": FUTURE, "sub": USER}).encode("utf-16"),
        b"\xef\xbb\xbf" + json.dumps({"exp": FUTURE, "sub": USER}).encode(),
        b'{"sub": "%s"} {}' % USER.encode(),
    ],
    ids=lambda payload: repr(payload[:20]),
)
def test_a_payload_that_is_not_a_utf8_object_is_not_used(payload):
    """This includes a payload that exhausts the parser's stack or digits."""
    head, _, tail = api_key().split(".")
    assert None is token_from_api_key(f"{head}.{base64url(payload)}.{tail}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.text())
def test_any_text_gives_a_token_or_none(text):
    """No key raises an exception or gets into the string undecoded."""
    assert is_none_or_token(token_from_api_key(text))


@given(st.lists(st.binary(), min_size=3, max_size=3))
def test_any_three_parts_give_a_token_or_none(parts):
    """The parts are valid base64url."""
    assert is_none_or_token(token_from_api_key(".".join(map(base64url, parts))))


@given(header=JSON, exp=JSON, sub=JSON)
def test_any_json_in_a_key_gives_a_token_or_none(header, exp, sub):
    """The parts are valid JSON."""
    key = api_key(header=header or {"typ": "JWT"}, exp=exp, sub=sub)
    assert is_none_or_token(token_from_api_key(key))


@given(exp=JSON, sub=st.one_of(JSON, st.uuids().map(str)))
def test_any_claims_give_a_token_or_none(exp, sub):
    """The header is valid."""
    assert is_none_or_token(token_from_api_key(api_key(exp=exp, sub=sub)))


@given(st.data())
def test_a_key_with_one_changed_character_gives_a_token_or_none(data):
    """Only the issuer could detect a damaged key that names another user."""
    key = api_key()
    place = data.draw(st.integers(0, len(key) - 1))
    key = key[:place] + data.draw(st.characters()) + key[place + 1 :]
    assert is_none_or_token(token_from_api_key(key))
