"""``python -m anaconda_anon_usage.heartbeat`` sends one heartbeat, or explains it."""

import sys

from . import main

sys.exit(main())
