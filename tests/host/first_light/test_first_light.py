"""First light on virtual boards: right ones, and one wrong on purpose for each check."""

import json
import threading
import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from stalls import Stalls

from filmgauge_host.cli.app import main
from filmgauge_host.first_light.check import Bench, expected_of_kind
from filmgauge_host.first_light.run import CHECKS, report, run_checks
from filmgauge_host.first_light.sleep import read_current_ua
from filmgauge_host.serial import firmware_build
from filmgauge_host.serial.archive import Archive
from filmgauge_host.serial.board_link import BoardLink
from filmgauge_host.serial.board_script import interrupted, load_script
from filmgauge_host.serial.node_settings import compile_cell
from filmgauge_sim.board.board_faults import BoardFaults
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.board.serial_board import SerialBoard, SerialOptions
from filmgauge_sim.circuit.wiring import WiringSection
from filmgauge_sim.nodes.boards import BOARDS
from filmgauge_sim.nodes.serial_bench import bench_board
from filmgauge_sim.nodes.surroundings import WorldSection

ROOT = Path(__file__).resolve().parents[3]
PINS = BOARDS["esp32-c3"].pins


class Hands:
    """Pulls the cable when asked to, and puts it in again."""

    is_there = True

    def __init__(self, board: SerialBoard, loses_power: bool = True) -> None:
        self._board = board
        self._loses_power = loses_power

    def say(self, text: str) -> None:
        if text.startswith("pull"):
            threading.Timer(1.0, self._cut).start()

    def ask(self, question: str) -> str:
        return ""

    def _cut(self) -> None:
        self._board.pull(self._loses_power)
        time.sleep(0.3)
        self._board.plug()


@cache
def firmware() -> dict[str, bytes]:
    archive = Archive(firmware_build.modules()).data
    return {**firmware_build.start_files(), "/app.bin": archive, "/main.py": b""}


def sleeping_node() -> dict[str, bytes]:
    """Return the files of a node without an uplink that sleeps deeply after each short wake."""
    pins = {"pin_scl": PINS.scl, "pin_sda": PINS.sda, "pin_gate": PINS.gate}
    config = json.dumps({"node": "n", "sample_s": 3, **pins}).encode()
    profile = compile_cell("evp-li", 1.0).to_bytes()
    start = firmware_build.start_files()
    return {**firmware(), **start, "/config.json": config, "/profile.bin": profile}


def save_once(link: BoardLink) -> None:
    """Save a state, as a node that has reported has."""
    load_script(link, "saved")
    link.run("store, buffer = open_state()\nstore.load(buffer)\nstore.save(buffer)")
    link.soft_reset()


def firstlight(folder: Path, *arguments: object) -> Result:
    port = str(folder / "port")
    return CliRunner().invoke(main, ["node", "firstlight", "--port", port, *map(str, arguments)])


def bench(link: BoardLink, board: SerialBoard) -> Bench:
    kind = BOARDS[board.board.kind.name]  # with all pins, whatever this node needs
    asleep_ua = kind.light_sleep_ua if kind.keeps_ram else kind.deep_sleep_ua
    return Bench(link, expected_of_kind(kind), Hands(board), sleep_ua=asleep_ua, sleep_s=3.0)


@pytest.mark.parametrize("kind", ["esp32-c3", "pico-w", "stm32wb55"])
def test_a_right_board_passes(tmp_path: Path, kind: str) -> None:
    board = bench_board(kind, tmp_path)
    install(board.board.flash, firmware(), pages=BOARDS[kind].file_system_pages)
    with board, interrupted(str(board.port.path)) as link:
        save_once(link)
        results = run_checks(bench(link, board), CHECKS, lambda _: None)
    absent = {"Wi-Fi"} if kind == "stm32wb55" else {"Bluetooth", "radio ends a sleep"}
    expected = {name: "not tested" if name in absent else "ok" for name in CHECKS}
    assert {result.check: result.verdict for result in results} == expected, results


def test_the_watchdog_of_a_board_that_has_its_firmware_tells_the_cause(tmp_path: Path) -> None:
    board = bench_board("esp32-c3", tmp_path)
    install(board.board.flash, sleeping_node())
    with board, interrupted(str(board.port.path)) as link:
        (result,) = run_checks(bench(link, board), ["watchdog"], lambda _: None)
    assert result.verdict == "ok", result


def test_a_busy_machine_makes_no_right_board_wrong(tmp_path: Path) -> None:
    board = bench_board("esp32-c3", tmp_path)
    with board, interrupted(str(board.port.path)) as link, Stalls():
        names = ["clock through sleep", "watchdog"]
        results = run_checks(bench(link, board), names, lambda _: None)
    assert [result.verdict for result in results] == ["ok", "ok"], results


# check, kind, what is wrong with the board, how it is played, what the user says, what is seen
WRONG: list[tuple[str, str, dict[str, Any], dict[str, Any], tuple[object, ...], str]] = [
    ("interpreter", "esp32-c3", {}, {"mpy": 6 | 2 << 8}, (), "bytecode 6.2"),
    ("interpreter", "esp32-c3", {}, {}, ("--board", "pico-w"), "ESP32C3 module"),
    ("heap", "pico-w", {}, {"heap_kb": 100}, (), "bytes"),
    ("flash", "esp32-c3", {"blocks": 256}, {}, (), "256 blocks of 4096"),
    ("flash", "stm32wb55", {}, {}, (), "512 blocks of 512"),  # as the port formats it
    ("sleep current", "esp32-c3", {}, {}, ("--sleep-ua", 900), "900 uA"),
    ("pin gate", "esp32-c3", {"stuck_pins": {PINS.gate: 0}}, {}, (), "0 driven high"),
    ("pin sensors", "esp32-c3", {"stuck_pins": {PINS.sensors: 1}}, {}, (), "1 driven low"),
    ("pin disconnect", "esp32-c3", {"stuck_pins": {PINS.disconnect: 1}}, {}, (), "1 driven low"),
    ("pin charge", "esp32-c3", {"stuck_pins": {PINS.charge: 0}}, {}, (), "0 driven high"),
    ("pull-up SCL", "esp32-c3", {"pull_ups": False}, {}, (), "0 pulled down and 1 pulled up"),
    ("pull-up SDA", "esp32-c3", {"stuck_pins": {PINS.sda: 0}}, {}, (), "0 pulled up"),
    ("INA228", "esp32-c3", {"ina228_address": 0}, {}, (), "TMP117"),
    ("TMP117", "esp32-c3", {"tmp117_address": 0x49}, {}, (), "at 0x49"),
    ("clock through sleep", "esp32-c3", {"clock_ppm": 200_000}, {}, (), "on its clock"),
    ("clock through sleep", "stm32wb55", {"clock_ppm": -200_000}, {}, (), "on its clock"),
    ("watchdog", "esp32-c3", {"watchdog_bites": False}, {}, (), "does not reset the board"),
    ("Wi-Fi", "esp32-c3", {"radio_fails": "no_memory"}, {}, (), "does not start"),
    ("Wi-Fi", "pico-w", {"radio_fails": "error"}, {}, (), "does not start"),
    ("Wi-Fi", "esp32-c3", {"radio_fails": "error"}, {}, (), "does not start"),
    ("Bluetooth", "stm32wb55", {"radio_fails": "error"}, {}, (), "does not start"),
    ("radio ends a sleep", "stm32wb55", {"radio_wakes": False}, {}, (), "3.00 s while it hears"),
]
WIRING = set(WiringSection.__struct_fields__)
FAULTS = set(BoardFaults.__dataclass_fields__)


def wrong_board(folder: Path, kind: str, wrong: dict[str, Any], options: Any) -> SerialBoard:
    """Return a board that is wrong in its wiring, in itself, or in what `bench_board` takes."""
    wiring = WiringSection(**{key: value for key, value in wrong.items() if key in WIRING})
    faults = BoardFaults(**{key: value for key, value in wrong.items() if key in FAULTS})
    more = {key: value for key, value in wrong.items() if key not in WIRING | FAULTS}
    surroundings = WorldSection(wiring=wiring)
    return bench_board(kind, folder, options, surroundings=surroundings, faults=faults, **more)


@pytest.mark.parametrize(
    ("check", "kind", "wrong", "played", "arguments", "seen"),
    WRONG,
    ids=[f"{row[0]}-{number}" for number, row in enumerate(WRONG)],
)
def test_a_wrong_board_has_a_fault_and_says_what_to_do(
    tmp_path: Path,
    check: str,
    kind: str,
    wrong: dict[str, Any],
    played: dict[str, Any],
    arguments: tuple[object, ...],
    seen: str,
) -> None:
    with wrong_board(tmp_path, kind, wrong, SerialOptions(**played)):
        ran = firstlight(tmp_path, "--only", check, "--json", "--sleep-s", 3, *arguments)
    assert ran.exit_code == 1, ran.output
    (result,) = json.loads(ran.stdout)["checks"]
    assert (result["check"], result["verdict"]) == (check, "fault")
    assert seen in result["seen"]
    assert result["expected"]
    assert result["advice"]


def test_flash_that_forgets_what_it_acknowledged_is_a_fault(tmp_path: Path) -> None:
    board = bench_board("esp32-c3", tmp_path)
    install(board.board.flash, firmware())
    board.board.flash.forget_last(300)
    with board, interrupted(str(board.port.path)) as link:
        save_once(link)
        (result,) = run_checks(bench(link, board), ["power cut"], lambda _: None)
    assert result.verdict == "fault", result
    figures = result.figures
    assert figures["found"] is None or figures["found"] < figures["acknowledged"]


def test_a_pulled_cable_is_no_power_cut_for_a_board_with_a_battery(tmp_path: Path) -> None:
    board = bench_board("esp32-c3", tmp_path)
    install(board.board.flash, firmware())
    with board, interrupted(str(board.port.path)) as link:
        save_once(link)
        hands = Hands(board, loses_power=False)
        on_battery = replace(bench(link, board), person=hands)
        (result,) = run_checks(on_battery, ["power cut"], lambda _: None)
    assert (result.verdict, result.figures) == ("not tested", {})
    assert "had power all the time" in result.seen


def test_a_reading_of_a_meter_may_have_its_unit(tmp_path: Path) -> None:
    board = bench_board("esp32-c3", tmp_path, SerialOptions(speed=100.0))
    answers = ["about seven", "7.2 uA"]

    class Reader(Hands):
        def ask(self, question: str) -> str:
            return answers.pop(0)

    with board, interrupted(str(board.port.path)) as link:
        asked = replace(bench(link, board), person=Reader(board), sleep_ua=None)
        (result,) = run_checks(asked, ["sleep current"], lambda _: None)
    assert result.figures == {"ua": 7.2}
    assert answers == []


@pytest.mark.parametrize(
    ("answer", "ua"),
    [
        ("7.2", 7.2),
        (" 7,2uA ", 7.2),
        ("7.2 µA", 7.2),
        ("7.2 μa", 7.2),
        ("0.0072 mA", 7.2),
        ("7200 nA", 7.2),
        ("7.2 V", None),
        ("-7", None),
        ("nan", None),
        ("1.000,5", None),
    ],
)
def test_a_reading_is_microamperes_unless_it_says_so(answer: str, ua: float | None) -> None:
    assert read_current_ua(answer) == (None if ua is None else pytest.approx(ua))


def test_every_check_was_seen_to_fail_and_is_in_the_guide() -> None:
    assert {row[0] for row in WRONG} | {"power cut"} == set(CHECKS)
    guide = (ROOT / "docs/first-light.md").read_text()
    headings = [line.removeprefix("## ") for line in guide.splitlines() if line.startswith("## ")]
    assert [heading for heading in headings if heading in CHECKS] == list(CHECKS)


def test_what_nobody_can_do_is_not_tested_and_the_report_is_written(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    only = ("--only", "power cut", "--only", "sleep current", "--only", "heap")
    with bench_board("esp32-c3", tmp_path):
        ran = firstlight(tmp_path, *only, "--out", file)
    assert ran.exit_code == 0, ran.output
    lines = ran.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["ok", "not", "not"]
    assert "--sleep-ua" in lines[1]
    assert "run it in a terminal" in lines[2]
    found = json.loads(file.read_text())
    assert found["not_tested"] == ["sleep current", "power cut"]
    assert found["faults"] == []
    assert found["checks"][0]["figures"]["bytes"] > 0


def test_a_power_cut_needs_the_firmware_and_can_be_left_out(tmp_path: Path) -> None:
    with bench_board("esp32-c3", tmp_path) as board:
        with interrupted(str(board.port.path)) as link:
            (fresh,) = run_checks(bench(link, board), ["power cut"], lambda _: None)
        ran = firstlight(tmp_path, "--only", "power cut", "--no-power-cut", "--json")
    assert fresh.verdict == "not tested"
    assert "filmgauge flash" in fresh.seen
    assert "without --no-power-cut" in json.loads(ran.stdout)["checks"][0]["seen"]


def test_a_board_that_stops_answering_ends_what_follows(tmp_path: Path) -> None:
    with bench_board("esp32-c3", tmp_path) as board:
        link = BoardLink(str(board.port.path), patience_s=3.0)
        with link:
            link.enter()
            board.pull()
            names = ["interpreter", "heap"]
            first, second = run_checks(bench(link, board), names, lambda _: None)
            found = report(bench(link, board), [first, second])
        board.plug()
    assert (first.verdict, second.verdict) == ("fault", "not tested")
    assert "does not answer" in second.seen
    assert found["faults"] == ["interpreter"]


def test_nothing_secret_is_in_a_report(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    folder.mkdir()
    (folder / "node.toml").write_text(
        'name = "n"\nboard = "esp32-c3"\n[wifi]\nssid = "virtual"\n'
        '[broker]\nhost = "127.0.0.1"\n[cell]\nset = "evp-li"\narea_cm2 = 1.0\n'
    )
    (folder / "secrets.toml").write_text('wifi_password = "hidden-from-all"\n')
    (folder / "secrets.toml").chmod(0o600)
    out = tmp_path / "report.json"
    with bench_board("esp32-c3", tmp_path):
        ran = firstlight(tmp_path, "--node", folder, "--only", "Wi-Fi", "--out", out)
    assert ran.exit_code == 1  # the virtual access point has no password
    assert "'virtual' heard and not joined" in ran.stdout
    assert "hidden" not in ran.output + out.read_text()
