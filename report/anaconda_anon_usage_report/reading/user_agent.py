"""Split a User-Agent into conda's own products and the tokens behind them."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from ..grammar import TOKEN_STRING, is_token

# name/version; the version is checked separately, so that an odd one hides only itself.
_PRODUCT = re.compile(r"([A-Za-z][A-Za-z0-9_.+-]{0,39})/(\S*)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.+-]{0,39}")
_VERSION = re.compile(r"[A-Za-z0-9_.+!~-]{1,64}")

_IMPLEMENTATIONS = {"CPython", "PyPy", "GraalVM", "GraalPy", "IronPython", "Jython"}
_SYSTEMS = {"Linux", "Darwin", "Windows", "FreeBSD", "OpenBSD", "NetBSD", "SunOS", "AIX"}
_LIBCS = {"glibc", "musl", "uclibc", "libc"}

#: Names of mirrors and proxies of channels, as their User-Agents begin, in lower case.
MIRRORS = frozenset({"artifactory", "nexus"})


class Products(NamedTuple):
    """What a client says about itself in front of the tokens."""

    installer_name: str | None = None
    installer_version: str | None = None
    conda: str | None = None
    python: str | None = None
    implementation: str | None = None
    system_name: str | None = None
    distro_name: str | None = None
    distro_version: str | None = None
    solver: str | None = None
    solver_version: str | None = None
    libc: str | None = None
    mirror: bool = False


class Tokens(NamedTuple):
    """The tokens of one User-Agent. Only the last three may occur several times."""

    client: str | None = None
    session: str | None = None
    environment: str | None = None
    account: str | None = None
    organizations: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    installers: tuple[str, ...] = ()
    aau: str | None = None


_NO_TOKENS = Tokens()


def parse(text: str) -> tuple[Tokens, Products]:
    """Return the tokens and the products of a User-Agent.

    Args:
        text: the User-Agent, unescaped.

    Returns:
        The tokens behind the last `` aau/``, and the products in front of it.
    """
    own, found, tail = text.rpartition(" aau/")
    if not found:
        return _NO_TOKENS, products(text)
    return tokens(tail), products(own)


def tokens(tail: str) -> Tokens:
    """Return the tokens of the text behind `` aau/``.

    A word is a token if it matches the grammar. Unknown letters are skipped. Any other word ends
    the tokens. Of the tokens that can occur only once, the first counts.

    Args:
        tail: the version of anaconda-anon-usage, then the tokens.

    Returns:
        The tokens; none if the version is invalid.
    """
    version, *words = tail.split(" ")
    if TOKEN_STRING.fullmatch(f"aau/{version}") is None:
        return _NO_TOKENS
    found: dict[str, list[str]] = {}
    for word in words:
        letter, value = word[:1], word[2:]
        if word[1:2] != "/" or not (letter.isascii() and letter.isalpha() and is_token(value)):
            break
        values = found.setdefault(letter, [])
        if value not in values:
            values.append(value)

    def first(letter: str) -> str | None:
        return found[letter][0] if letter in found else None

    return Tokens(
        first("c"),
        first("s"),
        first("e"),
        first("a"),
        tuple(found.get("o", ())),
        tuple(found.get("m", ())),
        tuple(found.get("i", ())),
        version,
    )


@functools.lru_cache(maxsize=16384)
def products(own: str) -> Products:
    """Return the products of a User-Agent without its tokens.

    Args:
        own: the products, in conda's order: ``conda``, ``requests``, the Python implementation,
            the kernel, the distribution, the C library, the solver.

    Returns:
        The fields that are present. Names and versions with unusual characters are left out.
    """
    words = own.split()
    if not words:
        return Products()
    fields: dict[str, str | None] = {}
    name, _, version = words[0].partition("/")
    if _NAME.fullmatch(name):
        fields.update(installer_name=name, installer_version=_checked(version))
    previous = ""
    for word in words:
        match = _PRODUCT.fullmatch(word)
        if match is None:
            previous = ""
            continue
        name, version = match.groups()
        if previous == "solver":
            fields.setdefault("solver_version", _checked(version))
            previous = name
        elif name == "conda":
            fields.setdefault("conda", _checked(version))
        elif name in _IMPLEMENTATIONS and "implementation" not in fields:
            fields.update(implementation=name, python=_checked(version))
        elif name in _SYSTEMS and "system_name" not in fields:
            fields["system_name"] = name
            previous = "system"
            continue
        elif name in _LIBCS and "libc" not in fields:
            fields["libc"] = f"{name} {version}" if _checked(version) else name
        elif name == "solver":
            fields.setdefault("solver", _checked(version))
            previous = "solver"
            continue
        elif previous == "system":
            fields.update(distro_name=name, distro_version=_checked(version))
        previous = ""
    mirror = (fields.get("installer_name") or "").lower() in MIRRORS
    return Products(mirror=mirror, **fields)


def _checked(version: str) -> str | None:
    """Return version if it looks like one."""
    return version if _VERSION.fullmatch(version) else None
