"""The commands that the pages show are commands: the real parser takes them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from conda_root import clean_environ
from example_commands import condas_settings, examples
from markdown_text import PROJECT

from anaconda_anon_usage import cli
from anaconda_anon_usage.settings.policy import SETTINGS

EXAMPLES = sorted(set(map(tuple, ((e.page, e.text, tuple(e.words)) for e in examples()))))

#: Commands that only look.
LOOKS = [words for page, _, words in EXAMPLES if page == "docs/troubleshooting.md"]


@pytest.mark.parametrize(
    "page, text, words", EXAMPLES, ids=[f"{page}: {text}" for page, text, _ in EXAMPLES]
)
def test_the_parser_takes_a_command(page, text, words, capsys):
    """With its options and their values; and heartbeat.py the one of the launcher's."""
    if words == ("heartbeat", "--activated"):
        launcher = (PROJECT / "etc/conda/anon-usage/heartbeat.sh").read_text()
        assert text.partition("python ")[2] in launcher
        return
    try:
        cli._parser("anaconda-anon-usage").parse_args(words)
    except SystemExit as end:  # --help and --version end here
        assert ("", 0) == (capsys.readouterr().err, end.code)


def test_the_pages_show_every_command():
    """And there is something to look at in this file."""
    shown = {words[0] for _, _, words in EXAMPLES if words and not words[0].startswith("-")}
    assert {name for name, _, _ in cli.COMMANDS} <= shown


@pytest.mark.parametrize("page, name, value", sorted(set(condas_settings())))
def test_settings_that_conda_is_told_exist(page, name, value):
    """With values that they can have."""
    SETTINGS[name].meaning(value)


@pytest.mark.parametrize("words", sorted(set(LOOKS)), ids=" ".join)
def test_commands_for_troubleshooting_work(words, home, tmp_path):
    """Each is run: the looking ones as they stand, the one that sends as a dry run."""
    (tmp_path / "base" / "conda-meta").mkdir(parents=True)
    if "hooks" in words and "--remove" in words:
        pytest.skip("it does more than look")
    arguments = [*words, "--dry-run"] if words[:1] == ("heartbeat",) else list(words)
    done = subprocess.run(
        [sys.executable, "-m", "anaconda_anon_usage", *arguments],
        env=clean_environ(
            home, PYTHONPATH=str(PROJECT), CONDA_EXE=str(tmp_path / "base" / "bin" / "conda")
        ),
        cwd=os.sep,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout
