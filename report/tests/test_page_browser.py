"""The page in a real Chromium: on a desktop, a phone, in the dark, on paper, without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser import Browser, start
from page_logs import MARKUP, markup_log
from reporting import report as run_report
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from year import last_weeks, year

from anaconda_anon_usage_report.measures.definitions import MEASURES, POPULATIONS, TABLES
from anaconda_anon_usage_report.output import write_page

OPEN = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
SCRIPT_MADE = (
    "return [document.scripts.length, document.querySelectorAll('img, b').length, window.pwned]"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Browser]:
    """A Chromium for all tests."""
    with start(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    """The page of a year by week."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    write_page(year(), path)
    return path


@pytest.fixture(scope="module")
def short_page(tmp_path_factory) -> Path:
    """The page of a few weeks."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    write_page(last_weeks(5), path)
    return path


LOOKS: dict[str, dict[str, Any]] = {
    "desktop": {},
    "phone": {"width": 360},
    "dark": {"prefers_color_scheme": "dark"},
    "dark phone": {"width": 360, "prefers_color_scheme": "dark"},
    "print": {"media": "print"},
}


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_no_violation(browser, short_page, look):
    browser.open(short_page, **LOOKS[look])
    browser.run(OPEN)
    assert browser.violations() == []


@pytest.mark.parametrize("look", LOOKS)
def test_the_page_is_quiet_and_no_wider_than_its_window(browser, page, look):
    browser.open(page, **LOOKS[look])
    browser.run(OPEN)
    width, window = browser.run(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert width == window
    assert browser.messages() == []
    assert browser.requests() == [page.as_uri()]


def test_the_policy_blocks_scripts_styles_and_requests_of_others(browser, page):
    browser.open(page)
    blocked = browser.driver.execute_async_script(
        """
        const done = arguments[0], found = new Set();
        document.addEventListener("securitypolicyviolation", (event) => {
          found.add(event.effectiveDirective);
          if (found.size === 4) done([...found].sort());
        });
        const add = (name, values) => document.body.append(
          Object.assign(document.createElement(name), values));
        add("script", { textContent: "window.pwned = 1" });
        add("style", { textContent: "body { display: none }" });
        add("img", { src: "http://192.0.2.1/x.png" });
        fetch("http://192.0.2.1/").catch(() => 0);
        """
    )
    assert blocked == ["connect-src", "img-src", "script-src-elem", "style-src-elem"]
    assert browser.run("return window.pwned") is None


def test_the_pointer_and_the_keyboard_show_the_values_of_a_period(browser, page):
    report = year()
    browser.open(page)
    plot = browser.driver.find_element(By.CSS_SELECTOR, "[data-chart=clients]")
    tip = plot.find_element(By.CLASS_NAME, "tip")
    assert not tip.is_displayed()
    ActionChains(browser.driver).move_to_element(plot).perform()
    assert tip.text == told(report.tables["periods"][26])
    image = plot.find_element(By.TAG_NAME, "svg")
    image.send_keys(Keys.ARROW_LEFT)
    assert tip.text == told(report.tables["periods"][25])
    image.send_keys(Keys.END)
    assert tip.text == told(report.tables["periods"][-1])
    image.send_keys(Keys.ESCAPE)
    assert not tip.is_displayed()


def told(row: dict[str, Any]) -> str:
    """Return the text that is shown for a period."""
    head = row["period"] + (" (incomplete)" if row["incomplete"] else "")
    names = {"Clients": "clients", "Clients, lasting": "clients_lasting"}
    names["Environments"] = "environments"
    return "\n".join([head, *(f"{title}\n{row[name]:,}" for title, name in names.items())])


def test_shares_are_shown_beside_clients(browser, page):
    browser.open(page)
    plot = browser.driver.find_element(By.CSS_SELECTOR, "[data-chart=systems]")
    plot.find_element(By.TAG_NAME, "svg").send_keys(Keys.HOME)
    rows = [row for row in year().tables["systems"] if row["period"] == "2025-W48"]
    total = sum(row["clients"] for row in rows)
    lines = plot.find_element(By.CLASS_NAME, "tip").text.splitlines()[2::2]
    assert lines == [f"{r['clients']:,} ({r['clients'] * 100 / total:.1f}%)" for r in rows]


def test_tables_open_with_the_keyboard(browser, page):
    browser.open(page)
    every = browser.driver.find_elements(By.CSS_SELECTOR, "figure > details")
    plots = browser.driver.find_elements(By.CSS_SELECTOR, "[data-chart], [data-bars]")
    assert len(every) == len(plots) == 14
    for details in every:
        details.find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
        assert details.find_element(By.TAG_NAME, "table").is_displayed()


def test_charts_are_named_and_headers_lead_to_definitions(browser, page):
    browser.open(page)
    for image in browser.driver.find_elements(By.CSS_SELECTOR, "[data-chart] > svg"):
        assert image.aria_role in {"image", "img"}
        assert image.accessible_name.endswith("Its numbers are in the table below.")
    targets = browser.run(
        "return [...document.querySelectorAll('thead a')].map((one) => one.getAttribute('href'))"
    )
    found = browser.run(
        "return arguments[0].filter((one) => document.querySelector(one) === null)", targets
    )
    assert len(targets) > 100
    assert found == []


def test_the_page_lacks_only_the_pointer_without_scripts(browser, page):
    selector = "main :is(h2, h3, p, td, th, dd, path, text)"
    texts = f"return [...document.querySelectorAll('{selector}')].map((one) => one.outerHTML)"
    browser.open(page)
    expected = browser.run(texts)
    browser.open(page, scripts=False)
    assert browser.run(texts) == expected
    assert browser.driver.find_elements(By.CSS_SELECTOR, "[data-chart] [tabindex]") == []
    summary = browser.driver.find_element(By.CSS_SELECTOR, "figure summary")
    summary.send_keys(Keys.ENTER)
    assert browser.driver.find_element(By.CSS_SELECTOR, "figure table").is_displayed()


def test_dark_colors_are_not_printed(browser, page):
    color = "return getComputedStyle(document.body).backgroundColor"
    browser.open(page, prefers_color_scheme="dark")
    assert browser.run(color) == "rgb(15, 19, 24)"
    browser.open(page, prefers_color_scheme="dark", media="print")
    assert browser.run(color) == "rgb(255, 255, 255)"


def test_a_log_with_markup_in_every_field_adds_no_element(browser, tmp_path):
    log, html = tmp_path / "access.log", tmp_path / "page.html"
    log.write_bytes(markup_log())
    tables = ("packages", "package_versions", "channels", "conda_versions", "organizations")
    options = [word for table in tables for word in ("--table", table)]
    found = run_report(log, "--html", html, "--package", MARKUP, "--channel", MARKUP, *options)
    assert [row["project"] for row in found["packages"]] == [MARKUP]
    assert [row["channel"] for row in found["channels"]] == [MARKUP] * 2
    browser.open(html)
    # <b> is in the change of a card, which needs a period before.
    assert browser.run(SCRIPT_MADE) == [2, 0, None]
    assert browser.cells("[data-table=packages]")[0][0] == MARKUP
    assert browser.cells("[data-table=channels]")[0][0] == MARKUP
    assert browser.cells("[data-table=package_versions]")[0][0] == MARKUP
    assert browser.messages() == []
    assert browser.requests() == [html.as_uri()]


@pytest.mark.parametrize("text", [MARKUP, "</script><script>pwned=1</script>", "]]>--><img>'\"&"])
def test_markup_in_every_text_of_a_report_adds_no_element(browser, tmp_path, text):
    original = year()
    keys = {key for table in TABLES.values() for key in table.keys} - {"incomplete"}
    tables = {
        name: [{k: text if k in keys else v for k, v in row.items()} for row in rows[-2:]]
        for name, rows in original.tables.items()
    }
    skipped = [skip._replace(file=text, reason=text) for skip in original.skipped]
    write_page(replace(original, tables=tables, skipped=skipped), tmp_path / "page.html")
    browser.open(tmp_path / "page.html")
    for plot in browser.driver.find_elements(By.CSS_SELECTOR, "[data-chart]"):
        plot.find_element(By.TAG_NAME, "svg").send_keys(Keys.END)
        assert text in (plot.find_element(By.CLASS_NAME, "tip").get_property("textContent") or "")
    scripts, images, pwned = browser.run(SCRIPT_MADE.replace(", b'", "'"))
    assert (scripts, images, pwned) == (2, 0, None)
    assert browser.messages() == []


def test_a_report_of_one_incomplete_period_is_shown(browser, tmp_path):
    write_page(replace(last_weeks(1), by=None, skipped=[]), tmp_path / "page.html")
    browser.open(tmp_path / "page.html")
    assert "incomplete" in browser.driver.find_element(By.ID, "now").text
    assert browser.driver.find_elements(By.CSS_SELECTOR, ".change b, .history") == []
    assert browser.violations() == []
    assert browser.messages() == []


def test_numbers_say_their_definitions(browser, page):
    browser.open(page)
    for card in browser.driver.find_elements(By.CSS_SELECTOR, "[data-card]"):
        name = card.get_attribute("data-card") or ""
        measure = MEASURES[re.sub("_lasting$", "", name)]
        suffix = name.removeprefix(measure.name)
        sentence = POPULATIONS[suffix][1] if suffix else measure.sentence
        assert card.find_element(By.CLASS_NAME, "definition").text == sentence
