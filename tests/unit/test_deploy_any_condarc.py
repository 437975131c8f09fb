"""Whatever a condarc looks like: deployed it says as promised, undone it is as it was."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from condarcs import OURS, condarcs
from hypothesis import event, given, settings
from hypothesis import strategies as st

from anaconda_anon_usage import condarc_text, deploy, deploy_files, deploy_undo
from anaconda_anon_usage.condarc_text import newline
from anaconda_anon_usage.deploy import Wanted
from anaconda_anon_usage.deploy_files import CannotDeploy
from anaconda_anon_usage.settings import condarc
from anaconda_anon_usage.settings.condarc import Condarc
from anaconda_anon_usage.settings.policy import SETTINGS
from anaconda_anon_usage.settings.search_path import condarcs_in

HEARTBEATS = st.sampled_from(["true", "false", "https://example.org/hb?a=b#c"])


def mentions(directory: str, name: str) -> list:
    """Return the value and the flag that our own reader finds in a directory."""
    files = condarcs_in(directory)
    found = Condarc(directory, None).mentions(name)
    return [(str(m.value).strip(), m.final) for m in found if m.source in files]


def names_in(path: str) -> list[str]:
    """Return the settings in a condarc; none where it can't be read."""
    try:
        return [str(name) for name in condarc_text.load(open_text(path))]
    except condarc_text.CannotEdit:
        return []


@settings(max_examples=100, deadline=None)
@given(condarcs(), HEARTBEATS)
def test_deploy_says_what_it_promises_and_undo_restores_every_byte(content, heartbeat):
    """What can't be done so is refused, and not one byte is written."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "condarc")
        Path(path).write_bytes(content)
        names = names_in(path)
        others = {name: mentions(directory, name) for name in names if name not in OURS}
        packages = packages_in(content)
        try:
            plan = deploy.plan(directory, Wanted(heartbeat, None, None, ()))
        except CannotDeploy as error:
            assert ["condarc"] == os.listdir(directory)
            event(f"refused: {str(error).replace(path, 'FILE')}")
            return
        deploy_files.apply(directory, plan)
        assert others == {name: mentions(directory, name) for name in others}
        assert {*names, *OURS} == {*names_in(path)}
        assert [True] == [
            condarc.boolean(value) and final
            for value, final in mentions(directory, "anaconda_anon_usage")
        ]
        assert [(str(decided(heartbeat)), True)] == [
            (str(decided(value)), final)
            for value, final in mentions(directory, "anaconda_heartbeat")
        ]
        found = packages_in(Path(path).read_bytes())
        assert {*(deploy.AGGRESSIVE_DEFAULTS if packages is None else packages)} <= {*found}
        assert any(item.lower().startswith("anaconda-anon-usage") for item in found)
        again = deploy.plan(directory, Wanted(heartbeat, None, None, ()))
        assert [] == again.writes
        assert is_in(lines_of_others(content), lines(open_text(path)))
        deploy_files.apply(directory, deploy_undo.plan_undo(directory))
        assert ["condarc"] == os.listdir(directory)
        assert content == Path(path).read_bytes()


@settings(max_examples=60, deadline=None)
@given(condarcs(), st.booleans())
def test_undo_after_an_edit_keeps_it_and_all_that_was_there_before(content, first):
    """Every setting reads as it did before deploy, or is named as left."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "condarc")
        Path(path).write_bytes(content)
        before = {name: mentions(directory, name) for name in {*names_in(path), *OURS}}
        try:
            plan = deploy.plan(directory, Wanted("true", None, None, ()))
        except CannotDeploy:
            return
        deploy_files.apply(directory, plan)
        text = open_text(path)
        indent, ending = re.search(r"( *)anaconda_heartbeat:", text)[1], newline(text)
        theirs = f"{indent}theirs: 1{ending}"
        start = min(entry.start for entry in condarc_text.entries(text).values())
        edited = text[:start] + theirs + text[start:] if first else text + theirs
        Path(path).write_bytes(edited.encode("utf-8"))
        if "theirs" not in names_in(path):
            return  # that can't be added there, at the end of a document for example
        before["theirs"] = [("1", False)]
        with_edit = {name: mentions(directory, name) for name in before if name not in OURS}
        plan = deploy_undo.plan_undo(directory)
        deploy_files.apply(directory, plan)
        after = {name: mentions(directory, name) for name in before}
        assert with_edit == {name: after[name] for name in with_edit}
        for name in OURS:
            # A lock that a comment below it had undone can hold where the line is now.
            values = [[value for value, _ in found] for found in (before[name], after[name])]
            assert values[0] == values[1] or any(f"left {name} " in n for n in plan.notes)


def open_text(path: str) -> str:
    """Return a file's text, with the line ends that it has."""
    return Path(path).read_bytes().decode("utf-8")


def lines(text: str) -> list[str]:
    """Return the lines that have something in them."""
    return [
        line.strip("\r\n") for line in condarc_text.lines(text.lstrip("\ufeff")) if line.strip()
    ]


def lines_of_others(content: bytes) -> list[str]:
    """Return the lines of a condarc that are not those of our settings."""
    text = content.decode("utf-8")
    own = [e for name, e in condarc_text.entries(text).items() if name in OURS]
    for entry in sorted(own, reverse=True, key=lambda entry: entry.start):
        text = text[: entry.start] + text[entry.end :]
    return [line for line in lines(text) if line != "{}"]


def is_in(some: list[str], all_of_them: list[str]) -> bool:
    """Return whether lines are there, in their order."""
    rest = iter(all_of_them)
    return all(line in rest for line in some)


def decided(value: str) -> object:
    """Return what a value of the heartbeat means."""
    return SETTINGS["anaconda_heartbeat"].meaning(value)


def packages_in(content: bytes) -> list[str] | None:
    """Return the list of packages in a condarc, None where there is none."""
    try:
        text = content.decode("utf-8")
        found = condarc_text.items(text, "aggressive_update_packages")
        return None if found is None else [value for value, _ in found]
    except condarc_text.CannotEdit:
        return None
