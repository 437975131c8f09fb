"""What the package decides, said on stderr, and only when asked for.

Nothing else in the package that runs unasked writes to a stream: a reader who wants to
know that it stays silent has this file to read.
"""

from __future__ import annotations

import os
import sys

#: Set to anything but nothing or ``0`` to have every decision explained.
VARIABLE = "ANACONDA_ANON_USAGE_DEBUG"


def enabled() -> bool:
    """Return whether the user asked for explanations."""
    return os.environ.get(VARIABLE, "") not in ("", "0")


def say(message: str) -> None:
    """Write one line to stderr if the user asked for explanations.

    Args:
        message: what was decided and why; never a token or a key.
    """
    if not enabled():
        return
    try:
        sys.stderr.write(f"anaconda-anon-usage: {message}\n")
    except Exception:  # stderr may be closed, or absent under pythonw
        pass
