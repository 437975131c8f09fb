"""Simple, anonymous telemetry for conda."""

#: The one source of the version: the build, ``aau/<version>`` and ``--version`` read it.
__version__ = "0.9.0"
