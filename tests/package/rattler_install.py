"""Make an environment match specifications, with py-rattler.

    rattler_install.py CHANNEL PREFIX SPECIFICATION...

A separate program, because py-rattler sometimes crashes when a process exits.
"""

from __future__ import annotations

import asyncio
import os
import sys
import traceback
from pathlib import Path

from rattler import install, solve


async def main(channel: str, prefix: str, *specifications: str) -> None:
    """Solve, install missing packages and remove extra ones."""
    records = await solve([channel], specifications)
    cache = Path(prefix).parent / "rattler-packages"
    await install(records, prefix, cache, show_progress=False)


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
