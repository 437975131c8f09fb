"""``python -m anaconda_anon_usage.tokens`` prints the tokens."""

import sys

from ..cli import command_main

if __name__ == "__main__":
    sys.exit(command_main("tokens", "python -m anaconda_anon_usage.tokens"))
