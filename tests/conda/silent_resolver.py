"""Run a command in namespaces with a name server that never responds.

Started as ``unshare --net --mount python silent_resolver.py COMMAND...``, so only this process
and its children use the name server and /etc/resolv.conf.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile

with tempfile.NamedTemporaryFile("w", suffix=".conf") as configuration:
    configuration.write("nameserver 127.0.0.1\noptions timeout:30\n")
    configuration.flush()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    mount = ["mount", "--bind", configuration.name, "/etc/resolv.conf"]
    subprocess.run(mount, check=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 53))
        server.settimeout(60)
        process = subprocess.Popen(sys.argv[1:])
        server.recvfrom(512)  # a query, which gets no response
        print("asked", flush=True)
        sys.exit(process.wait(timeout=60))
