"""Makes the pictures of the page: docs/page-overview.png and docs/page-node.png.

python tools/page_screenshots.py [FOLDER]

Runs the scenario beside it in the simulator, as fast as that goes, and photographs its page. With
FOLDER all views are put there instead: light, dark and as a phone has them.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from chromium import chromium, set_dark, set_screen
from selenium.webdriver import Chrome

from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.virtual.session import RunOptions, RunSession
from filmgauge_host.virtual.simulated_truth import SimulatedTruth
from filmgauge_host.web.server import PageServer
from filmgauge_sim.scenario.loading import load_scenario

ROOT = Path(__file__).resolve().parent.parent
SCENARIO = Path(__file__).with_suffix(".toml")
_NODE = "window-2"
_DRAWN_S = 30.0
_DESK, _PHONE = (1280, 600), (390, 844)


def main() -> None:
    """Run, photograph, and say what was written."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    pages: list[PageServer] = []

    def attach(ingest: Ingest, store: RecordStore, truth: SimulatedTruth) -> PageServer:
        pages.append(PageServer(ingest, store, port=0, truth=truth))
        return pages[0]

    with (
        tempfile.TemporaryDirectory(prefix="filmgauge-pictures-") as scratch,
        RunSession(
            load_scenario(str(SCENARIO)), RunOptions("cpython"), Path(scratch), attach
        ) as session,
        chromium(*_DESK) as driver,
    ):
        session.run(lambda received, truth: None, lambda: True)
        for name, picture in _pictures(driver, pages[0].url, folder is not None):
            path = (folder or ROOT / "docs") / f"page-{name}.png"
            path.write_bytes(picture)
            print(f"{path}: {len(picture) / 1024:.0f} KB")


def _pictures(driver: Chrome, url: str, everything: bool) -> Iterator[tuple[str, bytes]]:
    """Yield the names and the pictures of the views."""
    set_dark(driver, False)
    set_screen(driver, *_DESK)
    yield "overview", _picture(driver, url, "")
    set_screen(driver, _DESK[0], 1180)
    yield "node", _picture(driver, url, f"#/node/{_NODE}")
    if not everything:
        return
    set_screen(driver, _DESK[0], 2300)
    yield "node-whole", _picture(driver, url, f"#/node/{_NODE}")
    set_screen(driver, *_PHONE, scale=2, mobile=True)
    yield "overview-phone", _picture(driver, url, "")
    yield "node-phone", _picture(driver, url, f"#/node/{_NODE}")
    set_dark(driver, True)
    yield "overview-phone-dark", _picture(driver, url, "")
    set_screen(driver, *_DESK)
    yield "overview-dark", _picture(driver, url, "")
    set_screen(driver, _DESK[0], 1180)
    yield "node-dark", _picture(driver, url, f"#/node/{_NODE}")


def _picture(driver: Chrome, url: str, path: str) -> bytes:
    driver.get("about:blank")
    driver.get(url + path)
    _wait(lambda: driver.execute_script(_IS_DRAWN))
    time.sleep(0.5)  # fonts and the last frame
    return driver.get_screenshot_as_png()


_IS_DRAWN = """
const marks = performance.getEntriesByType("mark").map((mark) => mark.name);
return marks.some((name) => name === "filmgauge-overview" || name === "filmgauge-chart");
"""


def _wait(done: Callable[[], bool]) -> None:
    until_s = time.monotonic() + _DRAWN_S
    while not done():
        if time.monotonic() > until_s:
            raise SystemExit("page_screenshots: the page is not drawn")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
