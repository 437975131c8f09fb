"""Redacted text contains no user name, password or token."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaconda_anon_usage._common import redact

SCHEMES = st.sampled_from(["http://", "https://", "socks5h://", "HTTP://"])
HOSTS = st.sampled_from(["proxy", "proxy:3128", "proxy.example.org:1/path", "[::1]:80/"])
BEFORE = st.sampled_from(["", "ProxyError: ", "cannot connect to '", "URL(", "url="])
AFTER = st.sampled_from(["", "'", " failed", ": denied (see /srv)", ")"])

#: Arbitrary text between markers, so that it cannot occur by chance.
SECRETS = st.text(max_size=12).map(lambda text: f"SECRET{text}SECRET")
ONE_WORD = st.text(st.characters(exclude_categories=["Z", "C"]), max_size=12).map(
    lambda text: f"SECRET{text}SECRET"
)


@given(BEFORE, SCHEMES, SECRETS, SECRETS, HOSTS, AFTER)
def test_the_credentials_of_a_url_are_hidden(before, scheme, user, password, host, after):
    """In the middle of a message, and with characters that a URL should encode."""
    for credentials in (user, f"{user}:{password}", f":{password}"):
        text = redact(f"{before}{scheme}{credentials}@{host}{after}")
        assert "SECRET" not in text
        assert host.partition("/")[0] in text


@given(ONE_WORD, ONE_WORD, HOSTS, AFTER)
def test_the_credentials_of_a_proxy_without_a_scheme_are_hidden(user, password, host, after):
    """The password can contain a slash or ``://``."""
    text = redact(f"{user.replace('/', '-').replace('@', '-')}:{password}@{host}{after}")
    assert "SECRET" not in text


@given(st.from_regex(r"SECRET[A-Za-z0-9_.-]{0,30}", fullmatch=True), AFTER)
def test_a_channels_token_is_hidden(token, after):
    """conda.anaconda.org and similar servers have it in the path."""
    text = redact(f"https://conda.example.org/t/{token}/channel{after}")
    assert f"https://conda.example.org/t/…/channel{after}" == text


@given(st.from_regex(r"key=SECRET[!-&(-~]{0,30}", fullmatch=True))
def test_a_query_is_hidden(query):
    """A private server may expect a key there."""
    assert "SECRET" not in redact(f"https://example.org/beat?{query}")


@pytest.mark.parametrize(
    "text",
    [
        "https://repo.anaconda.com/pkgs/main/noarch/activate-0.0.0-0.conda",
        "/home/me@example.org/.condarc: permission denied",
        "no response within 5 s; the request may have arrived",
        "",
    ],
)
def test_other_text_is_unchanged(text):
    """For example, a home directory with an @ in its name."""
    assert text == redact(text)


@given(st.text())
def test_redaction_of_any_text_is_idempotent(text):
    """It raises no exception."""
    assert redact(text) == redact(redact(text))


@pytest.mark.parametrize("piece", ["a", "@", "a:", "://", "a://", "?", "/t/", " ", "'a:b@"])
def test_redaction_takes_linear_time(piece):
    """An error message may quote a whole file."""
    started = time.process_time()
    redact(piece * (256 * 1024 // len(piece)))
    redact(piece * (256 * 1024 // len(piece)) + "!")
    assert time.process_time() - started < 2
