"""The only modules that touch conda's internals; the plugin calls them."""

from __future__ import annotations

from .._common import lazy

__all__ = [
    "add_parameters", "after_change", "before_change", "before_run", "end_command",
    "extend_sessions", "extend_user_agent", "report_health",
]  # fmt: skip

__getattr__ = lazy(
    __name__,
    {
        "commands": ("after_change", "before_change", "before_run", "end_command"),
        "context_patch": ("add_parameters", "extend_sessions", "extend_user_agent"),
        "doctor": ("report_health",),
    },
)
