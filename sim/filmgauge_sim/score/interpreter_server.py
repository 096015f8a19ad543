"""A gauge on an interpreter of its own, MicroPython or CPython.

    micropython interpreter_server.py FIRMWARE

reads the profile in hexadecimal digits and the shunt in mOhm, then obeys a command a line,
integers behind a word, and answers each with integers, `-` for None, or with `!` and what went
wrong. As on a node that sleeps, nothing but the packed state outlives a reading.
"""

import sys

sys.path[:0] = [sys.argv[1]]

from filmgauge.gauge.fuel_gauge import FuelGauge  # noqa: E402
from filmgauge.gauge.ledger import CORRECTED, GAP, MEASURED  # noqa: E402
from filmgauge.gauge.profile import Profile  # noqa: E402
from filmgauge.sensors.ina228 import CountScale  # noqa: E402
from filmgauge.state import State  # noqa: E402


class _Server:
    """Commands by name; each returns integers or None."""

    def __init__(self, profile, shunt_mohm):
        self._cell = profile, shunt_mohm
        self._gauge = FuelGauge(*self._cell)
        self._scale = CountScale(shunt_mohm)
        self._state = State()

    def open(self, soc_ppm, sigma_ppm, is_new):
        """Begin with what is known before the first reading."""
        self._gauge.open(soc_ppm, sigma_ppm, is_new)
        return self._results()

    def lost(self):
        """Use a wake without readings."""
        self._gauge.health.interrupt()  # what follows a gap is no step of a load
        return self._sleep()

    def read(self, is_open, counts, elapsed_ms, cdeg, drained_pc, uv, code, drain_pa):
        """Use a reading."""
        gauge = self._gauge
        moved_pc = self._scale.pc(counts)
        gauge.ledger.add_pc(MEASURED, self._scale.carried_pc())
        (gauge.zero if is_open else gauge.count)(moved_pc, elapsed_ms, cdeg)
        gauge.book(-drained_pc)
        gauge.observe(uv, self._scale.pa(code), drain_pa, cdeg)
        return self._sleep()

    def forecast(self, load_pa, cdeg):
        """Return available charge (nAh), time to empty (s) and resistance (mOhm)."""
        gauge = self._gauge
        return (
            gauge.available_nah(load_pa, cdeg),
            gauge.time_to_empty_s(cdeg),
            gauge.resistance_mohm(),
        )

    def _sleep(self):
        self._state.pack(self._gauge)
        self._gauge = FuelGauge(*self._cell)
        self._state.unpack(self._gauge)
        return self._results()

    def _results(self):
        gauge = self._gauge
        lines = [gauge.ledger.line_pc(line) for line in range(CORRECTED, GAP + 1)]
        return [gauge.soc_ppm(), gauge.sigma_ppm(), gauge.full_nah()] + lines  # noqa: RUF005


def _answer(server, command):
    name, *numbers = command.split()
    try:
        results = getattr(server, name)(*[int(number) for number in numbers])
    except Exception as error:
        return "! " + name + ": " + repr(error)
    return " ".join("-" if value is None else str(value) for value in results)


def _serve():
    profile = Profile.from_bytes(bytes.fromhex(sys.stdin.readline().strip()))
    server = _Server(profile, int(sys.stdin.readline()))
    for command in sys.stdin:
        print(_answer(server, command))


_serve()
