"""docs/architecture.md knows every module, and the guide quotes what the code says."""

from __future__ import annotations

import re

from markdown_text import PROJECT, page, plain, sections, spans, tables

from anaconda_anon_usage import heartbeat
from anaconda_anon_usage.heartbeat import slots
from anaconda_anon_usage.settings import condarc

PACKAGE = PROJECT / "anaconda_anon_usage"


def test_every_module_is_in_the_table_once():
    """And no other name is."""
    [table] = tables(sections(page("architecture"))["Modules of anaconda_anon_usage"])
    listed = [plain(row["Module"]) for row in table if not row["Module"].startswith("**")]
    assert sorted(path.stem for path in PACKAGE.glob("*.py")) == sorted(listed)


def test_functions_that_are_named_beside_a_file_are_in_it():
    """So that a reader finds them."""
    wrong = []
    for name in ("architecture", "privacy"):
        for function, _, file in re.findall(
            r"`([\w.()]+)` in \[(\w+\.\w+)\]\(\.\./([\w./-]+)\)", page(name)
        ):
            if function not in (PROJECT / file).read_text():
                wrong.append((function, file))
    assert [] == wrong


def test_messages_are_the_codes():
    """Where the page has an ellipsis, anything may stand."""
    code = "\n".join(path.read_text() for path in sorted(PACKAGE.glob("*.py")))
    text = sections(page("troubleshooting"))
    [table] = tables(text["What the messages mean"])
    refused = spans(text["`conda config` refuses"])
    messages = [span for row in table for span in spans(row["Message"])]
    messages += [span for span in refused if span.startswith("neither")]
    parts = [part.strip() for message in messages for part in re.split("…", message)]
    # One is made of the setting's name and of the reason.
    parts = [part.removeprefix("ssl_verify: ").rstrip(":") for part in parts]
    assert [] == [part for part in parts if part not in code]


def test_headings_of_the_status_are_the_codes():
    """In the table that explains them."""
    [table] = tables(page("troubleshooting"))[:1]
    code = (PACKAGE / "cli" / "status.py").read_text()
    headings = [span for row in table for span in spans(row["What it prints"])]
    assert [] == [heading for heading in headings if f'"{heading}"' not in code]


def test_limits_are_the_codes():
    """Seconds, kilobytes and numbers of processes."""
    rows = {row["What"]: row["Limit"] for row in tables(page("activation"))[0]}
    limits = [*rows.values()]
    assert f"{heartbeat.DEADLINE:g} seconds" in limits[0]
    assert f"after {int(heartbeat.DEADLINE) + 1}" in limits[0]
    assert f"{condarc.SIZE_LIMIT // 1024} KB" == limits[2]
    of_turns = f"{slots.PER_PROCESSOR} for each processor, at least {slots.MINIMUM}"
    assert limits[3].startswith(f"{of_turns}, at work; {slots.WAITING} more wait; ")
    launcher = (PROJECT / "etc/conda/anon-usage/heartbeat.sh").read_text()
    assert "ulimit -S -t 2\n" in launcher
    assert "ulimit -S -d 100000\n" in launcher
    assert "$((32 * $#))" in launcher
