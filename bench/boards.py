"""What each board has, and what a node takes of it: heap, flash, energy of a wake."""

from collections.abc import Iterator

from bench.figures import Figure
from filmgauge_host.serial import firmware_build
from filmgauge_host.serial.archive import Archive
from filmgauge_sim.board.shims._protocol import FLASH_PAGE
from filmgauge_sim.nodes.boards import BOARDS
from filmgauge_sim.nodes.energy_budget import energy_budget
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario


def report() -> Iterator[Figure]:
    """Yield a row for each board; energies are those of the computed budget of a bench node."""
    archive = Archive(firmware_build.modules())
    size_kb = len(archive.data) / 1024
    yield Figure("one version of the firmware in flash, KB", f"{size_kb:.0f}")
    bench = load_scenario("bench").node[0].description
    for name, kind in BOARDS.items():
        figures = energy_budget(varied(bench, {"board": name})).figures
        send = (
            f"{figures.report_uj / 1000:.1f} mJ a report over Wi-Fi"
            if kind.has_wifi
            else f"{figures.advert_uj / 1000:.3f} mJ an advertisement"
        )
        yield Figure(
            f"{name}: heap, file system, a wake with a sample, what it sends",
            f"{kind.heap_kb} KB, {kind.file_system_pages * FLASH_PAGE // 1024} KB,"
            f" {figures.wake_uj / 1000:.2f} mJ, {send}",
        )
