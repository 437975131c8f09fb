"""The command lines that the pages show are valid."""

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

#: Commands for troubleshooting.
LOOKS = [words for page, _, words in EXAMPLES if page == "docs/troubleshooting.md"]


@pytest.mark.parametrize(
    "page, text, words", EXAMPLES, ids=[f"{page}: {text}" for page, text, _ in EXAMPLES]
)
def test_the_parser_accepts_a_command(page, text, words, monkeypatch):
    """With its options and their values."""
    if words == ("heartbeat.activated",):
        launcher = (PROJECT / "etc/conda/anon-usage/heartbeat.sh").read_text()
        assert text.partition("python ")[2] in launcher
        return
    parsed = []
    monkeypatch.setattr(cli, "run", lambda parser, arguments: parsed.append(parser))
    cli.main(list(words))
    try:
        parsed[0].parse_args(words)
    except SystemExit as end:  # --help and --version exit
        assert 0 == end.code


def test_the_pages_show_every_command():
    """By name."""
    shown = {words[0] for _, _, words in EXAMPLES if words and not words[0].startswith("-")}
    assert {name for name, _, _ in cli.COMMANDS} <= shown


@pytest.mark.parametrize("page, name, value", sorted(set(condas_settings())))
def test_conda_config_is_shown_with_valid_settings(page, name, value):
    """And with valid values."""
    SETTINGS[name].meaning(value)


@pytest.mark.parametrize("words", sorted(set(LOOKS)), ids=" ".join)
def test_commands_for_troubleshooting_work(words, home, tmp_path):
    """Each is run, with --dry-run if it would send a heartbeat."""
    (tmp_path / "base" / "conda-meta").mkdir(parents=True)
    if "hooks" in words and "--remove" in words:
        pytest.skip("changes environments")
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
