"""The page of ``--format html`` in a real browser: it opens quietly, and what one clicks, types and presses works.

Needs Chromium, its driver and the package selenium; without them these tests are skipped.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lockcheck import check
from lockcheck.report.as_html import as_html

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
DRIVER = shutil.which("chromedriver")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--window-size=1400,900",
)  # fmt: skip
SECONDS = 10

MODEL = """
lockcheck: 1
title: a cache that is filled and drained
configs: {CONFIG_DRAIN: n}
locks: {cache: mutex, pool: mutex, stats: spinlock}
functions:
  item_dtor:
    role: dtor
    steps: [{spin_lock: stats}, {spin_unlock: stats}]
  fill:
    entry: task
    steps:
      - mutex_lock: cache
        do:
          - mutex_lock: pool
            do: [{call: item_dtor}]
  drain:
    entry: task
    when: CONFIG_DRAIN
    steps:
      - mutex_lock: pool
        do: [{mutex_lock: cache, do: []}]
"""

LOG = """
lockcheck: 1
title: a log, read in interrupts
locks: {log: mutex, log_tail: spinlock, "</script><img src=x>": mutex}
functions:
  write_log:
    entry: task
    steps:
      - mutex_lock: log
        do: [{spin_lock: log_tail, do: []}]
      - mutex_lock: "</script><img src=x>"
        do: [{mutex_lock: log, do: []}, {spin_lock: log_tail, do: []}]
  read_log:
    entry: hardirq
    steps: [{spin_lock: log_tail}, {spin_unlock: log_tail}]
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A browser without a window, of a profile of its own, that is never asked to reach the network."""
    selenium = pytest.importorskip("selenium.webdriver", reason="the package selenium is not installed")
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("Chromium and chromedriver are not installed")
    from selenium.webdriver.chrome.service import Service

    options = selenium.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    found = selenium.Chrome(options=options, service=Service(DRIVER))
    found.set_script_timeout(SECONDS)
    yield found
    found.quit()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the sample model, checked in both of its configs."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "cache.yaml").write_text(MODEL, encoding="utf-8")
    (folder / "log.yaml").write_text(LOG, encoding="utf-8")
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = check(["cache.yaml", "log.yaml"], all_configs=True)
    finally:
        os.chdir(before)
    assert not result.problems
    path = folder / "report.html"
    path.write_text(as_html(result), encoding="utf-8")
    return path


@pytest.fixture
def page(browser: Chrome, report: Path) -> Chrome:
    """The page, freshly loaded, with an empty log."""
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(report.as_uri())
    return browser


def ask(page: Chrome, script: str) -> Any:
    """The value of an expression in the page."""
    return page.execute_script(f"return {script}")


def drawn(page: Chrome) -> set[str]:
    """The names of the classes that the graph shows."""
    return set(ask(page, "lockcheckPage.canvas.nodes().map(one => one.data('label').split('\\n')[0])"))


def rows(page: Chrome) -> list[str]:
    """The texts of the rows of the open list."""
    found: list[str] = ask(page, "[...document.querySelectorAll('#list a.row')].map(one => one.innerText)")
    return found


def detail(page: Chrome) -> str:
    """What the middle of the page says."""
    found: str = ask(page, "document.getElementById('detail').innerText")
    return found


def choose(page: Chrome, select: str, value: str) -> None:
    """Pick a value of a selection, as a user does."""
    page.execute_script(
        "const box = document.getElementById(arguments[0]); box.value = arguments[1];"
        "box.dispatchEvent(new Event('change'))", select, value,
    )  # fmt: skip


def press(page: Chrome, *keys: str) -> None:
    """Press keys, one after the other."""
    from selenium.webdriver.common.action_chains import ActionChains

    for key in keys:
        ActionChains(page).send_keys(key).perform()


def test_opens_without_a_word_in_the_console(page: Chrome) -> None:
    """The page loads, draws the findings first, and nothing in it breaks its own security policy."""
    assert page.get_log("browser") == []
    assert ask(page, "lockcheckPage.ready") is True
    assert {"cache", "pool"} <= drawn(page)
    assert "log_tail" in detail(page)


def test_names_are_only_text(page: Chrome) -> None:
    """A lock whose name looks like markup is shown as it is written, and makes no element."""
    choose(page, "scope", "all")

    assert "</script><img src=x>" in drawn(page)
    assert ask(page, "document.images.length") == 0


def test_search_finds_findings_classes_and_nodes(page: Chrome) -> None:
    """What is typed narrows both lists and marks the classes in the graph."""
    choose(page, "scope", "all")
    page.find_element("id", "search").send_keys("pool")

    assert [row for row in rows(page) if "pool" not in row] == []
    assert len(rows(page)) == 1
    page.find_element("id", "tab-classes").click()
    assert [row.split("\n")[0] for row in rows(page)] == ["pool"]
    assert ask(page, "lockcheckPage.canvas.nodes('.match').length") == 1


def test_an_edge_opens_its_witnesses(page: Chrome) -> None:
    """A tap on a dependency shows who takes what under what, with places, and the finding it is part of."""
    page.execute_script(
        "lockcheckPage.canvas.edges().filter(one => one.source().data('label').startsWith('cache')"
        " && one.target().data('label').startsWith('pool')).emit('tap')"
    )

    wait_for(page, "location.hash === '#edge/cache/pool'")
    told = detail(page)
    assert "cache -> pool" in told
    assert "mutex_lock(pool)" in told
    assert "cache.yaml:15" in told
    assert "circular dependency" in told


def wait_for(page: Chrome, condition: str) -> None:
    """Wait until an expression of the page is true."""
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(page, SECONDS, poll_frequency=0.02).until(lambda _: ask(page, condition))


def test_only_the_circle(page: Chrome) -> None:
    """Opening a finding draws its circle alone, with its table; neighbours come when they are asked for."""
    choose(page, "scope", "all")
    page.find_element("css selector", "#list a.row.error[href]").click()
    wait_for(page, "location.hash.startsWith('#finding/')")

    assert "Schedule" in detail(page)
    assert "waits for CPU" in detail(page)
    circle = drawn(page)
    choose(page, "depth", "1")
    assert circle < drawn(page)


def test_around_a_lock(page: Chrome) -> None:
    """A class is drawn with what is taken under and around it, and says how it is used."""
    page.execute_script("location.hash = '#class/log'")
    wait_for(page, "document.getElementById('around')")
    page.find_element("id", "around").click()

    assert drawn(page) == {"log", "log_tail", "</script><img src=x>"}
    assert "not irq-safe" in detail(page)
    page.execute_script("location.hash = '#class/stats'")
    wait_for(page, "document.getElementById('detail').innerText.includes('leaf: nothing is ever taken under it')")


def test_implied_dependencies_are_drawn_on_demand(page: Chrome) -> None:
    """What follows from two other dependencies is left out until asked for; what a circle would imply is not."""
    choose(page, "scope", "all")
    pairs = "lockcheckPage.canvas.edges().map(one => one.source().data('label') + one.target().data('label')).length"
    few = ask(page, pairs)
    page.find_element("id", "implied").click()

    assert ask(page, pairs) == few + 1
    assert "imply" not in ask(page, "document.getElementById('shown').innerText")


@pytest.mark.parametrize(
    ("filter_", "value", "kept", "gone"),
    [
        ("role", "dtor", {"pool", "stats"}, {"log"}),
        ("context", "hardirq", set(), {"cache", "pool"}),
        ("model", "cache.yaml", {"cache", "pool", "stats"}, {"log", "log_tail"}),
    ],
)
def test_filters_narrow_the_graph(page: Chrome, filter_: str, value: str, kept: set[str], gone: set[str]) -> None:
    """Everything without a witness of that role, context or model leaves the graph."""
    choose(page, "scope", "all")
    choose(page, filter_, value)

    assert kept <= drawn(page)
    assert not gone & drawn(page)


def test_a_config_hides_what_it_does_not_have(page: Chrome) -> None:
    """With CONFIG_DRAIN off the circle is gone from list and graph; dropping the choice brings it back."""
    choose(page, "scope", "all")
    before = rows(page)
    choose(page, "config", "CONFIG_DRAIN=n")

    assert [row for row in rows(page) if "circular-dependency" in row] == []
    assert len(rows(page)) < len(before)
    page.execute_script("document.querySelector('#chips button').click()")
    assert rows(page) == before


def test_keys_reach_everything(page: Chrome) -> None:
    """Search, list, finding, summary, graph and help need no mouse."""
    from selenium.webdriver.common.keys import Keys

    press(page, "/")
    assert ask(page, "document.activeElement.id") == "search"
    press(page, "cache", Keys.ENTER, Keys.ENTER)
    wait_for(page, "location.hash.startsWith('#finding/')")
    press(page, Keys.ESCAPE)
    wait_for(page, "location.hash === ''")
    press(page, "g", Keys.ARROW_LEFT)
    assert ask(page, "document.activeElement.id") == "canvas"
    level = ask(page, "lockcheckPage.canvas.zoom()")
    press(page, "+")
    assert ask(page, "lockcheckPage.canvas.zoom()") > level
    press(page, "?")
    assert ask(page, "document.getElementById('keys').open") is True
    press(page, Keys.ESCAPE)
    assert ask(page, "document.getElementById('keys').open") is False


def test_light_and_dark(page: Chrome) -> None:
    """The switch changes page and graph, whatever the system prefers."""
    press(page, "t")
    light = ask(page, "getComputedStyle(document.body).backgroundColor")
    node = ask(page, "lockcheckPage.canvas.nodes()[0].style('color')")
    press(page, "t")

    assert ask(page, "document.documentElement.dataset.theme") == "dark"
    assert ask(page, "getComputedStyle(document.body).backgroundColor") != light
    assert ask(page, "lockcheckPage.canvas.nodes()[0].style('color')") != node


def test_a_link_opens_what_it_names(page: Chrome, report: Path) -> None:
    """The address names what is open, so that a finding can be linked to; a wrong one shows the summary."""
    page.execute_script("document.querySelector('#list a.row').click()")
    wait_for(page, "location.hash !== ''")
    address, told = page.current_url, detail(page)
    page.get("about:blank")
    page.get(address)

    assert detail(page) == told
    page.get(f"{report.as_uri()}#finding/none%E0")
    assert "Findings" in detail(page)
    assert page.get_log("browser") == []
