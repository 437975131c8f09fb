"""2. The delivery of heartbeats with slow servers and bad networks."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import measure
from measure import Table, goal
from parts import Authority, Parts, Server

DELAYS = (0, 0.25, 0.5, 1, 2, 3)
LOSSES = (0, 5, 10, 20)

# Seconds between two activations, so that they do not compete for the processor.
APART = 0.35

# Sources the script, as conda's shell function does.
ACTIVATE = ("/bin/sh", "-c", '. "$STUB"')

# Commands that set up the network, in a namespace that ends with its process.
NETWORK = (
    "ip link set lo up && "
    "nft 'add table ip lossy; "
    "add chain ip lossy input {{ type filter hook input priority 0; }}; "
    "add rule ip lossy input numgen random mod 100 < {loss} drop'"
)


def measure_all(parts: Parts, quick: bool) -> list[Table]:
    """Return the tables of this module."""
    repeats = 1 if quick else 8
    authority = Authority(parts.place / "authority.pem")
    tls = {"tls": authority.context}
    places = {}
    for delay in (0, 1, 3) if quick else DELAYS:
        places[f"http, answer after {delay:g} s"] = (Server(delay=delay), delay)
    for delay in (0, 2) if quick else DELAYS:
        slow = Server(delay=delay, handshake_delay=delay, **tls)
        places[f"https, TLS and answer after {delay:g} s each"] = (slow, delay)
    places["http, never answers"] = (Server(answers=False), 0)
    places["http, hangs up without an answer"] = (Server(hangs_up=True), 0)
    environ = parts.environ("delivery", None)
    condarc = Path(environ["HOME"], ".condarc")
    condarc.write_text(condarc.read_text() + f"ssl_verify: {authority.bundle}\n")
    environ["STUB"] = str(parts.stub())

    usages = _activate(
        environ,
        [f"{server.url}/{number}" for number in range(repeats) for server, _ in places.values()],
    )
    table = Table(
        f"Delivery: {repeats} activations each",
        ("server", "arrived", "most requests of one", "all, once each"),
    )
    for name, (server, delay) in places.items():
        counts = Counter(server.paths)
        holds = max(counts.values(), default=0) <= 1 and (len(counts) == repeats or delay > 2)
        table.add(
            name,
            f"{len(counts) / repeats:.0%}",
            max(counts.values(), default=0),
            goal(holds),
        )
    longest = max(usage.wall for usage in usages)
    table.notes.append(
        "A server that responds late has received the request; one that delays TLS has"
        f" not. The last process ended {longest - (len(usages) - 1) * APART:.1f} s after the"
        " last activation."
    )
    return [table, _loss_table(environ, 1 if quick else 20)]


def _activate(environ: dict[str, str], urls: list[str], apart: float = APART) -> list:
    """Activate once for each URL, and return the cost of the background processes."""
    reaper = measure.Reaper(measure.children())
    for url in urls:
        started = time.perf_counter()
        # Not subprocess.run(), because the reaper may be faster.
        subprocess.Popen(
            ACTIVATE,
            env={**environ, "CONDA_ANACONDA_HEARTBEAT": url},
            stdout=subprocess.DEVNULL,
        ).wait()
        time.sleep(max(0, apart - (time.perf_counter() - started)))
    return reaper.finish()


def _loss_table(environ: dict[str, str], repeats: int) -> Table:
    table = Table(
        f"Delivery over a network that loses packets: {repeats} activations each",
        ("loss", "arrived", "most requests of one", "never more than one"),
    )
    for loss in LOSSES:
        network = NETWORK.format(loss=loss)
        probe = subprocess.run(
            ["unshare", "--net", "/bin/sh", "-c", network], capture_output=True, text=True
        )
        if probe.returncode != 0:
            reason = (probe.stderr.strip().splitlines() or ["no network namespace"])[0]
            table.add(f"{loss} %", "skipped", "", "")
            table.notes = [f"Skipped: {reason}"]
            continue
        task = json.dumps({"environ": environ, "repeats": repeats})
        command = f'{network} && exec "$0" "$1" "$2"'
        done = subprocess.run(
            ["unshare", "--net", "/bin/sh", "-c", command, sys.executable, __file__, task],
            check=True,
            capture_output=True,
            text=True,
        )
        counts = json.loads(done.stdout)
        most = max(counts.values(), default=0)
        table.add(f"{loss} %", f"{len(counts) / repeats:.0%}", most, goal(most <= 1))
    return table


def _in_namespace(task: dict) -> None:
    """Print the number of requests per activation, in a separate network."""
    measure.adopt_orphans()
    server = Server()
    _activate(task["environ"], [f"{server.url}/{number}" for number in range(task["repeats"])])
    print(json.dumps(Counter(server.paths)))


if __name__ == "__main__":
    _in_namespace(json.loads(sys.argv[1]))
