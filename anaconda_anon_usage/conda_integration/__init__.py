"""The places where conda's internals are touched."""
