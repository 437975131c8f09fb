"""The definition of what may be appended to a User-Agent.

Whatever a file or a variable contains, only a value that matches is sent. Nothing can
inject a space, a line break, a second header or a non-ASCII character into a request.
"""

from __future__ import annotations

import binascii
import re

_VERSION = r"[A-Za-z0-9.+_-]{1,64}"
_VALUE = r"[A-Za-z0-9_-]{1,36}"

#: A whole token string: the package's version, then any number of tokens.
TOKEN_STRING = re.compile(rf"aau/{_VERSION}(?: [cseaiom]/{_VALUE})*")

_TOKEN = re.compile(_VALUE)


def is_token(value: object) -> bool:
    """Return whether value can be a token: 1 to 36 characters from ``A-Z a-z 0-9 _ -``."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def encode(data: bytes) -> str:
    """Return data in URL-safe base64 without padding (RFC 4648, section 5)."""
    text = binascii.b2a_base64(data, newline=False).decode("ascii")
    return text.rstrip("=").replace("+", "-").replace("/", "_")
