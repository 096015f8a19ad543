"""Checks of sleep: its current, the clock through it, and the watchdog."""

import re
import time
from typing import NamedTuple

from filmgauge_host.first_light.check import Bench, Check
from filmgauge_host.serial.board_link import BoardLink
from filmgauge_host.serial.finding import Finding
from filmgauge_sim.board.board_kind import BoardKind

_METER_S = 30.0
_UA_PER = {"": 1.0, "na": 1e-3, "ua": 1.0, "ma": 1e3}
_READING = re.compile(r"(\d+(?:[.,]\d*)?)\s*((?:[num]A)?)", re.IGNORECASE)
_CURRENT_SHARE = 0.5  # assumed: a sample of a chip on its bare board
_CLOCK_SHARE = 0.05  # assumed: RC oscillators, calibrated once
_SLICE_MS = 5000  # below the watchdogs of all boards
_QUIET_S = 0.5  # nobody knocks until so long before the end: it would end a light sleep
_DOUBT_SHARE = 0.01  # of a sleep: a comparison of clocks as close as this will do
_MOST_COMPARED = 20
_WATCHDOG_MS = 2000
_UNFED_S = 3.5
_CAUSE = "import machine\nprint(machine.reset_cause() == machine.WDT_RESET)"

_DEEP = "import machine\nmachine.deepsleep({0})"
_LIGHT = """\
import machine, time
_slept = time.time_ns()
_left = {0}
while _left > 0:
    _guard.feed()
    machine.lightsleep(min(_left, {1}))
    _left -= {1}
_slept = (time.time_ns() - _slept) // 1000000
"""
# The board itself counts the time: how late this computer is must not be taken for a bite.
_FED = f"""\
import machine, time
_dog = machine.WDT(timeout={_WATCHDOG_MS})
for _ in range(10):
    time.sleep_ms(300)
    _dog.feed()
"""
_UNFED = f"""\
import micropython, time
micropython.kbd_intr(-1)
time.sleep_ms({_UNFED_S * 1000:.0f})
"""


def fall_asleep(link: BoardLink, kind: BoardKind, duration_s: float) -> None:
    """Let a board sleep as the firmware does on it: deeply, or lightly with its watchdog fed."""
    link.start((_LIGHT if kind.keeps_ram else _DEEP).format(round(duration_s * 1000), _SLICE_MS))


def read_current_ua(answer: str) -> float | None:
    """Return what a meter shows, in uA unless a unit is given; None for what is no current."""
    found = _READING.fullmatch(answer.strip().replace("\u00b5", "u").replace("\u03bc", "u"))
    if found is None:
        return None
    number, unit = found.groups()
    return float(number.replace(",", ".")) * _UA_PER[unit.lower()]


class SleepCurrentCheck(Check):
    """What the board takes asleep, by the user's meter."""

    name = "sleep current"

    def run(self, bench: Bench) -> Finding:
        kind = bench.expected.kind
        seen_ua = bench.sleep_ua
        if seen_ua is None:
            seen_ua = self._asked(bench)
        if seen_ua is None:
            return self._untested("not measured; with a meter in the supply give --sleep-ua")
        expected_ua = kind.light_sleep_ua if kind.keeps_ram else kind.deep_sleep_ua
        return self._judged(
            abs(seen_ua - expected_ua) <= expected_ua * _CURRENT_SHARE,
            f"{seen_ua:g} uA",
            f"{expected_ua:g} uA within {_CURRENT_SHARE:.0%}",
            "the regulator, light and USB chip of a development board take milliamperes: measure"
            " at the chip's own supply; if it is the chip, its budget is wrong: send the report",
            ua=seen_ua,
        )

    def _asked(self, bench: Bench) -> float | None:
        """Let the board sleep and ask for the meter's reading, None for none."""
        if not bench.person.is_there:
            return None
        fall_asleep(bench.link, bench.expected.kind, _METER_S)
        answer = bench.person.ask(
            f"the board sleeps for {_METER_S:g} s now: what does a meter in its supply show, in"
            " uA? (Enter: no meter)"
        )
        while answer.strip() and read_current_ua(answer) is None:
            answer = bench.person.ask(f"{answer} is no current, such as 7.2 uA (Enter: no meter)")
        bench.link.enter()
        return read_current_ua(answer)


class _Compared(NamedTuple):
    """A board's clock beside that of this computer, which may be off by `doubt_s`."""

    board_s: float
    host_s: float
    doubt_s: float


class ClockCheck(Check):
    """Whether the clock runs through sleep, and as fast as this computer's.

    An answer was on its way for an unknown part of the time that it took, which widens the bound.
    """

    name = "clock through sleep"

    def run(self, bench: Bench) -> Finding:
        link, kind = bench.link, bench.expected.kind
        before = self._compared(bench)
        fall_asleep(link, kind, bench.sleep_s)
        time.sleep(max(0.0, bench.sleep_s - _QUIET_S))
        link.interrupt()
        after = self._compared(bench)
        slept_ms = self._slept_ms(link) if kind.keeps_ram else bench.sleep_s * 1000
        link.enter()
        link.guard()
        board_s, host_s = after.board_s - before.board_s, after.host_s - before.host_s
        bound_s = host_s * _CLOCK_SHARE + before.doubt_s + after.doubt_s
        has_slept = slept_ms is not None and slept_ms >= bench.sleep_s * 1000 * (1 - _CLOCK_SHARE)
        seen = f"{board_s:.2f} s on its clock in {host_s:.2f} s"
        seen += "" if has_slept else "; the sleep ended early"
        return self._judged(
            has_slept and abs(board_s - host_s) <= bound_s,
            seen,
            f"{host_s:.2f} s within {bound_s:.2f} s, {bench.sleep_s:g} s of it asleep",
            "charge is current times this clock, and would be as wrong: try again; if it stays so,"
            " send the report",
            board_s=board_s,
            host_s=host_s,
        )

    @staticmethod
    def _compared(bench: Bench) -> _Compared:
        """Return the closest of some comparisons: a busy computer is slow in many of them."""
        found: list[_Compared] = []
        while len(found) < _MOST_COMPARED:
            asked_s = time.monotonic()
            board_ms = bench.clock_ms()
            answered_s = time.monotonic()
            middle_s, doubt_s = (asked_s + answered_s) / 2, (answered_s - asked_s) / 2
            found.append(_Compared(board_ms / 1000, middle_s, doubt_s))
            if doubt_s <= bench.sleep_s * _DOUBT_SHARE:
                break
        return min(found, key=lambda compared: compared.doubt_s)

    @staticmethod
    def _slept_ms(link: BoardLink) -> int | None:
        """Return how long light sleeps lasted, None where the board has lost its memory."""
        (slept_ms,) = link.values("print(globals().get('_slept'))")
        return slept_ms


class WatchdogCheck(Check):
    """Whether a watchdog waits while it is fed, bites when it is not, and can be told apart."""

    name = "watchdog"

    def run(self, bench: Bench) -> Finding:
        link = bench.link
        link.run(_FED, timeout_s=30)
        link.start(_UNFED)
        link.interrupt()  # knocks all the time: a node that boots and sleeps loses the cause
        (has_bitten,) = link.values("print('_dog' not in globals())")
        (says_so,) = link.values(_CAUSE)
        link.enter()
        link.guard()
        seen = "resets the board" if has_bitten else "does not reset the board"
        seen += f", which {'tells' if says_so else 'does not tell'} the cause"
        return self._judged(
            has_bitten and says_so,
            f"left for {_UNFED_S:g} s it {seen}",
            "a reset, and the cause told",
            "a node that hangs would stay so, or not say that it did: send the report",
            bites=has_bitten,
            tells=says_so,
        )
