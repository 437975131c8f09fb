"""Write a report as one self-contained HTML page."""

from __future__ import annotations

from .write import write_page

__all__ = ["write_page"]
