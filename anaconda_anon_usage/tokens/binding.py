"""Bind a token to its machine or environment, so that a copy is detected.

The machine's identity is only used in a truncated keyed hash: it is never stored or sent.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from hashlib import blake2b

from .._common import read_token_text, say
from .grammar import encode


def make_binding(token: str, identity: str | None) -> str:
    """Return the content of a token's sidecar file.

    It has 24 bits each of a hash of the token and a hash of the identity (the machine's, or
    the environment's prefix), both keyed with the token. That is enough to detect a copy and
    too little to identify a machine: 2**24 network addresses share each value. Anyone who can
    read the file can check a guess at a prefix. Without an identity, only the token is hashed.
    """
    key = token.encode()
    for_token = blake2b(key=key, person=b"aau token", digest_size=3)
    if identity is None:
        return encode(for_token.digest())
    # A prefix has the same bytes in every locale.
    for_identity = blake2b(os.fsencode(identity), key=key, person=b"aau place", digest_size=3)
    return f"{encode(for_token.digest())} {encode(for_identity.digest())}"


def names_other_machine(address: bytes) -> bool:
    """Return whether a network address is valid and belongs to another machine.

    anaconda-anon-usage 0.7 and 0.8 store its 6 bytes in URL-safe base64.
    """
    if not re.fullmatch(rb"[A-Za-z0-9_-]{8}", address):
        return False
    if sys.platform == "linux":
        cards = "/sys/class/net"
        texts = [read_token_text(f"{cards}/{card}/address") or "" for card in os.listdir(cards)]
        own = {text.strip().replace(":", "") for text in texts}
    else:
        import uuid

        own = {f"{uuid.getnode():012x}"}
    known = [encode(bytes.fromhex(text)) for text in own if len(text) == 12]
    return bool(known) and address.decode("ascii") not in known


@functools.cache
def machine_identity() -> str | None:
    """Return an identifier that stays the same as long as the system is installed.

    Returns:
        The operating system's machine ID, else on Linux the address of a physical network
        card, else None (most containers have neither). Never a random value, which would
        replace the token in each process.
    """
    try:
        return _machine_id() or _network_address()
    except Exception as error:
        say(f"no machine identity: {type(error).__name__}")
        return None


def _machine_id() -> str | None:
    if sys.platform == "win32":
        import winreg

        access = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
        path = r"SOFTWARE\Microsoft\Cryptography"
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path, 0, access) as key:
            return str(winreg.QueryValueEx(key, "MachineGuid")[0])
    if sys.platform == "darwin":
        return _macos_host_uuid()
    # machine-id(5): 32 hexadecimal digits; "uninitialized" in an image before first boot.
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        text = (read_token_text(path) or "").strip().lower()
        if len(text) == 32 and not text.strip("0123456789abcdef") and text.strip("0"):
            return text
    return None


def _macos_host_uuid() -> str | None:
    # gethostuuid(2): the hardware's UUID, without starting ioreg.
    import ctypes

    class TimeSpec(ctypes.Structure):
        _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]

    uuid = (ctypes.c_ubyte * 16)()
    wait = TimeSpec(1, 0)
    if ctypes.CDLL(None).gethostuuid(uuid, ctypes.byref(wait)) != 0:
        return None
    return bytes(uuid).hex()


def _network_address() -> str | None:
    cards = "/sys/class/net"
    addresses = []
    for card in os.listdir(cards):
        # Only hardware has a device behind it; bridges, tunnels and veths come and go.
        if not os.path.exists(f"{cards}/{card}/device"):
            continue
        address = (read_token_text(f"{cards}/{card}/address") or "").strip()
        # IEEE 802: virtual cards set the "locally administered" bit, 2; 1 means multicast.
        if len(address) == 17 and not int(address[:2], 16) & 0b11:
            addresses.append(address)
    return min(addresses, default=None)
