"""Fixtures for tests of the tokens, which each process remembers."""

from __future__ import annotations

import pytest
from processes import forget


@pytest.fixture(autouse=True)
def _fresh():
    """Forget the tokens of other tests."""
    forget()
    yield
    forget()
