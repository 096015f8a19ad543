"""Checks of sleep: its current, the clock through it, and the watchdog."""

import time

from filmgauge_host.first_light.check import CLOCK_MS, Bench, Check
from filmgauge_host.serial.board_link import BoardLink, LinkError
from filmgauge_host.serial.finding import Finding
from filmgauge_sim.board.board_kind import BoardKind

_METER_S = 30.0
_CURRENT_SHARE = 0.5  # assumed: a sample of a chip on its bare board
_CLOCK_SHARE = 0.05  # assumed: RC oscillators, calibrated once
_SLICE_MS = 5000  # below the watchdogs of all boards
_QUIET_S = 0.5  # nobody knocks until so long before the end: it would end a light sleep
_WATCHDOG_MS = 2000
_FED_S = 3.0
_MARGIN_S = 1.5
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


def fall_asleep(link: BoardLink, kind: BoardKind, duration_s: float) -> None:
    """Let a board sleep as the firmware does on it: deeply, or lightly with its watchdog fed."""
    link.start((_LIGHT if kind.keeps_ram else _DEEP).format(round(duration_s * 1000), _SLICE_MS))


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
        bench.link.enter()
        try:
            return float(answer.replace(",", "."))
        except ValueError:
            return None


class ClockCheck(Check):
    """Whether the clock runs through sleep, and as fast as this computer's."""

    name = "clock through sleep"

    def run(self, bench: Bench) -> Finding:
        link, kind = bench.link, bench.expected.kind
        before_ms, begun_s, doubt_s = self._compared(link)
        fall_asleep(link, kind, bench.sleep_s)
        time.sleep(max(0.0, bench.sleep_s - _QUIET_S))
        link.interrupt()
        after_ms, ended_s, more_s = self._compared(link)
        slept_ms = self._slept_ms(link) if kind.keeps_ram else bench.sleep_s * 1000
        link.enter()
        link.guard()
        board_s, host_s = (after_ms - before_ms) / 1000, ended_s - begun_s
        bound_s = host_s * _CLOCK_SHARE + doubt_s + more_s
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
    def _compared(link: BoardLink) -> tuple[int, float, float]:
        """Return the board's clock in ms, that of this computer in s, and its doubt in s."""
        asked_s = time.monotonic()
        (board_ms,) = link.values(CLOCK_MS)
        answered_s = time.monotonic()
        return board_ms, (asked_s + answered_s) / 2, (answered_s - asked_s) / 2

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
        link.run(f"import machine\n_dog = machine.WDT(timeout={_WATCHDOG_MS})")
        until_s = time.monotonic() + _FED_S
        while time.monotonic() < until_s:
            link.run("_dog.feed()")
            time.sleep(0.3)
        time.sleep(_WATCHDOG_MS / 1000 + _MARGIN_S)
        has_bitten = not self._remembers(link)
        link.interrupt()
        (says_so,) = link.values(_CAUSE)
        link.enter()
        link.guard()
        seen = "resets the board" if has_bitten else "does not reset the board"
        seen += f", which {'tells' if says_so else 'does not tell'} the cause"
        return self._judged(
            has_bitten and says_so,
            f"left for {_WATCHDOG_MS / 1000 + _MARGIN_S:g} s it {seen}",
            "a reset, and the cause told",
            "a node that hangs would stay so, or not say that it did: send the report",
            bites=has_bitten,
            tells=says_so,
        )

    @staticmethod
    def _remembers(link: BoardLink) -> bool:
        """Return whether the board still has what was in its memory."""
        try:
            return link.values("print('_dog' in globals())") == [True]
        except LinkError:
            return False
