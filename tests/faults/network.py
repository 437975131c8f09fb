"""Run a command in a simulated network, in namespaces of its own.

Started as ``unshare --net --mount python network.py KIND COMMAND...``. In these namespaces,
heartbeat.example has an IPv4 and an IPv6 address. A server listens on the IPv6 address. It
prints the first line of each request, until all processes of the command have ended.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading

HOSTS = "127.0.0.1 localhost\n192.0.2.1 heartbeat.example\n::1 heartbeat.example\n"

# The kernel drops packets that are routed to loopback but not addressed to this machine.
ROUTES = {
    "black hole": ["ip", "route", "add", "192.0.2.0/24", "dev", "lo"],
    "unreachable": ["ip", "route", "add", "unreachable", "192.0.2.0/24"],
}


def lay_over(path: str, text: str) -> None:
    """Replace the content of a system file in this namespace."""
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    subprocess.run(["mount", "--bind", file.name, path], check=True)
    os.unlink(file.name)


def serve(listener: socket.socket) -> None:
    """Print the first line of each request, and respond with 404."""
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            with client:
                print(client.recv(65536).decode().split("\r\n")[0], flush=True)
                client.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


def main(kind: str, command: list[str]) -> int:
    """Set up the network, run the command, and wait until all its processes have ended."""
    lay_over("/etc/hosts", HOSTS)
    lay_over("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:30\n")
    if kind == "none":
        return wait_for(command)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    if kind in ROUTES:
        subprocess.run(ROUTES[kind], check=True)
    with contextlib.ExitStack() as sockets:
        if kind == "silent resolver":
            mute = sockets.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            mute.bind(("127.0.0.1", 53))
        listener = sockets.enter_context(
            socket.create_server(("::1", 8080), family=socket.AF_INET6)
        )
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        return wait_for(command)


def wait_for(command: list[str]) -> int:
    """Run a command, wait until all its processes have ended, and return its exit status."""
    # The activation script redirects the output of its processes, so waiting for the end of the
    # output is not enough. As in watch.py, orphans become children of this process.
    import ctypes

    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    process = subprocess.Popen(command)
    status = 0
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, ended = os.wait()
            if pid == process.pid:
                status = os.waitstatus_to_exitcode(ended)
    return status


if __name__ == "__main__":
    result = main(sys.argv[1], sys.argv[2:])
    sys.stdout.flush()
    os._exit(result)
