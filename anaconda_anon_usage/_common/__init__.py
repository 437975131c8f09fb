"""What the other folders share: file access, the error boundary, debug output.

conda imports the plugin on each command, so nothing here is loaded before it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing
if TYPE_CHECKING:
    from .debug import debug_enabled, printable, say
    from .directory import Directory, open_directory
    from .error_boundary import guarded
    from .files import read_bytes, read_token_bytes, read_token_text, say_failure
    from .installation import (
        active_prefix,
        conda_version,
        distribution_version,
        has_conda,
        is_environment,
        root_prefix,
    )
    from .redaction import redact

__all__ = [
    "Directory", "active_prefix", "conda_version", "debug_enabled", "distribution_version",
    "guarded", "has_conda", "is_environment", "lazy", "open_directory", "printable",
    "read_bytes", "read_token_bytes", "read_token_text", "redact", "root_prefix", "say",
    "say_failure",
]  # fmt: skip


def lazy(package: str, modules: Mapping[str, tuple[str, ...]]) -> Callable[[str], object]:
    """Return a ``__getattr__`` that imports the names of each module on first use (PEP 562)."""
    providers = {name: module for module, names in modules.items() for name in names}

    def __getattr__(name: str) -> object:
        if name not in providers:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{providers[name]}"), name)

    return __getattr__


__getattr__ = lazy(__name__, {
    "debug": ("debug_enabled", "printable", "say"),
    "directory": ("Directory", "open_directory"),
    "error_boundary": ("guarded",),
    "files": ("read_bytes", "read_token_bytes", "read_token_text", "say_failure"),
    "installation": (
        "active_prefix", "conda_version", "distribution_version", "has_conda", "is_environment",
        "root_prefix",
    ),
    "redaction": ("redact",),
})  # fmt: skip
