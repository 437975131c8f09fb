"""The client token stays the same beside anaconda-anon-usage 0.7 and 0.8.

A stand-in for them follows their documented behavior. The machines are simulated.
"""

from __future__ import annotations

import base64
import shutil

import pytest
from processes import CLIENT_TOKEN, is_random, machine, race, run

TOKEN = "0123456789abcdefABCD-_"
CARD, OTHER_CARD = "00:16:3e:aa:bb:cc", "00:16:3e:dd:ee:ff"
ID, OTHER_ID = "0123456789abcdef" * 2, "fedcba9876543210" * 2

#: Keeps the token while its sidecar names the card, else makes a new one and writes both.
STAND_IN = """
    import base64, os, pathlib
    address = pathlib.Path("/sys/class/net/eth0/address").read_text().strip()
    card = base64.urlsafe_b64encode(bytes.fromhex(address.replace(":", ""))).decode()
    conda = pathlib.Path.home() / ".conda"
    conda.mkdir(exist_ok=True)
    token, host = conda / "aau_token", conda / "aau_token_host"
    words = token.read_text().split() if token.exists() else []
    if not words or (host.exists() and host.read_text().strip() != card):
        words = [base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")]
        token.write_text(words[0] + "\\n")
    if not host.exists() or host.read_text().strip() != card:
        host.write_text(card)
    print(words[0])
"""


def sidecar(address: str) -> str:
    """Return the content of their sidecar for a network address."""
    return base64.urlsafe_b64encode(bytes.fromhex(address.replace(":", ""))).decode()


def write(home, host: str | None, token: str = f"{TOKEN}\n") -> None:
    """Write a token file and their sidecar, unless it is None."""
    (home / ".conda").mkdir()
    (home / ".conda" / "aau_token").write_text(token)
    if host is not None:
        (home / ".conda" / "aau_token_host").write_text(host)


@pytest.fixture
def machines(tmp_path):
    """Machines with two cards and an ID, another one, and the first without the ID."""
    cards = {"eth0": CARD, "wlan0": "02:42:ac:11:00:02"}
    return {
        "this": machine(tmp_path / "this", ID, cards),
        "other": machine(tmp_path / "other", OTHER_ID, {"eth0": OTHER_CARD}),
        "container": machine(tmp_path / "container", "", {"eth0": "02:42:ac:11:00:03"}),
    }


@pytest.mark.parametrize("first", [CLIENT_TOKEN, STAND_IN], ids=["ours", "theirs"])
def test_both_implementations_agree_on_the_token_of_a_home(home, machines, first):
    """They alternate ten times."""
    programs = [first, STAND_IN if first is CLIENT_TOKEN else CLIENT_TOKEN] * 5
    printed = [run(home, program, before=machines["this"]) for program in programs]
    assert 1 == len(set(printed))


@pytest.mark.parametrize("content", [f"{TOKEN}\n", f"{TOKEN} {sidecar(CARD)}\n"])
@pytest.mark.parametrize(
    "host", [None, sidecar(CARD), sidecar("02:42:ac:11:00:02"), "", "garbage", "AbC1 dEf2"]
)
def test_a_token_of_this_machine_is_kept_and_bound(home, machines, host, content):
    """Their sidecar can name any of its cards. If it is invalid, it has no effect."""
    write(home, host, content)
    assert TOKEN == run(home, CLIENT_TOKEN, before=machines["this"])
    assert content == (home / ".conda" / "aau_token").read_text()
    if host is not None:
        assert host == (home / ".conda" / "aau_token_host").read_text()
    assert TOKEN != run(home, CLIENT_TOKEN, before=machines["other"])


@pytest.mark.parametrize("name", ["other", "container"])
def test_a_token_of_another_machine_is_replaced_once(home, machines, name):
    """For example, that of an image which an older version wrote. Their sidecar stays."""
    write(home, sidecar(CARD))
    printed = [run(home, CLIENT_TOKEN, before=machines[name]) for _ in range(3)]
    assert (True, 1) == (is_random(printed[0]), len(set(printed)))
    assert printed[0] != TOKEN
    assert sidecar(CARD) == (home / ".conda" / "aau_token_host").read_text()


@pytest.mark.parametrize("name", ["other", "container"])
def test_concurrent_processes_agree_on_the_replacement(home, machines, name):
    """Their sidecar has an effect on the first process only."""
    write(home, sidecar(CARD))
    printed = race(home, 16, CLIENT_TOKEN, before=machines[name])
    assert [(home / ".conda" / "aau_token").read_text().strip()] * 16 == printed
    assert TOKEN not in printed


@pytest.mark.parametrize(
    "first, changes", [(CLIENT_TOKEN, 2), (STAND_IN, 1)], ids=["ours", "theirs"]
)
def test_a_copied_home_that_both_use_changes_at_most_twice(
    tmp_path, home, machines, first, changes
):
    """The original keeps its token."""
    original = run(home, STAND_IN, before=machines["this"])
    assert original == run(home, CLIENT_TOKEN, before=machines["this"])
    copy = shutil.copytree(home, tmp_path / "copy")
    programs = [first, STAND_IN if first is CLIENT_TOKEN else CLIENT_TOKEN] * 4
    printed = [run(copy, program, before=machines["other"]) for program in programs]
    assert (changes, 1) == (len(set(printed)), len(set(printed[1:])))
    assert original not in printed
    assert original == run(home, CLIENT_TOKEN, before=machines["this"])


def test_a_token_that_they_replaced_is_checked_again(home, machines):
    """Our binding belongs to the earlier token then."""
    run(home, CLIENT_TOKEN, before=machines["this"])
    (home / ".conda" / "aau_token").unlink()
    replacement = run(home, STAND_IN, before=machines["this"])
    assert replacement != run(home, CLIENT_TOKEN, before=machines["other"])


def test_a_container_and_its_host_settle_on_one_token(home, machines):
    """Only the host has an identity to bind the token to."""
    write(home, sidecar(OTHER_CARD))
    printed = [run(home, CLIENT_TOKEN, before=machines[name]) for name in ("container", "this") * 3]
    assert (1, True) == (len(set(printed)), printed[0] != TOKEN)


def test_the_token_is_kept_if_our_sidecar_cannot_be_written(home, machines):
    """Otherwise, each process would replace it."""
    write(home, sidecar(CARD))
    (home / ".conda" / "aau_token_binding").mkdir()
    assert TOKEN == run(home, CLIENT_TOKEN, before=machines["other"])


def test_the_token_is_kept_if_the_machines_addresses_are_unknown(tmp_path, home):
    """A strict sandbox hides them."""
    write(home, sidecar(CARD))
    assert TOKEN == run(home, CLIENT_TOKEN, before=machine(tmp_path / "sandbox", ID))
