"""Render the page and write it to its file."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
from pathlib import Path

import jinja2

from ...measures.definitions import CLIENTS
from ...results import Report
from .content import choose
from .drawing import draw, history
from .model import Content

_FOLDER = Path(__file__).parent

#: Characters that could end the data's element, or a line in old versions of JavaScript.
_ESCAPED = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def write_page(report: Report, path: Path) -> None:
    """Write a report as one self-contained HTML page, whose old version stays until it is whole.

    Args:
        report: The report.
        path: The file.

    Raises:
        OSError: The file cannot be written.
    """
    page = render(report)
    target = path.resolve()
    # A web server may serve the file meanwhile.
    new = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        if target.exists() and not target.is_file():  # such as /dev/null
            target.write_text(page, encoding="utf-8")
            return
        with new.open("x", encoding="utf-8") as file:
            file.write(page)
        new.replace(target)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        with contextlib.suppress(OSError):
            new.unlink()


def render(report: Report) -> str:
    """Return the page of a report."""
    content = choose(report)
    style = (_FOLDER / "page.css").read_text(encoding="utf-8")
    script = (_FOLDER / "page.js").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True,
        loader=jinja2.FileSystemLoader(_FOLDER),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["history"] = history
    return environment.get_template("page.html.jinja").render(
        content=content,
        introduction=CLIENTS,
        data=_data(content),
        drawings={name: draw(chart, content) for name, chart in content.charts.items()},
        policy=_policy(style, script),
        script=script,
        style=style,
    )


def _policy(style: str, script: str) -> str:
    """Return a policy that allows nothing but the page's own style, script and empty icon."""
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src {_hash(style)}; script-src {_hash(script)}"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _data(content: Content) -> str:
    """Return the values of the charts as JSON in which no markup can begin."""
    charts = {
        name: {
            "shares": chart.kind == "shares",
            "series": [{"name": one.name, "values": one.values} for one in chart.series],
        }
        for name, chart in content.charts.items()
    }
    value = {"periods": content.periods, "incomplete": content.incomplete, "charts": charts}
    return json.dumps(value, separators=(",", ":")).translate(_ESCAPED)
