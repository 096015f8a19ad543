"""What is believed of a reading, and what is told of it."""

from cell_profiles import cell
from noise import Noise

from filmgauge.charge.reading_check import SIZE, ReadingCheck
from filmgauge.record import FAULT_CONTRADICTION, FAULT_RANGE, FAULT_READING
from filmgauge.sensors.ina228 import CountScale

MINUTE_MS = 60000
PROFILE = cell()
ONE_C_PA = PROFILE.full_pc() // 3600
CHARGE_UV, DISCHARGE_UV = 2400000, 1900000


class Checked(ReadingCheck):
    """A sampler whose readings are made up."""

    def __init__(self, profile=PROFILE):
        super().__init__(profile)
        self.current = CountScale(1000000)

    def see(self, cdeg=2500, die=2500, uv=DISCHARGE_UV, pa=-ONE_C_PA, idle=0, ms=MINUTE_MS):
        """Judge a sample; return its faults."""
        self._clear()
        self.temperature_cdeg, self._die_cdeg = cdeg, die
        self.voltage_uv, self.current_pa, self._idle_uv = uv, pa, idle
        self.drain_pa = uv and uv  # of 1 Mohm
        self._judge(ms, None if pa is None or ms is None else pa * ms // 1000)
        return self.faults


def seen(*samples):
    """Return a check that has seen samples, all of them sound."""
    check = Checked()
    check.see(ms=None)
    for sample in samples:
        assert check.see(**sample) == 0
    return check


def test_a_temperature_beside_the_die_is_a_wrong_one():
    for step in (-9000, -2000, -1400, -800, -600, 600, 800, 1400, 2500, 6000, 10000):
        check = seen({})
        for minute in range(30):
            # Whatever lasts is not believed as long as the die contradicts it; the models go on.
            assert check.see(2500 + step, 2500 + minute) == FAULT_READING
            assert check.model_cdeg == 2500 + minute
            assert check.is_usable
        assert check.see(2530, 2530) == 0


def test_a_step_that_the_die_has_made_too_is_one():
    for step in (-3000, 3000, 5000):
        check = seen({})
        assert check.see(2500 + step, 2500 + step + 100) == 0
        assert check.model_cdeg == 2500 + step


def test_without_a_die_three_looks_are_a_step():
    check = Checked()
    check.see(die=None, ms=None)
    assert check.see(6000, None) == FAULT_READING
    assert check.see(6010, None) == FAULT_READING
    assert check.model_cdeg == 2500
    assert check.see(6020, None) == FAULT_READING
    assert check.model_cdeg == 6020
    assert check.see(6020, None) == 0


def test_what_a_thermal_mass_can_do_is_believed():
    check = Checked()
    check.see(die=None, ms=None)
    for cdeg in (3900, 2600, 2500 + 1500):
        assert check.see(cdeg, None) == 0
    assert check.see(2500, None, ms=60 * MINUTE_MS) == 0


def test_a_reading_that_no_sensor_has_is_never_used():
    for cdeg in (-25600, -5501, 15001, 25599):
        check = Checked()
        assert check.see(cdeg, None, ms=None) & FAULT_READING
        assert check.model_cdeg is None
        check = seen({})
        for _ in range(5):
            assert check.see(cdeg, None) & FAULT_READING
            assert check.model_cdeg == 2500


def test_a_thermometer_far_from_its_board_is_told_from_the_first_sample_on():
    check = Checked()
    assert check.see(8500, 2500, ms=None) == FAULT_CONTRADICTION
    assert check.see(8500, 2500) == FAULT_CONTRADICTION


def test_a_silent_thermometer_leaves_the_models_what_the_die_says():
    check = seen({})
    assert check.see(None, 2700) == 0
    assert check.model_cdeg == 2700
    assert check.see(None, None) == 0
    assert check.model_cdeg == 2500


def test_a_voltage_out_of_the_chemistry_is_told_and_not_used():
    # 1 to 3 V, and a quarter of that window on either side
    for uv, told, usable in (
        (0, True, False),
        (499999, True, False),
        (500000, False, False),
        (899999, False, False),
        (900000, False, True),
        (3100000, False, True),
        (3100001, False, False),
        (3500001, True, False),
    ):
        check = Checked()
        assert (check.see(uv=uv, ms=None) == FAULT_READING) == told
        assert check.is_usable == usable


def test_a_current_at_the_end_of_the_range_may_be_any():
    # 78.125 pA a count at 1 kohm: 2**19 - 1 and -2**19
    for pa in (40959921, -40960000, -40959921):
        check = seen({})
        assert check.see(pa=pa) & FAULT_RANGE
        assert not check.is_usable
        assert check.doubt_pc >= 40 * 60 * 1000000  # as much again
        assert check.see() & FAULT_RANGE  # the interval has begun with it
        assert check.see() == 0
        assert check.doubt_pc == 0
    assert seen({}).see(pa=-40959843) == 0


def test_a_voltage_before_the_switch_has_closed_is_that_of_one_that_sticks():
    check = seen({}, {"idle": 100000})
    assert check.see(idle=DISCHARGE_UV - 2000) == FAULT_CONTRADICTION
    assert not check.is_usable
    assert check.doubt_pc == DISCHARGE_UV * 60  # all that it may have taken


def test_swapped_leads_are_seen_when_they_are_swapped():
    for uv, pa in ((DISCHARGE_UV, -ONE_C_PA // 5), (CHARGE_UV, ONE_C_PA // 5)):
        check = seen({"uv": uv, "pa": pa})
        for minute in range(3):
            assert check.see(uv=uv + minute * 1000, pa=-pa) == FAULT_CONTRADICTION
            assert not check.is_usable
            assert check.doubt_pc == 2 * abs(pa) * 60
        # Swapped back, or a turn with its polarisation: the doubt is over.
        check.see(uv=uv, pa=pa)
        check.see(uv=uv, pa=pa)
        assert check.see(uv=uv, pa=pa) == 0
        assert check.is_usable


def test_a_current_that_begins_the_wrong_way_round():
    check = seen({"uv": 2150000, "pa": 0})
    for _ in range(2):
        assert check.see(uv=CHARGE_UV, pa=-ONE_C_PA // 5) == FAULT_CONTRADICTION
    assert check.see(uv=CHARGE_UV, pa=-ONE_C_PA // 5) == FAULT_CONTRADICTION  # for good
    # And it stays so over rests, until a current begins with its polarisation.
    assert check.see(uv=2150000, pa=0) == FAULT_CONTRADICTION
    assert check.see(uv=DISCHARGE_UV, pa=-ONE_C_PA // 5) == 0


def test_a_current_wrong_in_one_sample_leaves_no_doubt():
    check = seen({"pa": -ONE_C_PA // 5})
    check._clear()
    assert check.see(pa=ONE_C_PA // 5) == FAULT_CONTRADICTION
    assert check.see(pa=-ONE_C_PA // 5) == 0
    assert check.is_usable


def test_turns_and_begins_of_a_film_are_no_fault():
    rest = {"uv": 2150000, "pa": 0}
    charge = {"uv": CHARGE_UV, "pa": ONE_C_PA // 5}
    discharge = {"uv": DISCHARGE_UV, "pa": -ONE_C_PA // 5}
    seen(rest, charge, charge, discharge, rest, discharge, charge, rest, charge)
    # A load that grows or falls while the surface moves says nothing of the leads.
    seen(discharge, {"uv": DISCHARGE_UV + 90000, "pa": -ONE_C_PA}, discharge)


def test_a_current_that_its_count_contradicts_is_not_used():
    check = seen({"pa": -ONE_C_PA // 5})
    check._clear()
    check.temperature_cdeg = check._die_cdeg = 2500
    check.voltage_uv, check.current_pa, check._idle_uv = DISCHARGE_UV, -ONE_C_PA // 5, 0
    check._judge(MINUTE_MS, ONE_C_PA // 5 * 60)
    assert check.faults == FAULT_READING
    assert not check.is_usable


def test_a_cell_that_nobody_knows_has_no_doubts_of_its_own():
    check = Checked(None)
    for uv, pa in ((200000, -5000000), (200000, 5000000), (5000000, 5000000)):
        assert check.see(uv=uv, pa=pa) == 0
    assert check.see(uv=5500001) == FAULT_READING


def test_what_is_known_outlives_a_sleep():
    noise = Noise(5)
    check, other = Checked(), Checked()
    check.see(ms=None)
    for _ in range(200):
        buffer = bytearray(SIZE + 2)
        check.pack_into(buffer, 1)
        assert (buffer[0], buffer[-1]) == (0, 0)
        other.unpack_from(buffer, 1)
        sample = {
            "cdeg": noise.between(-30000, 30000),
            "die": noise.between(2400, 2600),
            "uv": noise.between(0, 5000000),
            "pa": noise.between(-41000000, 41000000),
            "ms": noise.between(0, 10000000),
        }
        assert check.see(**sample) == other.see(**sample)
        assert (check.model_cdeg, check.is_usable) == (other.model_cdeg, other.is_usable)
        assert check.doubt_pc == other.doubt_pc
