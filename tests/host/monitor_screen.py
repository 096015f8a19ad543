"""What stands on the screen of the monitor, as lines of characters."""

import os
import time

from patience import PATIENCE_S
from rich.console import Console
from textual.app import App
from textual.pilot import Pilot

# A record whose every value is long.
LONG = {
    "soc_ppm": 534_210,
    "soc_sigma_ppm": 123_400,
    "shown_ppm": 530_000,
    "stored_nah": 132_052,
    "full_nah": 160_000,
    "full_sigma_nah": 1_200,
    "measured_nah": -1_221_345,
    "booked_nah": -6_012,
    "corrected_nah": 1_234,
    "voltage_uv": 2_104_321,
    "current_pa": -1_234_567_890,
    "temperature_cdeg": -1_234,
    "faults": 2 | 16 | 128 | 2048,
    "awake_ms": 120,
    "backlog": 65_534,
    "available_nah": 30_100,
    "available_sigma_nah": 900,
    "available_full_nah": 157_000,
    "to_empty_s": 345_600,
    "resistance_mohm": 1_234_500,
    "resistance_sigma_mohm": 60_400,
    "efficiency_ppm": 995_130,
    "efficiency_sigma_ppm": 420,
    "mcycles": 123_400,
    "limits": 2 << 2 | 3 << 4 | 1 << 10,
    "trend_ppm": -134,
    "trend_sigma_ppm": 40,
    "cycles_left": 1200,
    "cycles_left_sigma": 360,
    "capacity_age_h": 52,
    "resistance_age_h": 5,
    "efficiency_age_h": 100,
    "resets": 3,
}


async def shows(pilot: Pilot, what) -> None:
    """Let the app run until `what()` is true."""
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, f"the screen never showed it:\n{text(pilot.app)}"
        await pilot.pause(0.05)


def lines(app: App) -> list[str]:
    """Return the lines of the screen."""
    with open(os.devnull, "w") as nowhere:
        width, height = app.size
        console = Console(
            width=width, height=height, record=True, file=nowhere, force_terminal=True
        )
        console.print(app.screen._compositor.render_update(full=True))
        return console.export_text().splitlines()


def text(app: App) -> str:
    """Return the whole screen."""
    return "\n".join(lines(app))


def words(app: App) -> str:
    """Return the words of the screen with one blank between them, wherever a line ends."""
    return " ".join(text(app).split())
