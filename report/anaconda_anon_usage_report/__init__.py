"""Usage reports from the access logs of conda channels."""

#: The one source of the version.
__version__ = "0.9.0"
