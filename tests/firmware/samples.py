"""What a way of counting charge gets to see: a board, the keys of a node, samples."""

import filmgauge.gauge.fuel_gauge  # noqa: F401  the largest first, while the heap is empty
from filmgauge.gauge.ledger_only import LedgerOnly
from filmgauge.state import State

UA = 1000000  # pA
MINUTE_MS = 60000
SHUNT_MOHM = 1000000


class Keys:
    """The part of a configuration that counting needs."""

    pin_scl, pin_sda, pin_gate, pin_sensors = 1, 2, 3, -1
    i2c_hz, tmp117_address, ina228_address = 400000, 0x48, 0x40
    shunt_mohm, divider_ohm, refill_ppm = SHUNT_MOHM, 1000000, 870000
    own_nw = wake_nj = glance_nj = 0

    def __init__(self, **keys):
        for name, value in keys.items():
            setattr(self, name, value)


class Board:
    """A board whose bus and pins nobody uses: the samples are made up."""

    nap = None

    def i2c(self, *wiring):
        """Return no bus."""

    def output(self, pin):
        """Return no pin."""


class Sample:
    """What a sampler has seen, all of it sound."""

    def __init__(self, current_pa=None, voltage_uv=None):
        self.checks = 0
        self.current_pa = current_pa
        self.voltage_uv = voltage_uv
        self.is_usable = True
        self.guess_pa = None
        self.nothing_counted()

    def nothing_counted(self):
        self.moved_pc = self.carried_pc = self.doubt_pc = self.gap = 0

    def sample(self, elapsed_ms=None):
        """Be what was just seen."""

    def quick_current_pa(self):
        self.checks += 1
        return self.current_pa

    def pack_into(self, buffer, offset):
        """Remember nothing."""

    unpack_from = pack_into


def count(charge, state, sample, gauge, elapsed_ms=MINUTE_MS):
    """Let a sample count, once; return the faults."""
    charge.sampler = sample
    charge.sample(elapsed_ms)
    faults = charge.count(state, gauge, elapsed_ms, 2500)
    sample.nothing_counted()
    return faults


def after(charge, samples, elapsed_ms=MINUTE_MS, gauge=None):
    """Return the gauge and the faults after samples at equal times; the first is of a boot."""
    gauge = gauge or LedgerOnly()
    state = State()
    faults = 0
    for sample in samples:
        faults |= count(charge, state, sample, gauge, elapsed_ms if state.wakes else 0)
        state.wakes += 1
    return gauge, faults


def currents_for_voltages(charge, samples):
    """Return the currents that the voltages of samples at equal times go with, in uA."""
    state, gauge, found = State(), LedgerOnly(), []
    for sample in samples:
        count(charge, state, sample, gauge, MINUTE_MS if state.wakes else 0)
        pa = charge.current_for_voltage()
        found.append(None if pa is None else pa / UA)
        state.wakes += 1
    return found
