"""Open pages in a headless Chromium, and watch what it requests and says."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
    # Nothing reaches a server, whatever a page does.
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
AXE = Path(__file__).parents[2] / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js"

#: The cells of the rows of a table: what <data> says, else the text.
CELLS = """
return [...document.querySelectorAll(`${arguments[0]} tbody tr`)].map((row) =>
  [...row.cells].map((cell) => cell.querySelector("data")?.value ?? cell.textContent.trim()));
"""


class Browser:
    """A Chromium.

    Args:
        driver: the driver of the Chromium.
    """

    def __init__(self, driver: webdriver.Chrome):
        self.driver = driver

    def open(self, page: Path, *, width: int = 1280, scripts: bool = True, **media: str) -> None:
        """Open a page in a window of a width, without the messages of pages before.

        Args:
            page: the file.
            width: the width of the window; a phone's below 500.
            scripts: whether scripts run.
            media: the media type as ``media``, or features such as ``prefers_color_scheme``.
        """
        kind = media.pop("media", "")
        features = [{"name": n.replace("_", "-"), "value": value} for n, value in media.items()]
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self._command("Emulation.setDeviceMetricsOverride", **size)
        self._command("Emulation.setEmulatedMedia", media=kind, features=features)
        self._command("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.messages()
        self.requests()
        self.driver.get(page.as_uri())

    def run(self, script: str, *arguments: object) -> Any:
        """Run a script in the page and return its value."""
        return self.driver.execute_script(script, *arguments)

    def cells(self, selector: str) -> list[list[str]]:
        """Return the cells of the rows of a table."""
        rows: list[list[str]] = self.run(CELLS, selector)
        return rows

    def messages(self) -> list[str]:
        """Return the messages in the console since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Return the URLs requested since the last call."""
        events = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def violations(self) -> list[str]:
        """Return what axe-core finds wrong with the page."""
        self.run(required(AXE).read_text(encoding="utf-8"))
        found: list[str] = self.driver.execute_async_script(
            """
            const done = arguments[0];
            axe.run({resultTypes: ["violations"]}).then((result) => done(result.violations.flatMap(
              (rule) => rule.nodes.map((node) => `${rule.id}: ${node.html} ${node.failureSummary}`)
            )));
            """
        )
        return found

    def _command(self, name: str, **parameters: object) -> Any:
        return self.driver.execute_cdp_cmd(name, parameters)


@contextlib.contextmanager
def start(profile: Path) -> Iterator[Browser]:
    """Start a Chromium, and end it.

    Args:
        profile: the directory of its data.
    """
    options = webdriver.ChromeOptions()
    options.binary_location = str(program("chromium"))
    for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(str(program("chromedriver")))
    driver = webdriver.Chrome(options=options, service=service)
    try:
        driver.set_page_load_timeout(60)
        driver.set_script_timeout(60)
        yield Browser(driver)
    finally:
        driver.quit()


def program(name: str) -> Path:
    """Return the path of a program; skip the test if it is missing, or fail it in CI."""
    return required(Path(shutil.which(name) or name))


def required(path: Path) -> Path:
    """Return a path; skip the test if it does not exist, or fail it in CI."""
    if not path.is_file():
        if os.environ.get("CI"):
            pytest.fail(f"{path.name} is not installed")
        pytest.skip(f"{path.name} is not installed")
    return path
