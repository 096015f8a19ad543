"""The page in a real Chromium: what people see and press, and what must never happen."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from mqtt_nodes import record
from page_world import BEGIN_MS, STEP_MS, PageWorld, course, page_world, publish
from patience import PATIENCE_S, until

from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.retention import Retention
from filmgauge_host.web.server import PageServer

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

HOSTILE = '<img src=x onerror="window.attacked=1"><script>window.attacked=1</script>\'"&'
FILLERS = 2000
# records 10 to 19 of 40 are missing
GAPPED = [(0, 1, seq) for seq in [*range(10), *range(20, 40)]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageWorld]:
    stored = [
        received
        for number in range(FILLERS)
        for received in course(f"filler-{number:04}", [(0, 1, 0)])
    ]
    gapped = course("gapped", GAPPED, lambda at: {"minute": GAPPED[at][2]})
    with page_world(tmp_path_factory.mktemp("page"), [*stored, *gapped]) as opened:
        yield opened


@pytest.fixture(scope="module")
def driver() -> Iterator[Chrome]:
    from tools.chromium import chromium

    with chromium(1280, 800, logged=True) as opened:
        forget(opened)
        yield opened


def forget(driver: Chrome) -> None:
    """Leave the page, and what was logged of it."""
    driver.get("about:blank")
    driver.get_log("browser")
    driver.get_log("performance")


@pytest.fixture
def browser(driver: Chrome, world: PageWorld) -> Iterator[Chrome]:
    """The browser for one test; afterwards its console is clean and its requests stayed here."""
    from tools.chromium import set_dark, set_screen

    set_dark(driver, False)
    set_screen(driver, 1280, 800)
    yield driver
    errors = [each for each in driver.get_log("browser") if each["level"] != "INFO"]
    assert not errors
    requests = [json.loads(each["message"])["message"] for each in driver.get_log("performance")]
    addresses = {
        each["params"]["request"]["url"]
        for each in requests
        if each["method"] == "Network.requestWillBeSent"
    }
    assert addresses
    assert {url for url in addresses if not url.startswith(world.page.url)} == set()
    forget(driver)


def text(browser: Chrome, selector: str) -> str:
    """Return the text of the first element that is shown, "" where there is none."""
    script = """
    for (const element of document.querySelectorAll(arguments[0]))
      if (element.checkVisibility()) return element.innerText;
    return "";
    """
    return browser.execute_script(script, selector)


def shown(browser: Chrome, selector: str, words: str) -> None:
    until(lambda: words in text(browser, selector))


def names(browser: Chrome) -> list[str]:
    """Return the nodes in view, from above."""
    script = """
    const rows = [...document.querySelectorAll(".list .row")].filter((row) => !row.hidden);
    rows.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top);
    return rows.map((row) => row.querySelector(".name").innerText);
    """
    return browser.execute_script(script)


def press(browser: Chrome, *keys: str) -> None:
    """Press keys: names of selenium's, or what they write."""
    from selenium.webdriver import ActionChains, Keys

    for key in keys:
        ActionChains(browser).send_keys(getattr(Keys, key, key)).perform()


def open_overview(browser: Chrome, world: PageWorld) -> None:
    browser.get(world.page.url)
    until(lambda: names(browser))


def open_node(browser: Chrome, world: PageWorld, node: str) -> None:
    browser.get(f"{world.page.url}#/node/{node}")
    until(lambda: browser.execute_script("return !!document.querySelector('.u-over')"))


def test_the_worst_is_first_of_thousands_and_few_rows_exist(
    browser: Chrome, world: PageWorld
) -> None:
    publish(world, "broken", 0, faults=2, limits=3 << 2)
    open_overview(browser, world)
    assert names(browser)[0] == "broken"
    assert text(browser, ".list .row .reasons") == "under voltage: fault · fault sensor"
    shown(browser, "#alerts .alert", "broken")
    assert text(browser, "[data-filter=all]") == f"{len(world.get('/api/nodes'))} nodes"
    assert len(browser.find_elements("css selector", ".list .row")) < 60
    press(browser, "END")
    until(lambda: "filler-1999" in names(browser))
    assert len(browser.find_elements("css selector", ".list .row")) < 60
    browser.execute_script("document.querySelector('[data-filter=missing]').click()")
    until(lambda: names(browser) == [] or "filler-0000" not in names(browser))


def test_search_and_keys_lead_to_a_node_and_back(browser: Chrome, world: PageWorld) -> None:
    open_overview(browser, world)
    press(browser, "/")
    assert browser.switch_to.active_element.get_attribute("id") == "search"
    press(browser, "filler-12")
    until(lambda: len(names(browser)) > 2 and all("filler-12" in n for n in names(browser)))
    press(browser, "ARROW_DOWN", "ENTER")
    shown(browser, "h1", "filler-1201")
    press(browser, "ESCAPE")
    until(lambda: "filler-1201" in names(browser))
    press(browser, "ESCAPE")
    until(lambda: not all("filler-12" in name for name in names(browser)))
    press(browser, "/", "nothing has this name")
    shown(browser, ".empty", "No node fits")
    press(browser, "ESCAPE", "?")
    shown(browser, "dialog", "light or dark")
    press(browser, "ESCAPE")
    until(lambda: not text(browser, "dialog"))


def test_what_comes_is_shown_at_once(browser: Chrome, world: PageWorld) -> None:
    publish(world, "live", 0, soc_ppm=400_000)
    open_overview(browser, world)
    press(browser, "/", "live")
    shown(browser, ".list .row .c2", "40.0 ± 0.4 %")
    publish(world, "live", 1, soc_ppm=300_000)
    shown(browser, ".list .row .c2", "30.0 ± 0.4 %")
    open_node(browser, world, "live")
    shown(browser, ".figure b", "30.0 %")
    publish(world, "live", 2, soc_ppm=200_000)
    shown(browser, ".figure b", "20.0 %")
    shown(browser, "[data-chart=soc] .legend", "20.0 %")
    publish(world, "live", 3, faults=8)
    shown(browser, ".event.fault", "fault gap")
    world.publisher.send([("filmgauge/live/status", '{"state":"offline"}')])
    shown(browser, ".pill", "offline")


def test_what_deserves_attention_is_shown_while_records_come(
    browser: Chrome, world: PageWorld
) -> None:
    publish(world, "quick", 0)
    open_node(browser, world, "quick")
    assert text(browser, ".reasons") == ""
    until_s = time.monotonic() + PATIENCE_S
    seq = 1
    while text(browser, ".reasons") != "fault gap":  # far more than one a second
        assert time.monotonic() < until_s
        publish(world, "quick", seq, faults=8)
        seq += 1
    shown(browser, ".shown-time", f"{seq} records")
    assert "drawn" not in text(browser, ".shown-time")


COLUMNS = """
// Of each column of the plot: whether it has a pixel of the line's colour.
const over = document.querySelector("[data-chart=voltage] .u-over").getBoundingClientRect();
const canvas = document.querySelector("[data-chart=voltage] canvas");
const box = canvas.getBoundingClientRect();
const scale = canvas.width / box.width;
const [left, top] = [(over.left - box.left) * scale, (over.top - box.top) * scale];
const [width, height] = [over.width * scale, over.height * scale];
const context = canvas.getContext("2d", { willReadFrequently: true });
const data = context.getImageData(left, top, width, height).data;
const style = getComputedStyle(document.documentElement).getPropertyValue("--voltage");
const wanted = [1, 3, 5].map((at) => parseInt(style.trim().slice(at, at + 2), 16));
return Array.from({ length: Math.floor(width) }, (_, x) => {
  for (let y = 0; y < Math.floor(height); y++) {
    const at = 4 * (y * Math.floor(width) + x);
    if (wanted.every((value, part) => Math.abs(data[at + part] - value) < 40)) return true;
  }
  return false;
});
"""


def test_no_line_leads_over_a_gap(browser: Chrome, world: PageWorld) -> None:
    open_node(browser, world, "gapped")
    shown(browser, ".event.gap", "10 records missing")
    drawn: list[bool] = []
    until(lambda: drawn.extend(browser.execute_script(COLUMNS)) or any(drawn))
    share = len(drawn) / 39  # of a minute, nearly: there is a narrow margin at the right
    assert sum(drawn[: int(9 * share)]) > 0.8 * int(9 * share)
    assert sum(drawn[int(10 * share) : int(19 * share)]) == 0
    assert sum(drawn[int(21 * share) : int(38 * share)]) > 0.8 * int(17 * share)


class KnownTruth:
    """A world in which a record was made a minute after the one before; known: what the state of
    charge was then, of some of them."""

    def __init__(self, known: dict[int, float]) -> None:
        self._known = known
        self.now_ms = BEGIN_MS

    def time_ms(self, received: ReceivedRecord) -> int:
        return BEGIN_MS + received.key[2] * STEP_MS

    def at(self, received: ReceivedRecord) -> dict[str, float]:
        near = max(seq for seq in self._known if seq <= received.key[2])
        return {name: values[near] for name, values in self.course(received.node).items()}

    def course(self, node: str) -> Mapping[str, Sequence[float]]:
        times = [BEGIN_MS + seq * STEP_MS for seq in self._known]
        values = dict.fromkeys(("voltage_v", "current_ua", "temperature_c"), [1.0] * len(times))
        return {"time_ms": times, "soc_pct": [*self._known.values()], **values}


def test_the_truth_of_a_run_is_that_of_the_record_beside_it(
    driver: Chrome, world: PageWorld
) -> None:
    publish(world, "run", 0, soc_ppm=400_000)
    known = {0: 41.0}
    with PageServer(world.ingest, world.store, port=0, truth=KnownTruth(known)) as page:
        driver.get(f"{page.url}#/node/run")
        legend = "[data-chart=soc] .legend"
        shown(driver, legend, "true 41.0 %")
        known[1] = 31.0
        publish(world, "run", 1, soc_ppm=300_000)
        shown(driver, legend, "estimated 30.0 %")
        assert "true 31.0 %" in text(driver, legend)
        publish(world, "run", 2, soc_ppm=200_000)  # of which the truth is not known
        shown(driver, legend, "estimated 20.0 %")
        assert "true –" in text(driver, legend)
        forget(driver)


def health(browser: Chrome) -> WebElement:
    return browser.find_element("css selector", "[data-chart=health]")


def test_ledger_and_health_go_on_where_hours_end(
    driver: Chrome, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from selenium.webdriver import ActionChains

    hours = 240

    def aged(at: int) -> dict[str, int]:
        now = {"minute": 60 * at, "measured_nah": 10 * at, "mcycles": 100 * at}
        return {**now, "booked_nah": 0, "corrected_nah": 0, "full_nah": 11_000 - at}

    aging = course("aging", [(7, 1, seq) for seq in range(hours)], aged)
    with page_world(tmp_path_factory.mktemp("aging"), aging) as opened:
        keep = Retention(opened.store, keep_raw_s=120 * 3600)
        keep.run(BEGIN_MS + hours * 3_600_000)
        open_node(driver, opened, "aging")
        press(driver, "0")
        shown(driver, ".shown-time", "120 records, before")
        driver.execute_script("arguments[0].scrollIntoView()", health(driver))
        # 10 nAh an hour over the hours and the records, both halves alike
        shown(driver, "[data-chart=ledger] .legend", "+2.390 µAh")
        until(lambda: health(driver).find_elements("css selector", ".u-over"))
        plot = health(driver).find_element("css selector", ".u-over")
        left = 2 - plot.size["width"] // 2
        ActionChains(driver).move_to_element_with_offset(plot, left, 0).perform()
        shown(driver, "[data-chart=health] .when", "after 0 cycles")
        forget(driver)


WRITTEN = """
window.written = {};
const fillText = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...more) {
  const chart = this.canvas.closest("figure")?.dataset.chart;
  (window.written[chart] ??= []).push(text);
  return fillText.call(this, text, ...more);
};
"""


def test_every_label_beside_a_constant_is_another_one(browser: Chrome, world: PageWorld) -> None:
    publish(world, "constant", 0, 1, 2, current_pa=2_200_000)
    script = {"source": WRITTEN}
    added = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", script)
    try:
        open_node(browser, world, "constant")
        browser.execute_script("document.querySelector('[data-chart=current]').scrollIntoView()")
        until(lambda: browser.execute_script("return window.written.current?.length > 3"))
        written = browser.execute_script("return window.written.current")
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)
    labels = {each for each in written if each.startswith("2.")}
    assert len(labels) > 3
    assert {len(each) for each in labels} <= {3, 6}  # 2.2 and four decimals


def test_what_a_node_says_is_text(browser: Chrome, world: PageWorld) -> None:
    info = json.dumps({"board": HOSTILE, HOSTILE: "x"})
    world.publisher.send([("filmgauge/hostile/info", info)], retain=True)
    world.publisher.send(
        [
            ("filmgauge/hostile/status", json.dumps({"state": HOSTILE})),
            ("filmgauge/<b>x</b>/telemetry", "{}"),
            (f"filmgauge/{HOSTILE}/telemetry".replace("#", ""), "{}"),
        ]
    )
    publish(world, "hostile", 0)
    open_node(browser, world, "hostile")
    shown(browser, ".info", "<img src=x onerror")
    shown(browser, ".events", "state must be online, sleeping or offline, not '<img src=x")
    browser.execute_script("location.hash = '#/node/' + encodeURIComponent(arguments[0])", HOSTILE)
    shown(browser, "h1", HOSTILE)
    shown(browser, ".node .empty", "Nothing is known of this node")
    assert browser.execute_script("return window.attacked === undefined")
    assert browser.execute_script("return document.querySelectorAll('main img').length") == 0
    browser.get("about:blank")  # the page asks for what is missing again and again
    # Chromium writes every 404, which is the answer, into its console.
    missing = [each for each in browser.get_log("browser") if each["level"] != "INFO"]
    assert all("404" in each["message"] for each in missing)


def test_times_are_those_of_the_reader(browser: Chrome, world: PageWorld) -> None:
    zone = {"timezoneId": "Pacific/Auckland"}
    browser.execute_cdp_cmd("Emulation.setTimezoneOverride", zone)
    try:
        open_node(browser, world, "gapped")
        # the gap begins at 00:09 UTC of 1 January 2026, which is 13:09 there
        shown(browser, ".event.gap time", "13:09:00")
        assert "Pacific/Auckland" in text(browser, ".shown-time")
    finally:
        browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})


def test_light_and_dark(browser: Chrome, world: PageWorld) -> None:
    from tools.chromium import set_dark

    def paper() -> str:
        return browser.execute_script("return getComputedStyle(document.body).backgroundColor")

    open_node(browser, world, "gapped")
    light = paper()
    set_dark(browser, True)
    until(lambda: paper() != light)  # the page hears of it with its next frame
    press(browser, "d")
    assert paper() == light
    browser.refresh()
    until(lambda: text(browser, "h1") == "gapped")
    assert paper() == light
    browser.execute_script("localStorage.clear()")


def test_a_phone_scrolls_in_one_direction_only(browser: Chrome, world: PageWorld) -> None:
    from tools.chromium import set_screen

    set_screen(browser, 360, 740, scale=2, mobile=True)
    for opens in (
        lambda: open_overview(browser, world),
        lambda: open_node(browser, world, "gapped"),
    ):
        opens()
        overflow: Any = browser.execute_script(
            "return [document.documentElement.scrollWidth, innerWidth,"
            " document.querySelector('main').scrollWidth]"
        )
        assert max(overflow) <= 360


def test_earlier_later_longer_and_shorter(browser: Chrome, world: PageWorld) -> None:
    open_node(browser, world, "gapped")
    pressed = "[aria-pressed=true]"
    assert text(browser, pressed) == "7 d"
    press(browser, "0")
    shown(browser, pressed, "all")
    shown(browser, ".shown-time", "30 records")
    press(browser, "+")
    shown(browser, ".shown-time", "20 records")
    press(browser, "ARROW_LEFT", "ARROW_LEFT")
    until(lambda: text(browser, ".shown-time").split()[0] not in ("20", "30"))
    assert "→ now" in text(browser, ".node > .tools")
    press(browser, "0")
    shown(browser, ".shown-time", "30 records")


def test_a_server_that_is_gone_is_said_and_waited_for(driver: Chrome, world: PageWorld) -> None:
    """A page of its own, since the console of this one is full of refused connections."""
    page = PageServer(world.ingest, world.store, port=0)
    with page:
        driver.get(page.url)
        until(lambda: names(driver))
    shown(driver, "#banner", "The server does not answer since")
    assert driver.execute_script("return document.body.classList.contains('stale')")
    with PageServer(world.ingest, world.store, port=page.port):
        until(lambda: not text(driver, "#banner"))
        assert driver.execute_script("return !document.body.classList.contains('stale')")
        assert names(driver)
        forget(driver)


def test_an_empty_page_says_how_to_begin(
    driver: Chrome, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with page_world(tmp_path_factory.mktemp("empty"), []) as empty:
        driver.get(empty.page.url)
        shown(driver, ".empty", "No node has reported yet")
        assert f"filmgauge run demo --broker {empty.ingest.address}" in text(driver, ".empty")
        topic = "filmgauge/first/telemetry"
        empty.publisher.send([(topic, record(0).to_json())])
        until(lambda: names(driver) == ["first"])
        forget(driver)


def test_a_broker_that_is_gone_is_said(
    driver: Chrome, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with page_world(tmp_path_factory.mktemp("gone"), course("stored", [(0, 1, 0)])) as lonely:
        driver.get(lonely.page.url)
        until(lambda: names(driver) == ["stored"])
        lonely.broker.stop()
        shown(driver, "#banner", "No new reports: broker")
        forget(driver)
