"""Which machine this is, on machines laid over this one."""

from __future__ import annotations

import os
import sys

import pytest
from processes import machine, run, with_mounts

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="lays files over Linux's")

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
def test_machine_is_known_by_its_machine_id(tmp_path, home, content):
    """Whatever its network cards are."""
    assert ID == run(home, IDENTITY, before=machine(tmp_path / "m", content, {"eth0": CARD}))


@pytest.mark.parametrize("content", UNUSABLE_IDS)
def test_machine_without_id_is_known_by_its_first_network_address(tmp_path, home, content):
    """An image has no machine id before its first boot."""
    cards = {"eth0": LATER_CARD, "eth1": CARD}
    assert CARD == run(home, IDENTITY, before=machine(tmp_path / "m", content, cards))


def test_dbus_id_stands_in_for_the_machine_id(tmp_path, home):
    """Older systems have only that one."""
    before = machine(tmp_path / "m", "", {"eth0": CARD})
    (tmp_path / "m" / "lib" / "dbus").mkdir()
    (tmp_path / "m" / "lib" / "dbus" / "machine-id").write_text(OTHER_ID + "\n")
    assert OTHER_ID == run(home, IDENTITY, before=before)


@pytest.mark.parametrize(
    "address",
    ["02:42:ac:11:00:02", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "", "zz:00:00:00:00:00",
     "80:00:02:08:fe:80:00:00:00:00:00:00:f4:52:14:03:00:7b:cb:a1"],
)  # fmt: skip
def test_made_up_network_address_is_no_identity(tmp_path, home, address):
    """It changes with the container or the start; so do InfiniBand's, which are longer."""
    assert "None" == run(home, IDENTITY, before=machine(tmp_path / "m", "", {"eth0": address}))


def test_address_without_hardware_is_no_identity(tmp_path, home):
    """Bridges and tunnels have addresses of any kind."""
    before = machine(tmp_path / "m", "", {"br0": CARD})
    (tmp_path / "m" / "net" / "br0" / "device").rmdir()
    assert "None" == run(home, IDENTITY, before=before)


def test_machine_with_neither_has_no_identity(tmp_path, home):
    """Most containers; nothing random takes its place."""
    assert "None" == run(home, IDENTITY, before=machine(tmp_path / "m", "uninitialized"))


def test_machine_without_sys_has_no_identity(tmp_path, home):
    """As in a strict sandbox."""
    for name in ("lib", "class"):
        (tmp_path / name).mkdir()
    (tmp_path / "machine-id").touch()
    mounts = {
        "/etc/machine-id": tmp_path / "machine-id",
        "/var/lib": tmp_path / "lib",
        "/sys/class": tmp_path / "class",
    }
    assert "None" == run(home, IDENTITY, before=with_mounts(mounts))


def test_machine_id_that_is_no_file_does_not_block(tmp_path, home):
    """A pipe without a writer would block an ordinary open for ever."""
    before = machine(tmp_path / "m", "", {"eth0": CARD})
    (tmp_path / "m" / "machine-id").unlink()
    os.mkfifo(tmp_path / "m" / "machine-id")
    assert CARD == run(home, IDENTITY, before=before)


def test_identity_of_this_machine_is_the_same_in_every_process(home):
    """Or none at all, in every process."""
    assert run(home, IDENTITY) == run(home, IDENTITY)
