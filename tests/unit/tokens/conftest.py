"""Fixtures for tests of the tokens, which are cached in a process."""

from __future__ import annotations

import pytest
from processes import forget


@pytest.fixture(autouse=True)
def _fresh():
    """Discard the cached tokens of other tests."""
    forget()
    yield
    forget()
