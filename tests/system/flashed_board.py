"""Virtual boards on serial ports, versions of the firmware to put on them, and a broker's view."""

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from launched_node import modules, start_files
from paho.mqtt.enums import CallbackAPIVersion
from patience import PATIENCE_S

from filmgauge.migration import NEW
from filmgauge_host.serial import firmware_build, node_settings
from filmgauge_host.serial.archive import Archive
from filmgauge_host.serial.flash_plan import CONFIG, PROFILE, Wanted
from filmgauge_host.serial.flash_session import FlashOptions, FlashResult, flash_board
from filmgauge_host.serial.launcher import APP
from filmgauge_host.telemetry.address import parse_address
from filmgauge_sim.board.bytecode import bytecode_version
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.board.serial_board import SerialBoard, SerialOptions
from filmgauge_sim.nodes.boards import BOARDS, board_kind
from filmgauge_sim.nodes.configuration import VIRTUAL_SSID
from filmgauge_sim.nodes.serial_bench import bench_board

SPEED = 200.0
# Whoever asks a board that is only slow interrupts its first wake. One whose port stays is never
# asked; one whose port vanishes has said its record to nobody.
OPTIONS = FlashOptions(timeout_s=PATIENCE_S, ask_after_s=PATIENCE_S)
ASKING = replace(OPTIONS, ask_after_s=3.0)


class Silent:
    """Hears how it goes, and keeps the lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def wait(self, seconds: float) -> None:
        pass

    def progress(self, what: str, done: int, total: int) -> None:
        assert done <= total


class Heard:
    """What nodes publish: what they are when power comes, and that they report."""

    def __init__(self, url: str) -> None:
        address = parse_address(url)
        self._infos: list[dict[str, Any]] = []
        self._records = 0
        self._news = threading.Condition()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._take
        self._client.connect(address.host, address.port)
        self._client.subscribe([("filmgauge/+/info", 1), ("filmgauge/+/telemetry", 1)])
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def forget(self) -> None:
        with self._news:
            self._infos.clear()
            self._records = 0

    def version_at_power_on(self) -> str:
        """Return the version of the next start with power since `forget`."""
        with self._news:
            assert self._news.wait_for(lambda: self._infos, PATIENCE_S), "no node started"
            return self._infos[0]["firmware"]

    def await_record(self) -> None:
        """Wait for a record since `forget`."""
        with self._news:
            assert self._news.wait_for(lambda: self._records, PATIENCE_S), "no node reports"

    def _take(self, client: object, data: object, message: mqtt.MQTTMessage) -> None:
        if message.retain:
            return  # of an earlier start
        with self._news:
            if message.topic.endswith("/info"):
                self._infos.append(json.loads(message.payload))
            else:
                self._records += 1
            self._news.notify_all()


def configuration(kind_name: str, url: str, **changed: int | str) -> dict[str, int | str]:
    """Return the configuration of a bench node of a kind."""
    kind = board_kind(kind_name)
    values: dict[str, int | str] = {
        "node": f"flash-{kind_name}",
        "sample_s": 5,
        "pin_scl": kind.pins.scl,
        "pin_sda": kind.pins.sda,
        "pin_gate": kind.pins.gate,
    }
    if kind.has_wifi:
        address = parse_address(url)
        values |= {"wifi_ssid": VIRTUAL_SSID, "mqtt_host": address.host, "mqtt_port": address.port}
    else:
        values["backlog"] = 8  # or the room for a second version depends on how long it ran
    return values | changed


def wanted(kind_name: str, url: str, archive: Archive | None = None, **changed: Any) -> Wanted:
    """Return everything for a node of a kind."""
    values = json.dumps(configuration(kind_name, url, **changed)).encode()
    port = board_kind(kind_name).port
    return Wanted(
        archive=archive or firmware_build.archive(port, modules(port)),
        start_files=dict(start_files()),
        bytecode=bytecode_version(),
        config=node_settings.config_bytes(json.loads(values), BOARDS[kind_name], "test"),
        profile=node_settings.compile_cell("evp-li", 1.0).to_bytes(),
    )


def kept(whole: Wanted) -> Wanted:
    """Return the same without configuration and profile: what the board has is kept."""
    return replace(whole, config=None, profile=None)


def make_board(
    kind_name: str, folder: Path, options: SerialOptions | None = None, **more: Any
) -> SerialBoard:
    folder.mkdir(parents=True, exist_ok=True)
    return bench_board(kind_name, folder, options or SerialOptions(speed=SPEED), **more)


def flashed_board(
    kind_name: str, folder: Path, what: Wanted, options: SerialOptions | None = None
) -> SerialBoard:
    """Return a board that has everything already, as the tool leaves it; it has never run.

    To send it all takes two seconds of the processor, and is the subject of few tests.
    """
    board = make_board(kind_name, folder, options)
    files = {APP: what.archive.data, **what.start_files, **what.certificates}
    if what.config is not None and what.profile is not None:
        files |= {CONFIG: what.config, PROFILE: what.profile, NEW: b""}
    install(board.board.flash, files, pages=board.board.kind.file_system_pages)
    return board


def flash(
    board: SerialBoard, what: Wanted, options: FlashOptions = OPTIONS, listener: Any = None
) -> FlashResult:
    kind = BOARDS[board.board.kind.name]
    return flash_board(str(board.port.path), kind, what, options, listener or Silent())
