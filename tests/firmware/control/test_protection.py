"""What a node does for its cell: the switch, service and limits that are told."""

from cell_profiles import VALUES, cell

from filmgauge.config import Config
from filmgauge.control import charge_control, disconnect, limits, service_level
from filmgauge.control.limits import FAULT, LIMIT, UNDER_VOLTAGE
from filmgauge.control.protection import SIZE, Protection
from filmgauge.control.unprotected import Unprotected
from filmgauge.state import State
from filmgauge.uplink.peer_context import REQUEST_REPORT, REQUEST_ZERO

FINE_UV = 2150000
LOAD_PA = -500000


class Board:
    """Notes the levels of its pins."""

    def __init__(self):
        self.levels = {}

    def latch(self, pin, level):
        self.levels[pin] = level


class Sample:
    def __init__(self, voltage_uv=FINE_UV, temperature_cdeg=2500, current_pa=LOAD_PA):
        self.voltage_uv = voltage_uv
        self.current_pa = current_pa
        self.temperature_cdeg = temperature_cdeg


def protection(**keys):
    values = {"node": "n", "pin_scl": 1, "pin_sda": 2, "pin_gate": 3}
    values.update(keys)
    board = Board()
    return Protection(board, Config(**values), cell()), board


class Life:
    """Wakes of a node with one protection."""

    def __init__(self, **keys):
        self.protection, self.board = protection(**keys)
        self.state = State()
        self.has_switch = "pin_disconnect" in keys

    def wake(self, sample=None, soc_ppm=600000, busy=False):
        """Return the switch at the sample, whether the interval before was all open, and the
        switch after it."""
        state = self.state
        is_open = bool(state.offset_running or state.sees_zero)
        if self.has_switch:
            self.board.latch(12, int(is_open))
        seen = self.board.levels.get(12)
        was_held = state.offset_running
        left_ppm = max(0, soc_ppm - 10000)
        self.protection.check(is_open, state, sample or Sample(), soc_ppm, left_ppm, busy)
        return seen, was_held, self.board.levels.get(12)


def test_the_zero_is_seen_for_one_whole_interval():
    life = Life(pin_disconnect=12, zero_every=5)
    wakes = [life.wake() for _ in range(30)]
    zeros = [at for at in range(30) if wakes[at][1]]
    assert len(zeros) >= 4
    for at in zeros:
        # Open from the sample before, through the interval, until this sample is done.
        assert wakes[at - 1] == (1, 0, 1)
        assert wakes[at] == (1, 1, 0)
        assert wakes[at + 1][0] == 0 if at < 29 else True
    assert all(wakes[at] == (0, 0, 0) for at in range(5))


def test_never_zeroing_where_nothing_asks_or_the_sensor_is_off():
    for keys in ({"zero_every": 0}, {"zero_every": 5, "pin_sensors": 4}):
        life = Life(pin_disconnect=12, **keys)
        assert all(life.wake() == (0, 0, 0) for _ in range(20))


def test_a_report_puts_the_zero_off():
    life = Life(pin_disconnect=12, zero_every=5)
    assert all(life.wake(busy=True) == (0, 0, 0) for _ in range(20))


def test_a_fault_opens_the_switch_between_samples_and_its_release_closes_it():
    life = Life(pin_disconnect=12)
    low = Sample(VALUES["empty_uv"] - (VALUES["full_uv"] - VALUES["empty_uv"]) // 10)
    levels = [life.wake(low) for _ in range(6)]
    assert levels[-1] == (0, 0, 1)  # closed to look, open until the next look
    assert life.protection.limits_word() >> 2 * UNDER_VOLTAGE & 3 == FAULT
    after = [life.wake(Sample(current_pa=LOAD_PA * -4)) for _ in range(15)]
    assert after[0][2] == 1
    assert after[-1] == (0, 0, 0)


def test_service_is_shed_only_where_it_is_asked_for():
    plain, service = Life(pin_disconnect=12), Life(shed=1)
    for soc_ppm, reports, period in ((600000, 5, 60), (250000, 20, 60), (100000, 0, 60)):
        plain.wake(soc_ppm=soc_ppm)
        service.wake(soc_ppm=soc_ppm)
        assert plain.protection.report_every(5) == 5
        assert service.protection.report_every(5) == reports
        assert service.protection.period(60) == period
    service.wake(soc_ppm=20000)
    assert service.protection.period(60) == 360
    plain.wake(soc_ppm=20000)
    assert plain.protection.period(60) == 60


def test_a_sleep_changes_nothing():
    for keys in ({}, {"pin_disconnect": 12, "zero_every": 3, "shed": 1}):
        life, again = Life(**keys), Life(**keys)
        for wake in range(25):
            sample = Sample(900000 if 8 < wake < 14 else FINE_UV)
            buffer = bytearray(SIZE)
            life.protection.pack_into(buffer, 0)
            again.protection, again.board = protection(**keys)
            again.protection.unpack_from(buffer, 0)
            assert life.wake(sample) == again.wake(sample)
            assert life.protection.limits_word() == again.protection.limits_word()


def test_who_switches_nothing_has_the_limits_alone():
    alone, board = protection(zero_every=5)
    for _ in range(5):
        alone.update(False, Sample(900000), 20000, None, False)
        alone.set_switch(0)
        alone.request_zero()
    assert board.levels == {}
    assert alone.limits_word() >> 2 * UNDER_VOLTAGE & 3 == LIMIT
    assert (alone.service_level(), alone.report_every(5), alone.period(60)) == (0, 5, 60)
    assert alone.disconnect is alone.service is alone.charge is None


def test_the_sizes_of_the_parts_are_those_of_their_files():
    parts = (limits.SIZE, charge_control.SIZE, service_level.SIZE, disconnect.SIZE)
    assert sum(parts) == SIZE
    buffer, again = bytearray(SIZE), bytearray(SIZE)
    at = 0
    whole = protection(shed=1, pin_disconnect=12, pin_charge=13)[0]
    whole.plan(900000, -LOAD_PA, 2500, 20000, 20000, True, False)
    whole.pack_into(buffer, 0)
    for part, size in zip((whole.limits, whole.charge, whole.service, whole.disconnect), parts):
        part.pack_into(again, at)
        at += size
    assert buffer == again


def test_a_node_without_a_profile_switches_nothing():
    none, state = Unprotected(), State()
    state.offset_running = state.sees_zero = 1  # of the node that had one
    state.requests = REQUEST_ZERO | REQUEST_REPORT
    none.check(False, state, Sample(), None, None, False)
    assert (state.offset_running, state.sees_zero, state.requests) == (0, 0, REQUEST_REPORT)
    assert none.limits_word() is None
    assert (none.report_every(5), none.period(60)) == (5, 60)
