"""Slots limit the number of concurrent heartbeats of a user."""

from __future__ import annotations

import contextlib
import os
import sys

import pytest
from support import TEST_SLOTS, taken

from anaconda_anon_usage.heartbeat import slots

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the limit")


@pytest.fixture(autouse=True)
def _own_user(monkeypatch):
    """Give this process slots of its own, because the tests take all of them."""
    monkeypatch.setattr(os, "getuid", lambda: f"test{os.getpid()}")


def held(kind, names) -> contextlib.ExitStack:
    """Return a stack that holds one slot for each value of the tests' variable."""
    with contextlib.ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setenv(TEST_SLOTS, name)
            stack.enter_context(kind())
        return stack.pop_all()


NAMES = {
    "the same name": lambda number: "name",
    "no name": lambda number: "",
    "a name of its own for each": lambda number: f"name{number}",
    "names that are too long for a socket": lambda number: f"{number}" + "x" * 200,
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_the_variable_for_tests_does_not_raise_the_limit(name, monkeypatch):
    """A user's heartbeats share one set of slots, for any value of the variable."""
    with held(slots.queue_slot, map(name, range(slots.QUEUE_SLOTS))):
        monkeypatch.setenv(TEST_SLOTS, name(slots.QUEUE_SLOTS))
        with pytest.raises(slots.NoFreeSlot), slots.queue_slot():
            pass


def test_a_test_that_takes_all_its_slots_does_not_limit_another(monkeypatch):
    """It limits only its own heartbeats."""
    monkeypatch.setenv(TEST_SLOTS, "one")
    with taken("queue", slots.QUEUE_SLOTS):
        with pytest.raises(slots.NoFreeSlot), slots.queue_slot():
            pass
        monkeypatch.setenv(TEST_SLOTS, "other")
        with slots.queue_slot():
            pass


def test_a_released_slot_is_free_again():
    """This holds for the user's slots and for those of a test."""
    for _ in range(slots.QUEUE_SLOTS + 1):
        with held(slots.queue_slot, ["name"]):
            pass
