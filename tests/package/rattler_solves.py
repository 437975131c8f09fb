"""Solve many lists of specifications with py-rattler, and print the packages.

Its stdin is JSON: a list of arguments for solve(), with the name of the channel priority. Its
stdout is a list with ``channel::name=version`` for each package, or an error.

A separate program, because py-rattler sometimes crashes when a process exits.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback

from rattler import ChannelPriority, solve
from rattler.exceptions import SolverError


async def run(channels: list[str], specifications: list[str], priority: str) -> list[str]:
    """Return the packages of one solution."""
    try:
        records = await solve(
            channels, specifications, channel_priority=getattr(ChannelPriority, priority)
        )
    except SolverError:
        return ["SolverError"]
    names = [record.channel.rstrip("/").rpartition("/")[2] for record in records]
    return [
        f"{channel}::{each.name.normalized}={each.version}" for channel, each in zip(names, records)
    ]


async def main() -> None:
    """Solve everything that stdin lists."""
    print(json.dumps([await run(*arguments) for arguments in json.load(sys.stdin)]), flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
