"""docs/receiving.md shows valid commands and what the configurations say."""

from __future__ import annotations

import re
import shlex

import pytest
from receivers import PROJECT

from anaconda_anon_usage_report.arguments import make_parser

PAGE = (PROJECT / "docs" / "receiving.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"^```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
REPORTS = [line for line in COMMANDS if re.match(r"(\S*/)?aau-report ", line)]


def test_the_first_report_needs_ten_commands():
    first = COMMANDS.index(next(line for line in COMMANDS if line.startswith("apt-get ")))
    last = COMMANDS.index(REPORTS[0])
    assert last - first + 1 == 10


@pytest.mark.parametrize("line", REPORTS)
def test_the_parser_accepts_a_command(line):
    make_parser().parse_args(shlex.split(line)[1:])


@pytest.mark.parametrize("option", sorted(set(re.findall(r"`(--[a-z-]+)", PAGE))))
def test_the_parser_has_an_option(option):
    assert option in make_parser().format_help()


def test_limits_are_those_of_the_configurations():
    nginx, caddy, rotation, service, timer = (
        (PROJECT / "etc" / name).read_text()
        for name in (
            "nginx/heartbeat.conf",
            "caddy/Caddyfile",
            "logrotate.d/conda-anon-usage",
            "systemd/system/aau-report.service",
            "systemd/system/aau-report.timer",
        )
    )
    for text, line in (
        (nginx, "rate=500r/s;"),
        (nginx, "burst=1000 nodelay;"),
        (nginx, "limit_req_status 429;"),
        (nginx, "client_max_body_size 1k;"),
        (nginx, "large_client_header_buffers 2 8k;"),
        (nginx, "install -d -o root -g www-data -m 750 /var/log/conda-anon-usage"),
        (caddy, "roll_size 10MiB"),
        (caddy, "roll_keep_for 336h"),
        (rotation, "rotate 13"),
        (service, " collect /var/log/conda-anon-usage --into /var/lib/aau-report/store\n"),
        (service, " --html /var/lib/aau-report/usage.html\n"),
        (timer, "OnCalendar=03:00\nRandomizedDelaySec=30min\n"),
    ):
        assert line in text


def test_the_script_runs_the_commands_of_the_page():
    script = (PROJECT / "etc" / "set-up-receiver.sh").read_text()
    for line in COMMANDS:
        if line.startswith(("apt-get ", "python3 ", "install ", "useradd ")):
            assert line.removeprefix("apt-get install -y ") in script
