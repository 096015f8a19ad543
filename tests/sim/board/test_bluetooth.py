"""`bluetooth` on the virtual board: what it refuses, limits and truncation, adverts and charge."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from bare_board import KIND
from board_program import Program, both

from filmgauge_sim.board.outcome import ResetCause
from filmgauge_sim.board.radio_port import Advertisement, RadioPort

STM32 = replace(KIND, port="stm32", keeps_ram=True, radio_core=True)
PORTS = pytest.mark.parametrize("kind", [KIND, STM32], ids=["esp32", "stm32"])
HEAD = """
import bluetooth
from bluetooth import *
ble = BLE()
def tried(call, *arguments, **named):
    try:
        return call(*arguments, **named)
    except Exception as error:
        return type(error).__name__, error.args[0]
"""
ON = HEAD + "ble.active(True)\n"
SERVICES = """
(a, b), (c,) = ble.gatts_register_services((
    (UUID(0x180F), ((UUID(0x2A19), FLAG_READ | FLAG_NOTIFY),
                    (UUID('7b1e0003-5a4b-4d2e-9a53-6c69732d6d62'), FLAG_WRITE))),
    (UUID(0x180A), ((UUID(0x2A29), FLAG_READ),)),
))
"""


class Listener(RadioPort):
    """Notes every advertising event."""

    def __init__(self) -> None:
        self.heard: list[Advertisement] = []

    def advertise(self, event: Advertisement) -> None:
        self.heard.append(event)


def said(folder: Path, source: str, kind=STM32) -> list[str]:
    return both(folder, source, kind=kind)[0]


@PORTS
def test_ble_is_a_singleton(tmp_path: Path, kind) -> None:
    source = HEAD + "print(BLE() is ble, ble.active(), ble.active(True), ble.active(False))\n"
    assert said(tmp_path, source, kind) == ["True False True False"]


@pytest.mark.parametrize(
    "call",
    [
        "ble.gap_advertise, 100000",
        "ble.gatts_register_services, ()",
        "ble.gatts_read, 1",
        "ble.gatts_write, 1, b''",
        "ble.gatts_notify, 1, 1",
        "ble.gatts_indicate, 1, 1",
        "ble.gatts_set_buffer, 1, 30",
        "ble.gap_disconnect, 1",
        "ble.config, 'mac'",
    ],
)
def test_inactive_it_raises_19(tmp_path: Path, call: str) -> None:
    assert said(tmp_path, HEAD + f"print(tried({call}))\n") == ["('OSError', 19)"]


def test_advertising_data_over_31_bytes_raise_minus_18(tmp_path: Path) -> None:
    source = ON + (
        "print(tried(ble.gap_advertise, 100000, bytes(31), resp_data=bytes(31)))\n"
        "print(tried(ble.gap_advertise, 100000, bytes(32)))\n"
        "print(tried(ble.gap_advertise, 100000, resp_data=bytes(32)))\n"
    )
    assert said(tmp_path, source) == ["None", "('OSError', -18)", "('OSError', -18)"]


@pytest.mark.parametrize("interval_us", [19_999, 10_240_001])
def test_an_advertising_interval_out_of_bounds_raises_22(tmp_path: Path, interval_us: int) -> None:
    source = ON + f"print(tried(ble.gap_advertise, {interval_us}))\n"
    assert said(tmp_path, source) == ["('OSError', 22)"]


def test_register_while_advertising_raises_16(tmp_path: Path) -> None:
    source = ON + (
        "ble.gap_advertise(100000, b'')\nprint(tried(ble.gatts_register_services, ()))\n"
        "ble.gap_advertise(None)\nprint(tried(ble.gatts_register_services, ()))\n"
    )
    assert said(tmp_path, source) == ["('OSError', 16)", "()"]


def test_notify_and_indicate_without_a_connection_raise_enotconn(tmp_path: Path) -> None:
    source = (
        ON
        + SERVICES
        + (
            "print(tried(ble.gatts_notify, 1, a), tried(ble.gatts_indicate, 1, a, b'x'))\n"
            "print(ble.gap_disconnect(1))\n"
        )
    )
    assert said(tmp_path, source) == ["('OSError', 107) ('OSError', 107)", "False"]


def test_a_bad_handle_reads_nothing_and_writes_22(tmp_path: Path) -> None:
    source = (
        ON
        + SERVICES
        + (
            "print(ble.gatts_read(999), tried(ble.gatts_write, 999, b'x'))\n"
            "print(tried(ble.gatts_set_buffer, 999, 30))\n"
        )
    )
    assert said(tmp_path, source) == ["b'' ('OSError', 22)", "('OSError', 22)"]


def test_gatts_write_returns_the_length_and_keeps_any(tmp_path: Path) -> None:
    source = (
        ON
        + SERVICES
        + ("print(ble.gatts_write(a, bytes(100)), len(ble.gatts_read(a)), ble.gatts_read(c))\n")
    )
    assert said(tmp_path, source) == ["100 100 b''"]


def test_handles_ascend_over_services(tmp_path: Path) -> None:
    assert said(tmp_path, ON + SERVICES + "print(0 < a < b < c)\n") == ["True"]


def test_config(tmp_path: Path) -> None:
    source = ON + (
        "ble.config(gap_name='node', mtu=100)\n"
        "print(ble.config('gap_name'), ble.config('mtu'), ble.config('rxbuf'))\n"
        "kind, mac = ble.config('mac')\nprint(kind, bytes(mac))\n"
        "print(tried(ble.config, 'nothing'), tried(ble.config, nothing=1))\n"
        "print(tried(ble.config, 'mtu', mtu=1)[0], tried(ble.irq, 5)[0])\n"
    )
    assert said(tmp_path, source) == [
        "b'node' 100 256",
        "1 b'\\xc1\\x02\\x03\\x04\\x05\\x06'",  # a random static address has its two top bits set
        "('ValueError', 'unknown config param') ('ValueError', 'unknown config param')",
        "TypeError ValueError",
    ]


def test_uuids(tmp_path: Path) -> None:
    source = HEAD + (
        "text = '7b1e0001-5a4b-4d2e-9a53-6c69732d6d62'\n"
        "print(UUID(0x180F), UUID(text))\n"
        "print(UUID(0x180F) == UUID(b'\\x0f\\x18'))\n"
        "print(tried(UUID, 'ab')[0], tried(UUID, b'abc')[0])\n"
    )
    assert said(tmp_path, source) == [
        "UUID(0x180f) UUID('7b1e0001-5a4b-4d2e-9a53-6c69732d6d62')",
        "True",
        "ValueError ValueError",
    ]


def test_after_a_reset_it_is_new(tmp_path: Path) -> None:
    source = HEAD + (
        "print(ble.active())\nble.active(True)\nprint(ble.config('gap_name'))\n"
        "ble.config(gap_name='other')\nble.gap_advertise(100000)\n"
    )
    causes = [ResetCause.POWER_ON, ResetCause.DEEP_SLEEP]
    lines, _ = both(tmp_path, source, causes, kind=KIND)
    assert lines == ["False", "b'MPY BLE'"] * 2


ADVERTISE = (
    ON + "import time\nble.gap_advertise({us}, b'adv', resp_data=b'rsp', connectable=False)"
)


@pytest.mark.parametrize("runtime", ["micropython", "cpython"])
def test_adverts_come_at_the_interval_and_up_to_10_ms(tmp_path: Path, runtime: str) -> None:
    source = ADVERTISE.format(us=100_000) + "\ntime.sleep(20)\nble.gap_advertise(None)\n"
    source += "time.sleep(1)\nble.gap_advertise(100000)\ntime.sleep_ms(1)\n"
    listener = Listener()
    with Program(tmp_path, runtime, source, kind=KIND, radio_port=listener) as program:
        program.boot()
        heard = listener.heard
        times = [event.at_us for event in heard[:-1]]
        steps = [after - before for before, after in pairwise(times)]
        assert all(100_000 <= step <= 110_000 for step in steps)
        assert sum(steps) / len(steps) == pytest.approx(105_000, rel=0.01)  # uniform delay
        assert len(times) == pytest.approx(20 / 0.105, abs=2)
        assert heard[-1].at_us - times[-1] > 1_000_000
        assert heard[0] == Advertisement(
            times[0], b"\xc1\2\3\4\5\6", True, b"adv", b"rsp", connectable=False
        )
        assert (heard[-1].data, heard[-1].connectable) == (b"adv", True)  # the data stay


@pytest.mark.parametrize("runtime", ["micropython", "cpython"])
def test_an_advert_draws_its_charge_on_top(tmp_path: Path, runtime: str) -> None:
    source = ADVERTISE.format(us=200_000)
    source += "\nimport machine\nmachine.lightsleep(10000)\nble.gap_advertise(None)\n"
    listener = Listener()
    with Program(tmp_path, runtime, source, kind=STM32, radio_port=listener) as program:
        program.boot()
        meter = program.board.load
        count = len(listener.heard)
        bursts_us = meter.time_us["advertising"] + meter.time_us["advertising asleep"]
        assert 45 <= count == program.board.bluetooth.schedule.advertising_events
        assert count - 1 <= bursts_us / STM32.advertisement_us <= count
        assert meter.time_us["light sleep"] + meter.time_us["advertising asleep"] == 10_000_000
        # 3.5 to 11 uC each, beyond what sleeping would have drawn
        extra_pc = meter.charge_pc["advertising asleep"] - bursts_us * STM32.light_sleep_ua
        assert 3.5e6 < extra_pc / count < 11e6


def test_a_radio_without_a_core_of_its_own_is_silent_in_light_sleep(tmp_path: Path) -> None:
    source = ADVERTISE.format(us=100_000)
    source += "\nimport machine\nmachine.lightsleep(5000)\ntime.sleep_ms(10)\n"
    listener = Listener()
    with Program(tmp_path, "cpython", source, kind=KIND, radio_port=listener) as program:
        program.boot()
        assert len(listener.heard) == 2
        assert listener.heard[1].at_us - listener.heard[0].at_us > 5_000_000


def test_the_radio_falls_silent_with_the_board(tmp_path: Path) -> None:
    source = ADVERTISE.format(us=100_000) + "\nimport machine\nmachine.deepsleep(5000)\n"
    listener = Listener()
    with Program(tmp_path, "cpython", source, kind=KIND, radio_port=listener) as program:
        outcome = program.boot()
        heard = len(listener.heard)
        program.board.sleep(outcome.sleep_ms)
        assert len(listener.heard) == heard
