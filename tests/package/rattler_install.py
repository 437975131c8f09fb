"""Makes an environment hold what some specifications ask for, with py-rattler.

    rattler_install.py CHANNEL PREFIX SPECIFICATION...

A program of its own, for py-rattler sometimes crashes at a process's exit.
"""

from __future__ import annotations

import asyncio
import os
import sys
import traceback
from pathlib import Path

from rattler import install, solve


async def main(channel: str, prefix: str, *specifications: str) -> None:
    """Solve anew, and install or remove what is missing or too many."""
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
