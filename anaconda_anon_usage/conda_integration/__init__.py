"""The only modules that touch conda's internals; the plugin calls them."""

from __future__ import annotations

from .._common import lazy

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing
if TYPE_CHECKING:
    from .commands import after_change, before_change, before_run, end_command
    from .context_patch import add_parameters, extend_sessions, extend_user_agent
    from .doctor import report_health

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
