"""The identity of a machine, with simulated machines in mount namespaces."""

from __future__ import annotations

import ctypes
import os
import sys
import types

import pytest
from processes import machine, run, with_mounts

from anaconda_anon_usage.tokens import binding

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts files over those of Linux")

ID = "0123456789abcdef0123456789abcdef"
OTHER_ID = "fedcba9876543210fedcba9876543210"
CARD = "00:16:3e:aa:bb:cc"
LATER_CARD = "00:16:3e:dd:ee:ff"

IDENTITY = """
    from anaconda_anon_usage.tokens import binding
    print(binding.machine_identity())
"""

UNUSABLE_IDS = ["", "\n", "uninitialized\n", "0" * 32, ID[:31], ID + "0", "x" * 32, "é" * 32]


@pytest.mark.parametrize("content", [ID, ID + "\n", ID.upper() + "\n"])
def test_the_machine_id_is_the_identity(tmp_path, home, content):
    """Network cards do not matter then."""
    assert ID == run(home, IDENTITY, before=machine(tmp_path / "m", content, {"eth0": CARD}))


@pytest.mark.parametrize("content", UNUSABLE_IDS)
def test_without_a_machine_id_the_first_network_address_is_the_identity(tmp_path, home, content):
    """An image has no machine ID before its first boot."""
    cards = {"eth0": LATER_CARD, "eth1": CARD}
    assert CARD == run(home, IDENTITY, before=machine(tmp_path / "m", content, cards))


def test_the_dbus_id_replaces_a_missing_machine_id(tmp_path, home):
    """Older systems have only this one."""
    before = machine(tmp_path / "m", "", {"eth0": CARD})
    (tmp_path / "m" / "lib" / "dbus").mkdir()
    (tmp_path / "m" / "lib" / "dbus" / "machine-id").write_text(OTHER_ID + "\n")
    assert OTHER_ID == run(home, IDENTITY, before=before)


@pytest.mark.parametrize(
    "address",
    ["02:42:ac:11:00:02", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "", "zz:00:00:00:00:00",
     "80:00:02:08:fe:80:00:00:00:00:00:00:f4:52:14:03:00:7b:cb:a1"],
)  # fmt: skip
def test_a_random_network_address_is_no_identity(tmp_path, home, address):
    """It changes with the container or at each start, as do InfiniBand's longer addresses."""
    assert "None" == run(home, IDENTITY, before=machine(tmp_path / "m", "", {"eth0": address}))


def test_an_address_without_hardware_is_no_identity(tmp_path, home):
    """Bridges and tunnels can have any address."""
    before = machine(tmp_path / "m", "", {"br0": CARD})
    (tmp_path / "m" / "net" / "br0" / "device").rmdir()
    assert "None" == run(home, IDENTITY, before=before)


def test_a_machine_with_neither_has_no_identity(tmp_path, home):
    """Most containers have neither. Nothing random replaces them."""
    assert "None" == run(home, IDENTITY, before=machine(tmp_path / "m", "uninitialized"))


def test_a_machine_without_sys_has_no_identity(tmp_path, home):
    """For example in a strict sandbox."""
    for name in ("lib", "class"):
        (tmp_path / name).mkdir()
    (tmp_path / "machine-id").touch()
    mounts = {
        "/etc/machine-id": tmp_path / "machine-id",
        "/var/lib": tmp_path / "lib",
        "/sys/class": tmp_path / "class",
    }
    assert "None" == run(home, IDENTITY, before=with_mounts(mounts))


def test_a_pipe_in_place_of_the_machine_id_does_not_block(tmp_path, home):
    """An ordinary open of a pipe without a writer would block forever."""
    before = machine(tmp_path / "m", "", {"eth0": CARD})
    (tmp_path / "m" / "machine-id").unlink()
    os.mkfifo(tmp_path / "m" / "machine-id")
    assert CARD == run(home, IDENTITY, before=before)


def test_the_identity_is_the_same_in_every_process(home):
    """If this machine has none, no process finds one."""
    assert run(home, IDENTITY) == run(home, IDENTITY)


@pytest.mark.parametrize("status, identity", [(0, ID), (-1, None)])
def test_on_macos_the_uuid_of_the_hardware_is_the_identity(monkeypatch, status, identity):
    """gethostuuid(2) fills a buffer of 16 bytes; here, a function with its signature does."""

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_ubyte), ctypes.c_void_p)
    def gethostuuid(uuid, wait):
        ctypes.memmove(uuid, bytes.fromhex(ID), 16)
        return status

    library = types.SimpleNamespace(gethostuuid=gethostuuid)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    assert identity == binding._macos_host_uuid()
