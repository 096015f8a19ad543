"""The gauge of the firmware, fed with readings as a node feeds it, by commands of integers.

It is imported by the score, or runs on an interpreter of its own, MicroPython or CPython:

    micropython gauge_server.py FIRMWARE

reads the profile in hexadecimal digits and the shunt in mOhm, then obeys a command a line,
integers behind a word, and answers each with integers, `-` for None, or with `!` and what went
wrong.
"""

import sys

if __name__ == "__main__":
    sys.path[:0] = [sys.argv[1]]

from filmgauge.gauge.ledger import CORRECTED, GAP, MEASURED
from filmgauge.sensors.ina228 import CountScale
from filmgauge.state import State


class GaugeServer:
    """Commands by name; each returns integers or None.

    make: the class of the gauge; available: that of the charge it tells of. sleeps: whether it is
    made anew for every reading, from what the one before has packed, as on a node that sleeps
    without its memory.
    """

    def __init__(self, make, available, profile, shunt_mohm, sleeps):
        self._available = available
        self._make = lambda: make(profile, shunt_mohm)
        self._gauge = self._make()
        self._scale = CountScale(shunt_mohm)
        self._state = State() if sleeps else None

    def call(self, command, *numbers):
        """Obey one command. Raises what the gauge raises."""
        return getattr(self, command)(*numbers)

    def open(self, soc_ppm, sigma_ppm, is_new):
        """Begin with what is known before the first reading; return as `read`."""
        self._gauge.open(soc_ppm, sigma_ppm, is_new)
        return self._results()

    def lost(self):
        """Use a wake without readings; return as `read`."""
        self._gauge.health.interrupt()  # what follows a gap is no step of a load
        return self._results()

    def read(self, is_open, counts, elapsed_ms, cdeg, drained_pc, uv, code, drain_pa):
        """Use a reading; return state of charge and its sigma (ppm), full charge (nAh), and what
        the ledger admits beside what was measured (pC, a number a line)."""
        gauge = self._gauge
        moved_pc = self._scale.pc(counts)
        gauge.ledger.add_pc(MEASURED, self._scale.carried_pc())
        (gauge.zero if is_open else gauge.count)(moved_pc, elapsed_ms, cdeg)
        gauge.book(-drained_pc)
        gauge.observe(uv, self._scale.pa(code), drain_pa, cdeg)
        return self._results()

    def forecast(self, load_pa, cdeg):
        """Return available charge (nAh), time to empty (s), resistance (mOhm), the sigmas of
        available charge (nAh), full charge (nAh) and time to empty (s), and whether the gauge says
        that the cell is unlike its profile (0 or 1)."""
        gauge = self._gauge
        available = self._available(gauge)
        charge = available.charge_nah(load_pa, cdeg)
        sigmas = [available.sigma_nah(), gauge.full_sigma_nah()]
        to_empty = available.time_to_empty_s(cdeg)
        sigmas += [available.time_to_empty_sigma_s(), int(gauge.is_unlike_profile())]
        return [charge, to_empty, gauge.resistance_mohm()] + sigmas  # noqa: RUF005

    def _results(self):
        if self._state is not None:
            self._state.pack(self._gauge)
            self._gauge = self._make()
            if not self._state.unpack(self._gauge):
                raise ValueError("the state is of another layout")
        gauge = self._gauge
        lines = [gauge.ledger.line_pc(line) for line in range(CORRECTED, GAP + 1)]
        return [gauge.soc_ppm(), gauge.sigma_ppm(), gauge.full_nah()] + lines  # noqa: RUF005


def _answer(server, line):
    command, *numbers = line.split()
    try:
        results = server.call(command, *[int(number) for number in numbers])
    except Exception as error:
        return "! " + repr(error)
    return " ".join("-" if value is None else str(value) for value in results)


def _serve():
    from filmgauge.gauge.available_charge import AvailableCharge
    from filmgauge.gauge.fuel_gauge import FuelGauge
    from filmgauge.gauge.profile import Profile

    profile = Profile.from_bytes(bytes.fromhex(sys.stdin.readline().strip()))
    server = GaugeServer(FuelGauge, AvailableCharge, profile, int(sys.stdin.readline()), True)
    for line in sys.stdin:
        print(_answer(server, line))


if __name__ == "__main__":
    _serve()
