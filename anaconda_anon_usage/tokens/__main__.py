"""``python -m anaconda_anon_usage.tokens`` prints the tokens."""

import sys

from ..cli.tokens import main

sys.exit(main())
