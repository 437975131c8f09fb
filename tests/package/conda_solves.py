"""Run many conda commands as dry runs in one process, and print the results.

A program for the Python of a conda installation. Its stdin is JSON: a list of commands, each
with its arguments and environment variables. Its stdout is a list of conda's JSON outputs.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys

from conda import CondaError
from conda.cli.main import main_subshell
from conda.exceptions import DryRunExit


def run(arguments: list[str], variables: dict[str, str]) -> dict:
    """Run one command and return its output, or the name of its error."""
    os.environ.update(variables)
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
            main_subshell(*arguments, "--dry-run", "--json", "--offline", "--yes")
    except DryRunExit:
        pass
    except CondaError as error:
        return {"error": type(error).__name__, "message": str(error)}
    finally:
        for name in variables:
            del os.environ[name]
    return json.loads(output.getvalue())


if __name__ == "__main__":
    print(json.dumps([run(*command) for command in json.load(sys.stdin)]))
