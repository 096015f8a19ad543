"""What a way of counting charge gets to see: a board, the keys of a node, samples."""

from filmgauge.gauge.fuel_gauge import LedgerOnly
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


class Sensor:
    """A sensor that has counted `moved_pc` since it was asked last."""

    def __init__(self):
        self.moved_pc = self.fraction_pc = 0
        self.lost = False

    def carried_pc(self):
        return self.fraction_pc

    def charge_pc(self):
        moved_pc, self.moved_pc, self.lost = self.moved_pc, 0, False
        return moved_pc

    def lost_charge(self):
        return self.lost

    def most_pa(self):
        return 41 * UA

    def counts_since(self, high, low):
        return 0

    def worth_pc(self, counts):
        return counts

    def last(self):
        return 0, 0

    def is_known(self):
        return False  # how long it has counted: every charge is possible


class Sample:
    """What a sampler has seen."""

    def __init__(self, current_pa=None, voltage_uv=None):
        self.current = Sensor()
        self.checks = 0
        self.current_pa = current_pa
        self.voltage_uv = voltage_uv
        self.faults = self.drain_pa = 0
        self.temperature_cdeg = self.die_cdeg = 2500
        self.idle_uv = self.model_cdeg = None
        self.is_usable = self.restarted = False

    def sample(self):
        """Be what was just seen."""

    def quick_current_pa(self):
        self.checks += 1
        return self.current_pa


def count(charge, state, sample, gauge, elapsed_ms=MINUTE_MS):
    """Let a sample count; return the faults."""
    charge.sampler = sample
    charge.sample(elapsed_ms)
    return charge.count(state, gauge, elapsed_ms, 2500)


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
