"""Hide passwords and channel tokens in everything that is printed or logged.

The values of proxies, channels and certificates may contain secrets, and libraries quote
these values in their errors.
"""

from __future__ import annotations

import re

_MARK = "…"

# At the beginning of a word, or after a quote or bracket: in `user:a://b@host`, which is
# a proxy without a scheme, `a://` belongs to the password.
_SCHEME = re.compile(r"(?<![^\s'\"(<\[{=,])[A-Za-z][A-Za-z0-9+.-]{0,20}://")

# `user:password@` and `//password@`, without a scheme. A home may be /home/me@example.org.
_BARE = re.compile(r"(?<!\S)(?:[^\s/@:]+:|//)\S*@")

_CHANNEL_TOKEN = re.compile(r"/t/[^/\s'\"]+")
_QUERY = re.compile(r"\?[^\s'\"]+")


def redact(text: str) -> str:
    """Return text with user names, passwords, channel tokens and queries hidden.

    If in doubt, it hides too much: everything from the first URL's authority to the last
    ``@``, since a password may contain any character.
    """
    end = text.rfind("@")
    scheme = _SCHEME.search(text, 0, end) if end >= 0 else None
    start = scheme.start() if scheme else len(text)
    url = scheme.group() + _MARK + text[end:] if scheme else ""
    text = _BARE.sub(f"{_MARK}@", text[:start]) + url
    text = _CHANNEL_TOKEN.sub(f"/t/{_MARK}", text)
    return _QUERY.sub(f"?{_MARK}", text)
