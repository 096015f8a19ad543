"""Debian's Chromium without a screen, driven by selenium: for pictures, tests and figures.

with chromium() as driver:
    driver.get("http://127.0.0.1:8765/")
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

_BROWSER = "/usr/bin/chromium"
_DRIVER = "/usr/bin/chromedriver"
# Nothing that a browser asks the world of its own accord.
_FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-default-apps", "--disable-extensions", "--hide-scrollbars"),
    *("--disable-features=OptimizationHints,MediaRouter,Translate", "--disable-dev-shm-usage"),
)


@contextmanager
def chromium(width: int = 1280, height: int = 800, logged: bool = False) -> Iterator[Chrome]:
    """Give a browser with a window of this size and a profile of its own.

    logged: `get_log("browser")` and `get_log("performance")` have its console and its requests.
    """
    with tempfile.TemporaryDirectory(prefix="filmgauge-chromium-") as profile:
        options = ChromeOptions()
        options.binary_location = _BROWSER
        for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
            options.add_argument(flag)
        if logged:
            options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        # Its wrapper script would read the environment of the user's desktop.
        service = Service(_DRIVER, env={**os.environ, "TZ": os.environ.get("TZ", "UTC")})
        driver = Chrome(options, service)
        try:
            yield driver
        finally:
            driver.quit()


def set_screen(
    driver: Chrome, width: int, height: int, scale: float = 1.0, mobile: bool = False
) -> None:
    """Have the page be drawn for a screen of this size in CSS pixels."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def set_dark(driver: Chrome, dark: bool) -> None:
    """Have the page be drawn as for a reader who prefers dark or light."""
    feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
