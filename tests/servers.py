"""Servers with a specific fault each, which record the requests they receive."""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import struct
import threading

from support import PATIENCE

from anaconda_anon_usage.tokens.grammar import TOKEN_STRING


class Server:
    """A server on this machine that behaves the same for every client.

    Args:
        behave: a function of the connection, after the request's head was read from it, and of an
            event that is set when the test ends.
        tls: the context for TLS; None for plain connections.
        address: the address to listen on.
        read: whether to read a request before the call of ``behave``.
    """

    def __init__(self, behave, tls: ssl.SSLContext | None = None, address="127.0.0.1", read=True):
        self.behave, self.tls, self.read = behave, tls, read
        self.heads: list[str] = []
        self.connections = 0
        self.ended = threading.Event()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.create_server((address, 0), family=family, backlog=1024)
        host = f"[{address}]" if ":" in address else address
        self.authority = f"{host}:{self.listener.getsockname()[1]}"
        self.url = f"{'https' if tls else 'http'}://{self.authority}"
        self.threads = [threading.Thread(target=self._serve)]
        self.threads[0].start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.connections += 1
                thread = threading.Thread(target=self._handle, args=(client,))
                self.threads.append(thread)
                thread.start()

    def _handle(self, client: socket.socket) -> None:
        client.settimeout(PATIENCE)
        with contextlib.suppress(OSError), client:
            if self.tls:
                client = self.tls.wrap_socket(client, server_side=True)
            if self.read:
                self.heads.append(read_head(client))
            self.behave(client, self.ended)

    @property
    def paths(self) -> list[str]:
        """Return the paths of the requests received."""
        return [head.split(" ")[1] for head in self.heads]

    def close(self) -> None:
        """End all threads."""
        self.ended.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join(PATIENCE)


def read_head(connection) -> str:
    """Read a request up to its empty line."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        chunk = connection.recv(65536)
        if not chunk:
            raise OSError("closed")
        data += chunk
    return data.decode()


def answer(head: str):
    """Return a behavior: send a head and close the connection."""
    text = head.replace("\n", "\r\n") + "\r\n\r\n"
    return lambda client, ended: client.sendall(text.encode())


NOT_FOUND = answer("HTTP/1.1 404 Not Found\nContent-Length: 0\nConnection: close")


def proxy(authority, requests: list[tuple[str, str]]):
    """Return a behavior: accept CONNECT, act as the server behind the proxy and respond with 404.

    This shows the complete request to a real repository, without network access. The server must
    not read a head itself.

    Args:
        authority: a ``trustme.CA`` that signs the servers' certificates.
        requests: receives the target and the head of each request.
    """

    def behave(client, ended) -> None:
        method, target, _ = read_head(client).split(" ", 2)
        assert method == "CONNECT"
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(target.rpartition(":")[0]).configure_cert(context)
        with context.wrap_socket(client, server_side=True) as played:
            requests.append((target, read_head(played)))
            NOT_FOUND(played, ended)

    return behave


def silent(client, ended) -> None:
    """Keep the connection open and send nothing."""
    ended.wait(PATIENCE)


def one_byte_a_second(client, ended) -> None:
    """Send a head that would take an hour."""
    for byte in itertools.chain(b"HTTP/1.1 200 OK\r\nX-Slow: ", itertools.repeat(97)):
        client.sendall(bytes([byte]))
        if ended.wait(1):
            return


def endless(begin: bytes, more: bytes):
    """Return a behavior: send an endless response, as fast as the client reads it."""

    def behave(client, ended) -> None:
        client.sendall(begin)
        while not ended.is_set():
            client.sendall(more)

    return behave


def close(client, ended) -> None:
    """Close the connection without a response."""


def reset(client, ended) -> None:
    """Reset the connection."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def user_agent(head: str) -> str:
    """Return the User-Agent of a request, which must be a HEAD with no other information."""
    request, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert ("HEAD", "HTTP/1.1") == (request.split(" ")[0], request.split(" ")[2])
    assert ["Accept-Encoding", "Host", "User-Agent"] == sorted(headers)
    assert len(lines) == 3
    return headers["User-Agent"]


def letters(user_agent: str) -> str:
    """Return the letters of the tokens in a User-Agent, which must match the grammar."""
    own, version, rest = user_agent.partition("aau/")
    assert TOKEN_STRING.fullmatch(version + rest), user_agent
    assert own == "" or (own[-1] == " " and all(" " <= c <= "~" for c in own)), user_agent
    return "".join(token[0] for token in rest.split(" ")[1:])
