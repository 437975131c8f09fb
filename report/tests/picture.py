"""Draw the picture of the project's README: a report on a simulated fleet, light and dark.

Run it with ``python tests/picture.py``. It writes docs/report-light.svg and docs/report-dark.svg.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import jinja2
from fleet import files, lines
from fleet.invent import DAY, Fleet
from reporting import report

from anaconda_anon_usage_report.output.page import write
from anaconda_anon_usage_report.output.page.content import choose
from anaconda_anon_usage_report.output.page.drawing import draw
from anaconda_anon_usage_report.results import Report

DOCS = Path(__file__).parents[2] / "docs"
#: The charts, and the tables that they are made of.
CHARTS = {"clients": "periods", "conda_versions": "conda_versions"}
THEMES = ("light", "dark")
#: Monday, 2026-06-01.
START = 20_605 * DAY
#: The weeks that are shown. Each week before them and of them, new clients arrive for six weeks.
WEEKS, BEFORE = 16, 5


def draw_pictures() -> dict[str, str]:
    """Return the picture for each theme."""
    requests = [
        request
        for week in range(-BEFORE, WEEKS)
        for request in Fleet(
            week + BEFORE, people=week + 2 * BEFORE, days=42, start=START + week * 7 * DAY
        ).requests
        if START <= request.time < START + WEEKS * 7 * DAY
    ]
    requests.sort(key=lambda request: request.time)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "access.log"
        files.write(log, [lines.nginx(request) for request in requests])
        tables = [f"--table={name}" for name in CHARTS.values()]
        found = report(log, "--by", "week", *tables, minimum=5)
    content = choose(Report(found.pop("totals"), found, "week", found.pop("skipped_lines")))
    charts = [content.charts[name] for name in CHARTS]
    environment = jinja2.Environment(
        autoescape=True,
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    template = environment.get_template("picture.svg.jinja")
    style = (Path(write.__file__).parent / "page.css").read_text(encoding="utf-8")
    palettes = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    return {
        theme: template.render(
            color=dict(re.findall(r"--(\w+): (#\w+)", palette)),
            content=content,
            charts=[(chart, draw(chart, content)) for chart in charts],
        )
        for theme, palette in zip(THEMES, palettes, strict=False)
    }


def main() -> None:
    """Write the pictures."""
    for theme, picture in draw_pictures().items():
        (DOCS / f"report-{theme}.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
