"""Requests on a virtual board without an interpreter: what they answer, take and draw."""

import struct
from dataclasses import replace
from pathlib import Path

import pytest
from bare_board import KIND, PAGES, BareWorld, bare_board
from hypothesis import given
from hypothesis import strategies as st

from filmgauge_sim.board.board import VirtualBoard
from filmgauge_sim.board.clock import BoardClock
from filmgauge_sim.board.flash import PAGE
from filmgauge_sim.board.outcome import BoardStopped, Outcome, ResetCause
from filmgauge_sim.board.shims import _protocol
from filmgauge_sim.board.wifi import AccessPoint, Station

ENODEV, EINVAL, EIO = 19, 22, 5
SECOND_US = 1_000_000


@pytest.fixture
def board(tmp_path: Path) -> VirtualBoard:
    made = bare_board(tmp_path)
    made.boot(ResetCause.POWER_ON)
    return made


def ask(board: VirtualBoard, operation: int, small: int = 0, argument: int = 0, data: bytes = b""):
    """Make a request that takes the interpreter no time; return (status, answer)."""
    return board.request(operation, small, argument, data, 0)


def stop(board: VirtualBoard, operation: int, argument: int = 0) -> Outcome:
    with pytest.raises(BoardStopped) as stopped:
        ask(board, operation, 0, argument)
    return stopped.value.outcome


def test_boot_takes_its_time_at_its_current(board: VirtualBoard):
    assert board.now_us == KIND.boot_us
    assert {state for state, us in board.load.time_us.items() if us} == {"boot"}
    assert board.load.charge_pc["boot"] == KIND.boot_us * KIND.boot_ua


def test_hello_tells_cause_flash_and_identity(board: VirtualBoard):
    status, answer = ask(board, _protocol.HELLO)
    assert status == 0
    hello = struct.unpack_from(_protocol.HELLO_ANSWER, answer)
    cause, blocks, latency_us, wait_ms, unique_id, port, holds_all, offset_us = hello
    assert _protocol.PORTS[port] == "esp32"
    assert offset_us == 0
    assert not holds_all  # most versions of the port lack it
    assert (cause, blocks, latency_us) == (1, PAGES, AccessPoint().latency_us)
    assert (wait_ms, unique_id) == (50, b"\1\2\3\4\5\6")
    assert tuple(answer[_protocol.VERSION_AT : _protocol.MPY_AT]) == (1, 29, 0)
    assert answer[_protocol.MPY_AT : _protocol.NAME_AT] == KIND.mpy.to_bytes(2, "little")
    assert answer[_protocol.NAME_AT :].decode() == KIND.machine


def test_nobody_at_an_address_is_enodev(board: VirtualBoard):
    assert ask(board, _protocol.I2C_READ, 0x40, 0x3E | 2 << 8) == (ENODEV, b"")
    assert ask(board, _protocol.I2C_WRITE, 0x40, 0, b"\0\0") == (ENODEV, b"")


def test_a_part_without_supply_is_enodev(tmp_path: Path):
    world = BareWorld()
    board = bare_board(tmp_path, world=world)
    assert ask(board, _protocol.I2C_READ, 0x48, 0x0F | 2 << 8) == (0, b"\x01\x17")
    world.tmp117.power(False, board.now_us)
    assert ask(board, _protocol.I2C_READ, 0x48, 0x0F | 2 << 8) == (ENODEV, b"")
    assert ask(board, _protocol.I2C_SCAN) == (0, b"")


def test_scan_finds_the_part(board: VirtualBoard):
    assert ask(board, _protocol.I2C_SCAN) == (0, b"\x48")


@pytest.mark.parametrize("operation", [0, 77, _protocol.STARTED, _protocol.EXITED])
def test_unknown_operation_is_einval(board: VirtualBoard, operation: int):
    assert ask(board, operation) == (EINVAL, b"")


def test_rtc_memory_holds_2048_bytes_and_no_more(board: VirtualBoard):
    assert ask(board, _protocol.RTC_WRITE, data=b"x" * 2048)[0] == 0
    said: list[bytes] = []
    board.console = said.append
    assert ask(board, _protocol.RTC_WRITE, data=b"y" * 2049)[0] == EIO
    assert b"2048" in b"".join(said)
    assert ask(board, _protocol.RTC_READ) == (0, b"x" * 2048)


@pytest.mark.parametrize("cause", list(ResetCause))
def test_rtc_memory_is_lost_with_power_only(board: VirtualBoard, cause: ResetCause):
    ask(board, _protocol.RTC_WRITE, data=b"kept")
    board.boot(cause)
    kept = b"" if cause is ResetCause.POWER_ON else b"kept"
    assert ask(board, _protocol.RTC_READ) == (0, kept)


def test_flash_beyond_its_end_is_an_error_and_changes_nothing(board: VirtualBoard):
    before = board.flash.path.read_bytes()
    assert ask(board, _protocol.FLASH_PROGRAM, 0, PAGES * PAGE, b"\0")[0] == EIO
    assert ask(board, _protocol.FLASH_ERASE, 0, PAGES)[0] == EIO
    assert board.flash.path.read_bytes() == before


def test_light_sleep_passes_its_time_at_its_current(board: VirtualBoard):
    assert ask(board, _protocol.LIGHTSLEEP, 0, 3000) == (0, b"")
    assert board.load.time_us["light sleep"] == 3 * SECOND_US
    assert board.load.charge_pc["light sleep"] == 3 * SECOND_US * KIND.light_sleep_ua


def test_deep_sleep_is_an_outcome_and_then_time(board: VirtualBoard):
    outcome = stop(board, _protocol.DEEPSLEEP, 60_000)
    assert (outcome.cause, outcome.sleep_ms) == (ResetCause.DEEP_SLEEP, 60_000)
    before_us = board.now_us
    board.sleep(outcome.sleep_ms)
    assert board.now_us - before_us == 60 * SECOND_US
    assert board.load.charge_pc["deep sleep"] == 60 * SECOND_US * KIND.deep_sleep_ua


@pytest.mark.parametrize("operation", [_protocol.DEEPSLEEP, _protocol.LIGHTSLEEP])
def test_sleep_without_an_end_ends_the_node(board: VirtualBoard, operation: int):
    outcome = stop(board, operation, 0)
    assert outcome.cause is None
    assert "without an end" in outcome.reason


def test_reset(board: VirtualBoard):
    assert stop(board, _protocol.RESET).cause is ResetCause.HARD


@given(error_ppm=st.integers(-50_000, 50_000), sleep_ms=st.integers(1, 10_000_000))
def test_sleeps_are_as_long_as_the_boards_clock_makes_them(tmp_path_factory, error_ppm, sleep_ms):
    board = bare_board(tmp_path_factory.mktemp("board"), clock=BoardClock(error_ppm))
    board.boot(ResetCause.POWER_ON)
    for operation, state in ((_protocol.LIGHTSLEEP, "light sleep"), (None, "deep sleep")):
        if operation is None:
            board.sleep(sleep_ms)
        else:
            ask(board, operation, 0, sleep_ms)
        exact_us = sleep_ms * 1e3 / (1 + error_ppm / 1e6)
        assert abs(board.load.time_us[state] - exact_us) <= 2


def test_time_between_requests_is_awake_time(board: VirtualBoard):
    ask(board, _protocol.HELLO)
    request_us = board.now_us - KIND.boot_us
    board.request(_protocol.HELLO, 0, 0, b"", 12_345)
    assert board.load.time_us["active"] == 2 * request_us + 12_345


@pytest.mark.parametrize(
    ("gate", "work_us"),
    [(False, 300), (True, 7_000)],  # only asked for something, or looked at the voltage
)
@pytest.mark.parametrize(
    "after", [(_protocol.RTC_WRITE, 0), (_protocol.FLASH_ERASE, 0), (_protocol.LIGHTSLEEP, 60_000)]
)
def test_what_a_sample_makes_work_passes_once_and_behind_it(
    tmp_path: Path, gate: bool, work_us: int, after: tuple[int, int]
) -> None:
    kind = replace(KIND, sample_work_us=7_000, check_work_us=300)
    boards: list[VirtualBoard] = []
    for name, each in (("plain", KIND), ("working", kind)):
        (tmp_path / name).mkdir()
        boards.append(bare_board(tmp_path / name, kind=each))
    spent: list[list[int]] = []
    for board in boards:
        board.boot(ResetCause.POWER_ON)
        times: list[int] = []
        if gate:
            ask(board, _protocol.PIN_SET, kind.pins.gate, 1)
        ask(board, _protocol.I2C_READ, 0x0F, 2 << 8 | 0x48)
        ask(board, _protocol.LIGHTSLEEP, 0, 20)  # a nap within the sample
        ask(board, _protocol.I2C_READ, 0x0F, 2 << 8 | 0x48)
        ask(board, _protocol.PIN_SET, kind.pins.gate, 0)
        times.append(board.load.time_us["active"])
        for _ in range(2):
            ask(board, after[0], 0, after[1], b"")
            times.append(board.load.time_us["active"])
        spent.append(times)
    assert [b - a for a, b in zip(*spent, strict=True)] == [0, work_us, work_us]


@given(timeout_ms=st.integers(1, 200_000), naps=st.lists(st.integers(0, 10_000_000), max_size=5))
def test_watchdog_fires_exactly_at_its_deadline(tmp_path_factory, timeout_ms, naps):
    board = bare_board(tmp_path_factory.mktemp("board"))
    board.boot(ResetCause.POWER_ON)
    ask(board, _protocol.WDT_START, 0, timeout_ms)
    deadline_us = board.now_us + timeout_ms * 1000
    naps = [nap_us for nap_us in naps if board.now_us + nap_us + 1000 < deadline_us][:1]
    for nap_us in naps:
        assert ask(board, _protocol.SLEEP_US, 0, nap_us) == (0, b"")
    assert stop(board, _protocol.SLEEP_US, 4_000_000_000).cause is ResetCause.WATCHDOG
    assert board.now_us == deadline_us


def test_a_fed_watchdog_waits_a_whole_timeout_again(board: VirtualBoard):
    ask(board, _protocol.WDT_START, 0, 1000)
    for _ in range(10):
        ask(board, _protocol.SLEEP_US, 0, 900_000)
        ask(board, _protocol.WDT_FEED)
    deadline_us = board.now_us + SECOND_US
    assert stop(board, _protocol.SLEEP_US, 5 * SECOND_US).cause is ResetCause.WATCHDOG
    assert board.now_us == deadline_us


def test_watchdog_ends_with_the_run_it_was_started_in(board: VirtualBoard):
    ask(board, _protocol.WDT_START, 0, 1000)
    board.sleep(3_600_000)
    board.boot(ResetCause.DEEP_SLEEP)
    assert ask(board, _protocol.SLEEP_US, 0, 3600 * SECOND_US) == (0, b"")


def test_a_hang_lasts_until_the_watchdog(board: VirtualBoard):
    ask(board, _protocol.WDT_START, 0, 7000)
    deadline_us = board.now_us + 7 * SECOND_US
    assert stop(board, _protocol.HANG).cause is ResetCause.WATCHDOG
    assert board.now_us == deadline_us


def test_a_hang_without_watchdog_is_the_end(board: VirtualBoard):
    outcome = stop(board, _protocol.HANG)
    assert outcome.cause is None
    assert "no watchdog" in outcome.reason


def test_power_is_cut_at_the_request_and_once(board: VirtualBoard):
    board.cut_at_request = board.requests + 2
    ask(board, _protocol.RTC_WRITE, data=b"first")
    with pytest.raises(BoardStopped) as stopped:
        ask(board, _protocol.RTC_WRITE, data=b"second")
    assert stopped.value.outcome.cause is ResetCause.POWER_ON
    assert board.rtc_memory == b"first"
    assert ask(board, _protocol.HELLO)[0] == 0


def test_outputs_fall_when_the_board_stops(tmp_path: Path):
    world = BareWorld()
    board = bare_board(tmp_path, world=world)
    board.boot(ResetCause.POWER_ON)
    ask(board, _protocol.PIN_SET, 10, 1)
    ask(board, _protocol.PIN_SET, 11, 1)
    ask(board, _protocol.PIN_SET, 11, 0)
    ask(board, _protocol.SLEEP_US, 0, 1000)
    stopped_us = board.now_us
    board.sleep(1000)
    board.boot(ResetCause.DEEP_SLEEP)
    assert [(pin, level) for pin, level, _ in world.pins] == [(10, 1), (11, 1), (11, 0), (10, 0)]
    assert world.pins[-1][2] == stopped_us


def test_random_bytes_follow_the_seed(tmp_path: Path):
    drawn = []
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / folder).mkdir()
        drawn.append(ask(bare_board(tmp_path / folder, seed=seed), _protocol.RANDOM, 0, 64)[1])
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 64


def test_every_microsecond_is_in_one_state(board: VirtualBoard):
    ask(board, _protocol.WLAN_ACTIVE, 1)
    ask(board, _protocol.WLAN_CONNECT, data=b"lab\0secret")
    ask(board, _protocol.LIGHTSLEEP, 0, 700)
    ask(board, _protocol.I2C_SCAN)
    board.sleep(1000)
    assert sum(board.load.time_us.values()) == board.now_us
    currents_ua = KIND.currents_ua()
    assert board.load.charge_pc == {
        state: us * currents_ua[state] for state, us in board.load.time_us.items()
    }


def test_the_radio_draws_its_current_while_joining_and_joined(board: VirtualBoard):
    ask(board, _protocol.WLAN_ACTIVE, 1)
    ask(board, _protocol.WLAN_CONNECT, data=b"lab\0secret")
    ask(board, _protocol.SLEEP_US, 0, AccessPoint().association_us)
    assert struct.unpack_from("<H", ask(board, _protocol.WLAN_STATUS)[1])[0] == 1010
    joining_us = board.load.time_us["associating"]
    assert joining_us >= AccessPoint().association_us
    assert board.load.charge_pc["associating"] == joining_us * KIND.associating_ua
    ask(board, _protocol.SLEEP_US, 0, SECOND_US)
    assert board.load.time_us["radio"] >= SECOND_US
    before = dict(board.load.time_us)
    ask(board, _protocol.WLAN_ACTIVE, 0)
    ask(board, _protocol.SLEEP_US, 0, SECOND_US)
    assert board.load.time_us["active"] - before["active"] >= SECOND_US


NETWORK = AccessPoint("lab", "secret", association_us=300, outages=((1000, 2000), (5000, 6000)))


@pytest.mark.parametrize(
    ("ssid", "password", "at_us", "outcome"),
    [
        ("lab", "secret", 0, 1010),
        ("lab", "secret", 999, 1010),
        ("lab", "secret", 1000, 201),
        ("lab", "secret", 1999, 201),
        ("lab", "secret", 2000, 1010),
        ("lab", "secret", 5500, 201),
        ("lab", "", 0, 202),
        ("lab", "Secret", 0, 202),
        ("other", "secret", 0, 201),
    ],
)
def test_joining_takes_the_association_time(ssid, password, at_us, outcome):
    station = Station(NETWORK)
    station.set_active(True)
    assert station.status(at_us) == 1000
    station.join(ssid, password, at_us)
    assert station.status(at_us + 299) == 1001
    assert station.status(at_us + 300) == outcome
    assert station.status(at_us + 10_000) == outcome


def test_switching_off_forgets_the_network():
    station = Station(NETWORK)
    station.set_active(True)
    station.join("lab", "secret", 0)
    assert station.status(300) == 1010
    station.set_active(False)
    station.set_active(True)
    assert station.status(400) == 1000
