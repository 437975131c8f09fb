"""Which anaconda-anon-usage conda installs, with this package in a channel of its own.

docs/migration.md states these results.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from installed import PACKAGE
from stand_in_channels import CLIENTS, OTHERS, THEIRS, install, make_channels, our_record, record

from anaconda_anon_usage import __version__

HERE = Path(__file__).parent

NEEDED = ["anaconda-auth", "anaconda-client", "anaconda-navigator", PACKAGE]

OURS, LATER = f"ours {__version__}", "0.10.0"

#: The line that pins this package.
PIN = {"CONDA_PINNED_PACKAGES": f"ours::{PACKAGE}"}
AGGRESSIVE = {"CONDA_AGGRESSIVE_UPDATE_PACKAGES": PACKAGE}

#: conda's commands: the environment, the arguments, and variables.
COMMANDS = {
    "create": ("new", ["create", *NEEDED], {}),
    "update": ("with-ours", ["update", PACKAGE], {}),
    "update --all": ("with-ours", ["update", "--all"], {}),
    "install": ("with-ours", ["install", "anaconda-auth"], {}),
    "aggressive": ("with-ours", ["install", "anaconda-auth"], AGGRESSIVE),
    "update, pinned": ("with-ours", ["update", PACKAGE], PIN),
    "aggressive, pinned": ("with-ours", ["install", "anaconda-auth"], {**AGGRESSIVE, **PIN}),
    "take over": ("with-theirs", ["install", f"ours::{PACKAGE}"], {}),
    "go back": ("with-ours", ["install", f"{PACKAGE}={THEIRS}"], {}),
    "take over beside ident": ("with-ident", ["install", f"ours::{PACKAGE}"], {}),
    "update beside ident": ("with-ident", ["update", PACKAGE], {}),
    "add ident": ("with-ours", ["install", "anaconda-ident"], {}),
    "add ident, pinned": ("with-ours", ["install", "anaconda-ident"], PIN),
}

#: The package that conda chooses; "kept" if it changes nothing about the installed one.
CONDA = {
    # One channel: the higher version.
    ("both", "strict", "create"): f"both {__version__}",
    ("both", "flexible", "create"): f"both {__version__}",
    ("later", "strict", "create"): f"later {LATER}",
    # Ours first: ours, also if theirs has a higher version.
    **{
        (channels, priority, command): OURS if command in ("create", "take over") else "kept"
        for channels in ("ours,theirs", "ours,later")
        for priority in ("strict", "flexible")
        for command in ("create", "update", "update --all", "install", "aggressive", "take over")
        if channels == "ours,theirs" or command in ("create", "aggressive")
    },
    # Theirs first: conda compares channels before versions.
    **{
        (channels, priority, command): f"theirs {THEIRS}"
        for channels in ("theirs,ours", "theirs")
        for priority in ("strict", "flexible")
        for command in ("create", "update", "update --all", "aggressive")
        if channels == "theirs,ours" or command != "create"
    },
    ("theirs,ours", "flexible", "install"): "kept",
    ("theirs,ours", "flexible", "update, pinned"): "kept",
    ("theirs,ours", "flexible", "aggressive, pinned"): "kept",
    ("theirs,ours", "flexible", "take over"): OURS,
    ("theirs", "flexible", "install"): "kept",
    ("theirs", "flexible", "update, pinned"): "kept",
    ("theirs", "flexible", "aggressive, pinned"): "kept",
    # Strict priority excludes our channel's package, so a pin to it is not satisfiable.
    ("theirs,ours", "strict", "install"): f"theirs {THEIRS}",
    ("theirs,ours", "strict", "update, pinned"): f"theirs {THEIRS}",
    ("theirs,ours", "strict", "aggressive, pinned"): "UnsatisfiableError",
    ("theirs", "strict", "install"): f"theirs {THEIRS}",
    # The way back, with our channel first.
    ("ours,theirs", "flexible", "go back"): f"theirs {THEIRS}",
    # Never both this package and anaconda-ident, and conda removes neither on its own.
    ("ours,theirs", "flexible", "take over beside ident"): "UnsatisfiableError",
    ("ours,theirs", "flexible", "update beside ident"): "kept",
    ("ours,theirs", "flexible", "add ident"): f"theirs {THEIRS}",
    ("ours,theirs", "flexible", "add ident, pinned"): "SpecsConfigurationConflictError",
}  # fmt: skip

#: The same for py-rattler, which has no flexible priority and chooses freshly.
RATTLER = {
    ("both", "Strict"): f"both::{PACKAGE}={__version__}",
    ("theirs,ours", "Strict"): f"theirs::{PACKAGE}={THEIRS}",
    ("ours,theirs", "Strict"): f"ours::{PACKAGE}={__version__}",
    ("theirs,ours", "Disabled"): f"ours::{PACKAGE}={__version__}",
    ("ours,later", "Strict"): f"ours::{PACKAGE}={__version__}",
    ("ours,later", "Disabled"): f"later::{PACKAGE}={LATER}",
}


@pytest.fixture(scope="module")
def channels(tmp_path_factory) -> Path:
    """The directory of the channels, and of environments with packages from them."""
    directory = tmp_path_factory.mktemp("channels")
    make_channels(directory, LATER)
    theirs = (directory / "theirs").as_uri()
    others = [record(name, "3.11.7") for name in OTHERS]
    their_record = record(PACKAGE, THEIRS, ["python"])
    client = ("anaconda-ident", "0.6.0")
    ident = record(*client, CLIENTS[client])
    for name, ours, more in (
        ("with-ours", [our_record()], []),
        ("with-theirs", [], [their_record]),
        ("with-ident", [], [their_record, ident]),
    ):
        install(directory / name, {(directory / "ours").as_uri(): ours, theirs: [*others, *more]})
    return directory


@pytest.fixture(scope="module")
def conda_chooses(channels, conda_root, session_environ, tmp_path_factory) -> dict:
    """What conda does in each case, from one process."""
    questions = []
    for names, priority, command in CONDA:
        prefix, arguments, variables = COMMANDS[command]
        chosen = {
            "CONDA_CHANNEL_ALIAS": channels.as_uri(),
            "CONDA_CHANNELS": names,
            "CONDA_CHANNEL_PRIORITY": priority,
            **variables,
        }
        questions.append([[*arguments, "--prefix", str(channels / prefix)], chosen])
    variables = {
        "CONDA_ADD_PIP_AS_PYTHON_DEPENDENCY": "false",
        "CONDA_PKGS_DIRS": str(tmp_path_factory.mktemp("packages")),
        "CONDA_SUBDIR": "linux-64",
    }
    done = subprocess.run(
        [conda_root / "bin" / "python", "-I", HERE / "conda_solves.py"],
        input=json.dumps(questions),
        env={**session_environ, **variables},
        stdout=subprocess.PIPE,
        text=True,
        timeout=240,
    )
    return dict(zip(CONDA, json.loads(done.stdout)))


def outcome(answer: dict) -> str:
    """Return the channel and version that conda would install, "kept" or the error."""
    if "error" in answer:
        return answer["error"]
    actions = answer.get("actions", {})
    linked = {each["name"]: each for each in actions.get("LINK", [])}
    assert set() == {each["name"] for each in actions.get("UNLINK", [])} - set(linked)
    if PACKAGE not in linked:
        return "kept"
    return f"{linked[PACKAGE]['channel'].rpartition('/')[2]} {linked[PACKAGE]['version']}"


@pytest.mark.parametrize("case", CONDA, ids=" ".join)
def test_conda_chooses_by_channel_and_then_by_version(conda_chooses, case):
    """The classic solver; libmamba is not on PyPI."""
    assert CONDA[case] == outcome(conda_chooses[case])


def test_rattler_chooses_by_channel_and_then_by_version(channels, session_environ):
    """It takes the channels' order only with strict priority."""
    questions = [
        [[(channels / name).as_uri() for name in names.split(",")], NEEDED, priority]
        for names, priority in RATTLER
    ]
    done = subprocess.run(
        [sys.executable, "-I", HERE / "rattler_solves.py"],
        input=json.dumps(questions),
        env=session_environ,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    solutions = json.loads(done.stdout)
    found = [[each for each in solution if PACKAGE in each] for solution in solutions]
    assert [[expected] for expected in RATTLER.values()] == found
