"""``python -m anaconda_anon_usage`` is the command line."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main(prog="python -m anaconda_anon_usage"))
