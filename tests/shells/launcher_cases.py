"""The cases in which a launcher starts Python, for heartbeat.sh and heartbeat.bat."""

from __future__ import annotations

from typing import NamedTuple

ON = "anaconda_heartbeat: true\n"
SHORT_LINES = ("#" * 63 + "\n") * (256 * 1024 // 64)
FINAL = "anaconda_heartbeat: true #!final\n"


class Case(NamedTuple):
    """A configuration, and whether the launcher starts Python.

    Args:
        files: contents by path below the home directory; a str is the content of ``.condarc``.
        starts: whether the launcher starts Python.
        variables: further variables, with ``{home}`` and ``{prefix}`` as placeholders.
        in_wine: False if wine 8 is wrong, so that only sh and real Windows run the case.
    """

    files: dict[str, str] | str
    starts: bool
    variables: dict[str, str] = {}  # noqa: RUF012
    in_wine: bool = True


def _value(text: str, starts: bool, **options) -> Case:
    return Case(f"channels: [a]\nanaconda_heartbeat: {text}\n", starts, **options)


def _variable(value: str, starts: bool) -> Case:
    return Case({}, starts, {"CONDA_ANACONDA_HEARTBEAT": value})


CASES = {
    "nothing": Case({}, False),
    "other settings": Case("channels: [a]\nenvs_dirs:\n  - D:\\envs\n", False),
    # Values that turn it on.
    "true": _value("true", True),
    "TRUE": _value("TRUE", True),
    "yes": _value("Yes", True),
    "on": _value("on", True),
    "y": _value("y", True),
    "1": _value("1", True),
    "quoted": Case("\"anaconda_heartbeat\": 'true'\n", True),
    "double-quoted": _value('"on"', True),
    "tabs": Case('"anaconda_heartbeat"\t:\ttrue\n', True),
    "comment behind": _value("true # why", True),
    "final": _value("true #!final", True),
    "URL": _value("https://example.org/no", True),
    "URL in quotes": _value('"HTTP://example.org/"', True),
    "indented": Case("  anaconda_heartbeat: true\n", True),
    "flow": Case("{channels: [a], anaconda_heartbeat: true}\n", True),
    "flow as JSON": Case('{"anaconda_heartbeat":true}\n', True),
    "second in a line": Case("{a: {anaconda_heartbeat: no}, anaconda_heartbeat: yes}\n", True),
    "CR LF": Case("channels: []\r\nanaconda_heartbeat: true\r\n", True),
    "no newline": Case("anaconda_heartbeat: true", True),
    # Values that need a YAML parser.
    "value below": Case("anaconda_heartbeat:\n  true\n", True),
    "comment for a value": Case("anaconda_heartbeat: # why\n  true\n", True),
    "quote only": Case('anaconda_heartbeat: "\n  true"\n', True),
    "tag": _value("!!bool true", True),
    "anchor": _value("&on true", True),
    "alias": Case("a: &on true\nanaconda_heartbeat: *on\n", True),
    "literal block": _value("|\n  true", True),
    "folded block": _value(">-\n  true", True),
    "escaped value": _value('"\\x74rue"', True),
    "escaped name": Case('"\\x61naconda_heartbeat": true\n', True),
    "anchored name": Case("a:\n  &b anaconda_heartbeat: off\n*b : true\n", True),
    "explicit name": Case("? anaconda_heartbeat\n: true\n", True),
    "merge key": Case("a: &a {anaconda_heartbeat: true}\n<<: *a\n", True),
    "CR": Case("channels: []\ranaconda_heartbeat: true\r", True),
    "CR after a comment": Case("# why\ranaconda_heartbeat: true\r", True, in_wine=False),
    # Values that are clearly off.
    "false": _value("false", False),
    "False": _value("False # on", False),
    "no": _value("'no'", False),
    "off": _value('"OFF"', False),
    "n": _value("n", False),
    "0": _value("0", False),
    "null": _value("null", False),
    "tilde": _value("~", False),
    "unknown word": _value("maybe", False),
    "word that begins like one": _value("yellow", False),
    "list": _value("[true]", False),
    "off and final": _value("false #!final", False),
    "off in CR LF": Case("anaconda_heartbeat: off\r\n", False),
    "off in flow": Case("{anaconda_heartbeat: false, channels: [a]}\n", False),
    "comment": Case("  # anaconda_heartbeat: true\n", False),
    "comment in CR LF": Case("# anaconda_heartbeat: true\r\n", False),
    # Variables.
    "variable true": _variable("true", True),
    "variable 1": _variable("1", True),
    "variable URL": _variable("https://example.org/", True),
    "variable false": _variable("FALSE", False),
    "variable off": _variable("off", False),
    "variable 0": _variable("0", False),
    "variable empty": _variable("", False),
    "variable off, file on": Case(ON, True, {"CONDA_ANACONDA_HEARTBEAT": "off"}),
    # Files.
    ".conda": Case({".conda/condarc": ON}, True),
    ".config": Case({".config/conda/.condarc": ON}, True),
    "condarc.d": Case({".conda/condarc.d/a b.yml": ON}, True, in_wine=False),
    "hidden in condarc.d": Case({".conda/condarc.d/.yaml": ON}, True, in_wine=False),
    "directory called .condarc": Case({".condarc/a.yml": ON}, True, in_wine=False),
    "not a condarc": Case({".conda/condarc.d/a.txt": ON, ".conda/a.yml": ON}, False),
    "XDG_CONFIG_HOME": Case({"x d g/conda/condarc": ON}, True, {"XDG_CONFIG_HOME": "{home}/x d g"}),
    "CONDA_ROOT": Case({"root/.condarc": ON}, True, {"CONDA_ROOT": "{home}/root"}),
    "CONDA_EXE": Case({"root/.condarc": ON}, True, {"CONDA_EXE": "{home}/root/Scripts/conda.exe"}),
    "CONDARC": Case({"x y": ON}, True, {"CONDARC": "{home}/x y"}),
    "CONDARC as a directory": Case({"rc/a.yml": ON}, True, {"CONDARC": "{home}/rc"}, in_wine=False),
    "CONDARC from home": Case({"rc.yml": ON}, True, {"CONDARC": "~/rc.yml"}),
    "CONDARC, relative": Case({"rc.yml": ON}, False, {"CONDARC": "rc.yml"}),
    "256 KB": Case(ON + SHORT_LINES[len(ON) :], True),
    "larger": Case(ON + SHORT_LINES[len(ON) - 1 :], False),
    # DO_NOT_TRACK.
    "DO_NOT_TRACK": Case(ON, False, {"DO_NOT_TRACK": "1"}),
    "DO_NOT_TRACK=0": Case(ON, True, {"DO_NOT_TRACK": "0"}),
    "DO_NOT_TRACK=False": Case(ON, True, {"DO_NOT_TRACK": "False"}),
    "DO_NOT_TRACK, blank": Case(ON, True, {"DO_NOT_TRACK": " "}),
    "DO_NOT_TRACK, final": Case(FINAL, True, {"DO_NOT_TRACK": "1"}),
    "DO_NOT_TRACK, final below": Case(
        "anaconda_heartbeat:\n  true #!final\n", True, {"DO_NOT_TRACK": "1"}
    ),
    "DO_NOT_TRACK, final above": Case(
        f"offline: false #!final\n{ON}", False, {"DO_NOT_TRACK": "1"}
    ),
    "DO_NOT_TRACK, off and final": Case(
        "anaconda_heartbeat: off #!final\n", False, {"DO_NOT_TRACK": "1"}
    ),
    "DO_NOT_TRACK, variable": Case(
        {}, False, {"DO_NOT_TRACK": "1", "CONDA_ANACONDA_HEARTBEAT": "true"}
    ),
    # Activations that do not count.
    "build": Case(ON, False, {"CONDA_BUILD": "1"}),
    "conda's own": Case(ON, False, {"_ANACONDA_HEARTBEAT_GUARD": "1"}),
    "reactivation": Case(ON, False, {"_ANACONDA_HEARTBEAT_1": "{prefix}"}),
    "other level": Case(ON, True, {"_ANACONDA_HEARTBEAT_2": "{prefix}"}),
    "other environment": Case(ON, True, {"_ANACONDA_HEARTBEAT_1": "{prefix}2"}),
}


def make_home(case: Case, home) -> None:
    """Create the home directory of a case."""
    home.mkdir(parents=True)
    files = {".condarc": case.files} if isinstance(case.files, str) else case.files
    for path, text in files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(text.encode())
