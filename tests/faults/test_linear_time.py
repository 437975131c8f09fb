"""Regular expressions take linear time on 256 KB of their worst input."""

from __future__ import annotations

import base64
import re
import time

import pytest

from anaconda_anon_usage import deploy
from anaconda_anon_usage.activation_scripts import ownership
from anaconda_anon_usage.settings import channels, condarc, policy
from anaconda_anon_usage.tokens import account, grammar

SIZE = 256 * 1024

#: Limit of processor time in seconds. A quadratic expression would need hours.
LIMIT = 5


def repeated(piece: str, end: str = "") -> str:
    """Return a text of SIZE bytes that repeats a piece."""
    return piece * (SIZE // len(piece)) + end


def taken(function, *arguments) -> float:
    """Return the processor time of a call, which may raise."""
    started = time.process_time()
    try:
        function(*arguments)
    except Exception as error:  # the value may be rejected
        assert not isinstance(error, RecursionError)
    return time.process_time() - started


def channel_urls(name: str) -> list[str]:
    """Return the URLs of a channel that a condarc names."""
    return channels._Channels(EMPTY, (26, 7)).urls(name)


class EMPTY:
    """A configuration without settings."""

    value = staticmethod(lambda *names, default: default)
    sequence = staticmethod(lambda *names, default=(): default)
    mapping = staticmethod(lambda *names, default=None: default or {})
    mapping_of_sequences = staticmethod(lambda *names: {})


WORST = {
    "key": (account.token_from_api_key, repeated("a", "!")),
    "key's part": (account._base64url, repeated("a", "!")),
    "key's UUID": (re.compile(account._UUID).fullmatch, repeated("0-")),
    "keyring's path": (account._text, repeated("${")),
    "login's domain": (account._domains, {"domain": repeated("https://")}),
    "hash of a deployed token": (
        deploy._HASH.findall,
        repeated("# SHA-256 of org_token: " + "0" * 64 + " " * 64 + "!\n"),
    ),
    "marker of a copy": (ownership._MARKER.search, repeated("# anaconda-anon-usage a ").encode()),
    "marker's version": (ownership._MARKER.search, b"# anaconda-anon-usage " + b"a" * SIZE),
    "token": (grammar.is_token, repeated("a", "!")),
    "token string": (grammar.TOKEN_STRING.fullmatch, "aau/1" + repeated(" c/a", "!")),
    "variables": (condarc.expand, repeated("${")),
    "variable": (condarc.expand, repeated("$a")),
    "boolean": (condarc.boolean, repeated("1")),
    "boolean's point": (condarc.boolean, repeated(" ", ".")),
    "heartbeat's URL": (policy.heartbeat_value, "https://" + repeated("a", " ")),
    "heartbeat's host": (policy.heartbeat_value, "https://" + repeated("[")),
    "channel's scheme": (channel_urls, repeated("a")),
    "channel's token": (channel_urls, "https://a" + repeated("/t/")),
    "channel's platform": (channel_urls, "https://a/linux-" + repeated("a", "!")),
    "channel's platforms": (channel_urls, "https://a" + repeated("/linux-a!")),
}


@pytest.mark.parametrize("case", WORST)
def test_an_expression_takes_linear_time(case):
    """Even expressions whose callers limit the size to less."""
    function, argument = WORST[case]
    assert taken(function, argument) < LIMIT


def test_a_long_line_of_config_toml_takes_linear_time(home):
    """The library's own parser needs 16 seconds for a dotted key of 64 KB."""
    path = home / ".anaconda" / "config.toml"
    path.parent.mkdir()
    path.write_text(("a." * account.SIZE_LIMIT)[: account.SIZE_LIMIT - 4] + "a=1")
    assert taken(account.account_token) < LIMIT


def test_a_key_of_the_full_size_takes_linear_time():
    """A key with three valid parts."""
    header = base64.urlsafe_b64encode(b'{"typ": "JWT"}').decode().rstrip("=")
    key = f"{header}.{'e' * (account.SIZE_LIMIT // 2)}.{'a' * 1000}"
    assert taken(account.token_from_api_key, key) < LIMIT


def test_every_expression_of_these_modules_is_in_the_list():
    """A new expression needs a case."""
    count = 0
    for module in (account, deploy, grammar, ownership, condarc, policy, channels):
        with open(module.__file__, encoding="utf-8") as file:
            count += len(
                re.findall(r"\bre\.(?:compile|match|sub|findall|fullmatch)\(", file.read())
            )
    assert 12 == count
