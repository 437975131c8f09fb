"""The sources that can turn telemetry and the heartbeat on or off, and their precedence."""

from __future__ import annotations

import pytest

USER = "home/.condarc"
SYSTEM = "base/.condarc"

# files, variables -> (anaconda_anon_usage, anaconda_heartbeat)
TABLE = {
    "nothing is set": ({}, {}, (True, False)),
    "the user turns both off": (
        {USER: "anaconda_anon_usage: off\nanaconda_heartbeat: no\n"},
        {},
        (False, False),
    ),
    "the user turns both on": (
        {USER: "anaconda_anon_usage: on\nanaconda_heartbeat: yes\n"},
        {},
        (True, True),
    ),
    "the user overrides the system": (
        {SYSTEM: "anaconda_anon_usage: false\nanaconda_heartbeat: true\n",
         USER: "anaconda_anon_usage: true\nanaconda_heartbeat: false\n"},
        {},
        (True, False),
    ),
    "the user cannot override a lock of the system": (
        {SYSTEM: "anaconda_anon_usage: true #!final\nanaconda_heartbeat: true #!final\n",
         USER: "anaconda_anon_usage: false #!final\nanaconda_heartbeat: false #!final\n"},
        {"CONDA_ANACONDA_ANON_USAGE": "off", "CONDA_ANACONDA_HEARTBEAT": "off"},
        (True, True),
    ),
    "the system locks both off": (
        {SYSTEM: "anaconda_anon_usage: false #!final\nanaconda_heartbeat: false #!final\n",
         USER: "anaconda_anon_usage: true\nanaconda_heartbeat: true\n"},
        {"CONDA_ANACONDA_ANON_USAGE": "on", "CONDA_ANACONDA_HEARTBEAT": "on"},
        (False, False),
    ),
    "a variable overrides files": (
        {USER: "anaconda_anon_usage: true\nanaconda_heartbeat: true\n"},
        {"CONDA_ANACONDA_ANON_USAGE": "no", "CONDA_ANACONDA_HEARTBEAT": "0"},
        (False, False),
    ),
    "a variable turns both on": (
        {USER: "anaconda_anon_usage: off\n"},
        {"CONDA_ANACONDA_ANON_USAGE": "1", "CONDA_ANACONDA_HEARTBEAT": "1"},
        (True, True),
    ),
    "the environment's own file counts": (
        {USER: "anaconda_heartbeat: true\n",
         "env/.condarc": "anaconda_anon_usage: off\nanaconda_heartbeat: off\n"},
        {},
        (False, False),
    ),
    "DO_NOT_TRACK alone": ({}, {"DO_NOT_TRACK": "1"}, (False, False)),
    "DO_NOT_TRACK overrides the user's files": (
        {USER: "anaconda_anon_usage: true #!final\nanaconda_heartbeat: true #!final\n"},
        {"DO_NOT_TRACK": "yes"},
        (False, False),
    ),
    "DO_NOT_TRACK overrides the user's variables": (
        {},
        {"DO_NOT_TRACK": "true", "CONDA_ANACONDA_ANON_USAGE": "on!important",
         "CONDA_ANACONDA_HEARTBEAT": "on!important"},
        (False, False),
    ),
    "DO_NOT_TRACK overrides the environment's file": (
        {"env/condarc": "anaconda_heartbeat: true #!final\n"},
        {"DO_NOT_TRACK": "1"},
        (False, False),
    ),
    "DO_NOT_TRACK overrides an unlocked setting of the system": (
        {SYSTEM: "anaconda_anon_usage: true\nanaconda_heartbeat: true\n"},
        {"DO_NOT_TRACK": "1"},
        (False, False),
    ),
    "DO_NOT_TRACK does not override a lock of the system": (
        {SYSTEM: "anaconda_anon_usage: true #!final\nanaconda_heartbeat: true #!final\n"},
        {"DO_NOT_TRACK": "1"},
        (True, True),
    ),
    "each setting is locked separately": (
        {SYSTEM: "anaconda_heartbeat: true #!final\n"},
        {"DO_NOT_TRACK": "1"},
        (False, True),
    ),
    "CONDA_ROOT does not make a directory the system's": (
        {"named/condarc": "anaconda_heartbeat: true #!final\n"},
        {"DO_NOT_TRACK": "1", "CONDA_ROOT": "named"},
        (False, False),
    ),
    "an environment below base is not the system's": (
        {"base/envs/mine/.condarc": "anaconda_heartbeat: true #!final\n"},
        {"DO_NOT_TRACK": "1", "CONDARC": "base/envs/mine/.condarc"},
        (False, False),
    ),
    "DO_NOT_TRACK=0 has no effect": (
        {USER: "anaconda_heartbeat: true\n"}, {"DO_NOT_TRACK": "0"}, (True, True)
    ),
    "DO_NOT_TRACK=false has no effect": (
        {USER: "anaconda_heartbeat: true\n"}, {"DO_NOT_TRACK": "False"}, (True, True)
    ),
    "an empty DO_NOT_TRACK has no effect": (
        {USER: "anaconda_heartbeat: true\n"}, {"DO_NOT_TRACK": ""}, (True, True)
    ),
    "an invalid value disables the setting": (
        {SYSTEM: "anaconda_anon_usage: true\nanaconda_heartbeat: true\n",
         USER: "anaconda_anon_usage: perhaps\nanaconda_heartbeat: ftp://example.org\n"},
        {},
        (False, False),
    ),
    "a number is an invalid setting": ({USER: "anaconda_heartbeat: 1\n"}, {}, (True, False)),
    "a list is an invalid setting": ({USER: "anaconda_heartbeat: [true]\n"}, {}, (True, False)),
    "a map is an invalid setting": ({USER: "anaconda_heartbeat: {on: true}\n"}, {}, (True, False)),
    "a URL turns the heartbeat on": (
        {USER: "anaconda_heartbeat: https://example.org/beat\n"},
        {},
        (True, "https://example.org/beat"),
    ),
    "a URL with a password is rejected": (
        {USER: "anaconda_heartbeat: https://me:secret@example.org/\n"}, {}, (True, False)
    ),
}  # fmt: skip


@pytest.mark.parametrize("situation", TABLE)
def test_the_strongest_source_decides(answerer, situation):
    """Both conda's context and this package evaluate every combination of sources."""
    files, variables, expected = TABLE[situation]
    answers = answerer.ask({"files": files, "variables": variables}, "conda", "files")
    actual = {
        source: (answer["anon_usage"], answer["heartbeat"]) for source, answer in answers.items()
    }
    assert actual == {"conda": expected, "files": expected}
