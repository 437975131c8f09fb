"""Malformed, hostile and unreadable contents for every file that the package reads."""

from __future__ import annotations

import os
import socket
from pathlib import Path

LARGE = 200_000_000


def fill(content: bytes):
    """Return a function that writes content to a path."""
    return lambda path: path.write_bytes(content)


def link(target: str):
    """Return a function that makes a path a symlink to target."""
    return lambda path: path.symlink_to(target)


def large(piece: bytes):
    """Return a function that fills a path with 200 MB."""

    def make(path: Path) -> None:
        with open(path, "wb") as file:
            for _ in range(LARGE // 1_000_000):
                file.write(piece * (1_000_000 // len(piece)))

    return make


def make_sparse(path: Path) -> None:
    """Fill a path with 200 MB of NUL bytes."""
    with open(path, "wb") as file:
        file.truncate(LARGE)


def make_socket(path: Path) -> None:
    """Bind a socket to a path."""
    directory = os.open(path.parent, os.O_RDONLY)  # the path of a socket is limited to 107 bytes
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(f"/proc/self/fd/{directory}/{path.name}")
    os.close(directory)


#: Cases for any file: a name, and a function that creates the file.
ANY = {
    "empty": fill(b""),
    "short": fill(b"a"),
    "200 MB": make_sparse,
    "invalid UTF-8": fill(b"\xff\xfe\x80" * 20),
    "NUL": fill(b"\0" * 22),
    "control characters": fill(bytes(range(1, 32)) + b"\x7f\x1b[2J\x1b]0;x\x07"),
    "second header": fill(b"abcdefghijklmnopqrstuv\r\nX-Evil: 1\r\n"),
    "spaces": fill(b"a b c d e f g h i j k l m n"),
    "long": fill(b"a" * 4000),
    "directory": lambda path: path.mkdir(),
    "pipe": os.mkfifo,
    "socket": make_socket,
    "device": link("/dev/zero"),
    "terminal": link("/dev/tty"),
    "memory": link("/proc/self/mem"),
    "symlink loop": lambda path: path.symlink_to(path.name),
    "dangling": link("gone"),
}

BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)

#: Further cases for YAML files.
YAML = {
    "200 MB of lines": large(b"a: 1\n" * 2),
    "200 MB of one line": large(b"x"),
    "aliases": fill(f"{BOMB}channels: *a11\nproxy_servers: {{http: *a11}}\n".encode()),
    "aliases in our setting": fill(f"{BOMB}anaconda_heartbeat: *a11\n".encode()),
    "alias of itself": fill(b"channels: &a [*a]\n"),
    "merge keys": fill(b"a: &a {x: 1}\nb: &b {<<: [*a, *a, *b]}\nchannels: {<<: *b}\n"),
    "nested lists": fill(b"channels: " + b"[" * 100_000),
    "nested maps": fill(b"".join(b" " * n + b"a:\n" for n in range(600))),
    "tabs": fill(b"\tchannels:\t[a]\n"),
    "duplicate keys": fill(b"channels: [a]\nchannels: [b]\n"),
    "many keys": fill(b"".join(b"k%d: v\n" % n for n in range(20_000))),
    "long number": fill(b"channels: 0" + b"1" * 100_000),
    "tag of Python": fill(b"channels: !!python/object/apply:os.system ['touch gone']\n"),
    "two documents": fill(b"a: 1\n---\nb: 2\n"),
    "list": fill(b"- anaconda_heartbeat: true\n"),
    "UTF-16": fill("\ufeffchannels: [a]\n".encode("utf-16")),
    "header in our setting": fill(b'anaconda_heartbeat: "http://127.0.0.1:9/\\r\\nX-Evil: 1"\n'),
    "wrong type of our setting": fill(b"anaconda_heartbeat: {a: [1]}\nanaconda_anon_usage: [1]\n"),
}

#: Further cases for JSON files.
JSON = {
    "nested": fill(b'{"Anaconda Cloud": ' + b"[" * 30_000),
    "wrong types": fill(b'{"Anaconda Cloud": {"anaconda.com": [1]}}'),
    "no base64": fill(b'{"Anaconda Cloud": {"anaconda.com": "\\u0000=="}}'),
    "long number": fill(b'{"Anaconda Cloud": ' + b"9" * 60_000 + b"}"),
    "surrogate": fill(b'{"Anaconda Cloud": {"anaconda.com": "\\ud800"}}'),
}
