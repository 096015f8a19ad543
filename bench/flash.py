"""What flashing costs: bytes over the port and seconds, on a virtual board with instant flash.

The port of the virtual board has no baud rate, so seconds are those of the tool, of the
interpreter and of the host; bytes are the same on a real board.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from filmgauge_host.serial import firmware_build, node_settings
from filmgauge_host.serial.archive import Archive
from filmgauge_host.serial.flash_plan import Wanted
from filmgauge_host.serial.flash_session import FlashOptions, flash_board
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.terminal.board_lines import BoardLines
from filmgauge_host.virtual.embedded_broker import EmbeddedBroker
from filmgauge_sim.board.firmware_image import firmware_sources, shortened
from filmgauge_sim.board.serial_board import SerialBoard, SerialOptions
from filmgauge_sim.nodes.boards import BOARDS, board_kind
from filmgauge_sim.nodes.configuration import VIRTUAL_SSID
from filmgauge_sim.nodes.serial_bench import bench_board

_KIND = "esp32-c3"
_BAUD = 115_200
_BITS_A_BYTE = 10
_ROUNDS = 3
_PACKAGE = "filmgauge/"
_CHANGED = "filmgauge/uplink/mqtt/client.mpy"


def report(rounds: int = _ROUNDS) -> Iterator[Figure]:
    """Yield a figure for each way of flashing, the best of `rounds`."""
    modules = firmware_build.modules()
    source = _CHANGED.replace(".mpy", ".py")
    # As source with the short names of the others, which import from it: names go by all that is
    # made into one version.
    texts = {path: text for path, text in firmware_sources().items() if path.startswith(_PACKAGE)}
    changed = modules | {source: shortened(texts)[source].encode()}
    del changed[_CHANGED]
    best: dict[str, tuple[int, float]] = {}
    with EmbeddedBroker() as broker:
        first, other = _wanted(modules, broker.url), _wanted(changed, broker.url)
        ways = {"from empty": first, "again": first, "one module as source (8 KB)": other}
        for _ in range(rounds):
            with (
                tempfile.TemporaryDirectory() as folder,
                bench_board(_KIND, Path(folder), SerialOptions(speed=50)) as board,
            ):
                for name, wanted in ways.items():
                    taken = _flash(board, wanted)
                    best[name] = min(best.get(name, taken), taken, key=lambda each: each[1])
    whole = best["from empty"]
    for name, (sent, seconds) in best.items():
        wire_s = sent * _BITS_A_BYTE / _BAUD
        yield Figure(
            f"flash {name}",
            f"{sent:,} bytes ({wire_s:.1f} s at {_BAUD} baud), {seconds:.2f} s here;"
            f" {sent / whole[0]:.3f} of the bytes from empty",
        )


def _flash(board: SerialBoard, wanted: Wanted) -> tuple[int, float]:
    """Return bytes received by the board and seconds until it could be reset."""
    before = board.port.received
    options = FlashOptions(timeout_s=60)
    with BoardLines(quiet=True) as lines:
        done = flash_board(str(board.port.path), BOARDS[_KIND], wanted, options, lines)
    return board.port.received - before, done.copy_s


def _wanted(modules: dict[str, bytes], url: str) -> Wanted:
    pins = board_kind(_KIND).pins
    address = parse_address(url)
    config = {
        "node": "bench",
        "sample_s": 5,
        "pin_scl": pins.scl,
        "pin_sda": pins.sda,
        "pin_gate": pins.gate,
        "wifi_ssid": VIRTUAL_SSID,
        "mqtt_host": address.host,
        "mqtt_port": address.port,
    }
    return Wanted(
        archive=Archive(modules),
        start_files=firmware_build.start_files(),
        bytecode=firmware_build.bytecode_version(),
        config=node_settings.config_bytes(config, BOARDS[_KIND], "bench"),
        profile=node_settings.compile_cell("evp-li", 1.0).to_bytes(),
    )
