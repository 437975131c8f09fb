"""docs/architecture.md lists all folders, and the pages quote the code correctly."""

from __future__ import annotations

import re

from markdown_text import PROJECT, page, plain, sections, spans, tables

from anaconda_anon_usage import heartbeat
from anaconda_anon_usage.heartbeat import slots
from anaconda_anon_usage.settings import condarc

PACKAGE = PROJECT / "anaconda_anon_usage"


def test_every_folder_is_in_the_table_once():
    """So is every module beside them."""
    [table] = tables(sections(page("architecture"))["The package anaconda_anon_usage"])
    listed = [plain(row["Folder or module"]) for row in table]
    folders = [f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")]
    modules = [path.name for path in PACKAGE.glob("*.py") if not path.name.startswith("__")]
    assert sorted([*folders, *modules]) == sorted(listed)
    assert [] == [
        name
        for row in table
        for name in spans(row["Important modules"])
        if name.endswith(".py") and not (PACKAGE / plain(row["Folder or module"]) / name).exists()
    ]


def test_functions_are_in_the_file_that_a_page_names():
    """In the tables of code for each promise."""
    wrong = []
    for name in ("architecture", "privacy"):
        for function, _, file in re.findall(
            r"`([\w.()]+)` in \[([\w.]+)\]\(\.\./([\w./-]+)\)", page(name)
        ):
            if function not in (PROJECT / file).read_text():
                wrong.append((function, file))
    assert [] == wrong


def test_messages_match_the_code():
    """An ellipsis on the page stands for any text."""
    code = "\n".join(path.read_text() for path in sorted(PACKAGE.rglob("*.py")))
    text = sections(page("troubleshooting"))
    [table] = tables(text["Messages"])
    refused = spans(text["conda config fails"])
    messages = [span for row in table for span in spans(row["Message"])]
    messages += [span for span in refused if span.startswith("neither")]
    parts = [part.strip() for message in messages for part in re.split("…", message)]
    # The code adds the setting's name.
    parts = [part.removeprefix("ssl_verify: ").rstrip(":") for part in parts]
    assert [] == [part for part in parts if part not in code]


def test_headings_of_the_status_match_the_code():
    """In docs/troubleshooting.md."""
    [table] = tables(page("troubleshooting"))[:1]
    code = (PACKAGE / "cli" / "status.py").read_text()
    headings = [span for row in table for span in spans(row["Output"])]
    assert [] == [heading for heading in headings if f'"{heading}"' not in code]


def test_limits_match_the_code():
    """Seconds, kilobytes and numbers of processes."""
    rows = {row["Limit"]: row["Value"] for row in tables(page("activation"))[0]}
    limits = [*rows.values()]
    assert f"{heartbeat.DEADLINE:g} seconds" in limits[0]
    assert f"after {int(heartbeat.DEADLINE) + 1}" in limits[0]
    assert f"{condarc.SIZE_LIMIT // 1024} KB" == limits[2]
    running = f"{slots.PER_PROCESSOR} per processor, at least {slots.MINIMUM}"
    assert limits[3].startswith(f"{running}; {slots.WAITING} more wait; ")
    launcher = (PROJECT / "etc/conda/anon-usage/heartbeat.sh").read_text()
    assert "ulimit -S -t 2\n" in launcher
    assert "ulimit -S -d 100000\n" in launcher
    assert "$((32 * $#))" in launcher
