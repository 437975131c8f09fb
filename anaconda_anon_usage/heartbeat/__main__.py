"""``python -m anaconda_anon_usage.heartbeat`` sends one heartbeat, or explains it."""

import sys

from ..cli import command_main

if __name__ == "__main__":
    sys.exit(command_main("heartbeat", "python -m anaconda_anon_usage.heartbeat"))
