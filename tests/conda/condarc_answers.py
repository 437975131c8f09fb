"""Answers, in a base's own Python, what conda itself finds in a configuration file.

Reads one path a line. Writes one JSON object a line: each setting with its value, its
flag and the flags of its parts, or null where conda can't read the file.
"""

from __future__ import annotations

import json
import os
import sys


def described(parameter) -> list:
    """Return a raw parameter in a form that JSON can carry, with all flags in it."""
    value = parameter.value(None)
    if isinstance(value, tuple):
        value = [described(part) for part in value]
    elif hasattr(value, "items"):
        value = [[str(key), described(part)] for key, part in value.items()]
    else:
        value = [type(value).__name__, str(value)]
    return [value, str(parameter.keyflag())]


def answer(path: str) -> dict | None:
    """Return all settings in a file."""
    from conda.common.configuration import YamlRawParameter

    getattr(YamlRawParameter, "cache_clear", lambda: None)()
    try:
        found = YamlRawParameter.make_raw_parameters_from_file(path)
        return {str(key): described(parameter) for key, parameter in found.items()}
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return None


def main() -> None:
    """Answer until the questions end."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    sys.stdout = sys.stderr  # conda may print
    for line in sys.stdin:
        print(json.dumps(answer(line.rstrip("\n"))), file=replies, flush=True)


if __name__ == "__main__":
    main()
