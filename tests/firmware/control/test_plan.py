"""Charge control, service and switch: what is decided, and what never is."""

from cell_profiles import VALUES, cell
from film_cell import FilmCell
from heap import locked_heap
from noise import Noise

from filmgauge.control.charge_control import CURRENT, ENDED, HOLD, WAITING, ChargeControl
from filmgauge.control.disconnect import CLOSED, EMPTY, FAULTY, ZEROING, Disconnect
from filmgauge.control.limits import FAULT, LIMIT, OVER_VOLTAGE, UNDER_VOLTAGE, WARNING, Limits
from filmgauge.control.protection import SIZE, Protection
from filmgauge.control.service_level import ALL, HIBERNATE, QUIET, SAVING, ServiceLevel

FULL_UV, EMPTY_UV = 4000000, 1000000
PROFILE = cell(full_uv=FULL_UV, empty_uv=EMPTY_UV)
ONE_C_PA = PROFILE.full_pc() // 3600
MARGIN_UV = 60000
SOUND = (2200000, 0, 2500)


class Pins:
    """Of a node whose switch nobody watches here."""

    pin_disconnect, pin_charge, pin_sensors, shed = 12, -1, -1, 1

    def __init__(self, zero_every):
        self.zero_every = zero_every

    def latch(self, pin, level):
        """Switch nothing."""


def planner_of(profile=PROFILE, zero_every=0):
    """Return a protection, for its plan alone."""
    pins = Pins(zero_every)
    return Protection(pins, pins, profile)


def limited(*look):
    """Return limits after many equal looks."""
    limits = Limits(PROFILE)
    for _ in range(30):
        limits.update(*look)
    return limits


def test_a_table_of_charges():
    calm = limited(*SOUND)
    rate_pa = ChargeControl(PROFILE).update(2200000, 500000, calm)
    assert 0 < rate_pa < ONE_C_PA
    for phase, uv, soc, limits, wanted, share in (
        (WAITING, 2200000, 500000, calm, CURRENT, 1.0),
        (WAITING, 2200000, None, calm, CURRENT, 1.0),
        (WAITING, FULL_UV - 1, 500000, calm, WAITING, 0.0),
        (CURRENT, FULL_UV - 1, 900000, calm, CURRENT, 1.0),
        (CURRENT, FULL_UV, 900000, calm, HOLD, 0.5),
        (HOLD, FULL_UV - 1, 990000, calm, HOLD, 1.0),
        (HOLD, FULL_UV, 990000, calm, HOLD, 0.5),
        (ENDED, FULL_UV - 500000, 990000, calm, ENDED, 0.0),
        (ENDED, FULL_UV - 500000, 940000, calm, CURRENT, 1.0),
        (ENDED, FULL_UV - 500000, None, calm, CURRENT, 1.0),
        (CURRENT, None, 500000, calm, WAITING, 0.0),
        (CURRENT, 2200000, 500000, limited(4050000, 0, 2500), WAITING, 0.0),
        (CURRENT, 2200000, 500000, limited(2200000, 17000000, 2500), WAITING, 0.0),
        (CURRENT, 2200000, 500000, limited(2200000, 0, 7100), WAITING, 0.0),
        (CURRENT, 2200000, 500000, limited(2200000, 0, -3100), WAITING, 0.0),
        (CURRENT, 2200000, 500000, limited(2200000, 0, None), WAITING, 0.0),
        (HOLD, 2200000, 500000, limited(None, None, None), WAITING, 0.0),
        (ENDED, 2200000, 500000, limited(None, None, None), ENDED, 0.0),
        (WAITING, 2200000, 500000, limited(2200000, 0, 6100), CURRENT, 0.25),
        (WAITING, 900000, 0, limited(900000, 0, 2500), CURRENT, 0.25),
    ):
        charge = ChargeControl(PROFILE)
        charge.phase = phase
        if phase == HOLD:  # at its full current, as it begins
            charge._level_pa = rate_pa
        assert charge.update(uv, soc, limits) == int(share * rate_pa)
        assert charge.phase == wanted
        assert charge.ceiling_uv == FULL_UV


def charged(cdeg=2500, minutes=1, most_pa=0, **differs):
    """Charge a cell from empty to the end; return it, its highest voltage and last current."""
    film_cell = FilmCell(dict(VALUES, full_uv=FULL_UV), stored=0.02, cells=16, **differs)
    charge, limits = ChargeControl(PROFILE, most_pa), Limits(PROFILE)
    highest, current_pa, last_pa = 0, 0, 0
    phases = []
    for _ in range(3000):
        uv = film_cell.voltage_uv(current_pa, cdeg) if current_pa else 2200000
        highest = max(highest, uv)
        limits.update(uv, current_pa, cdeg)
        last_pa, current_pa = current_pa, charge.update(uv, None, limits)
        if not phases or charge.phase != phases[-1]:
            phases.append(charge.phase)
        if charge.phase == ENDED:
            break
        film_cell.flow(current_pa, 60 * minutes, cdeg)
    assert phases == [CURRENT, HOLD, ENDED]
    return film_cell, highest, last_pa


def test_a_charge_reaches_full_and_never_more():
    for cdeg, differs in (
        (2500, {}),
        (4000, {"capacity": 0.8, "tau": 1.3}),
        (1500, {"capacity": 1.1}),
    ):
        film_cell, highest, last_pa = charged(cdeg, **differs)
        assert highest <= FULL_UV + MARGIN_UV
        assert film_cell.soc_ppm() > 950000
        assert last_pa < ONE_C_PA // 10


def test_the_current_is_bounded_by_the_configuration():
    for most_pa in (600000, 1300000):
        charge, calm = ChargeControl(PROFILE, most_pa), limited(*SOUND)
        for uv in (2200000, 2500000, FULL_UV, FULL_UV - 400000, FULL_UV - 400000):
            assert charge.update(uv, 500000, calm) <= most_pa


def test_a_hold_grows_again_when_the_voltage_falls_off():
    charge, calm = ChargeControl(PROFILE), limited(*SOUND)
    charge.update(2200000, None, calm)
    whole = charge.current_pa
    charge.update(FULL_UV, None, calm)
    charge.update(FULL_UV, None, calm)
    low = charge.current_pa
    for _ in range(80):
        last = charge.current_pa
        charge.update(FULL_UV - 400000, None, calm)
        assert last <= charge.current_pa <= last + last // 4
    assert low < charge.current_pa == whole
    assert charge.phase == HOLD


def test_a_table_of_service():
    calm = limited(*SOUND)
    for left_ppm, limits, wanted in (
        (900000, calm, ALL),
        (300000, calm, ALL),
        (299999, calm, SAVING),
        (149999, calm, QUIET),
        (49999, calm, HIBERNATE),
        (0, calm, HIBERNATE),
        (None, calm, ALL),
        (900000, limited(950000, 0, 2500), QUIET),
        (900000, limited(1250000, 0, 2500), ALL),
        (900000, limited(800000, 0, 2500), HIBERNATE),
        (100, limited(950000, 0, 2500), HIBERNATE),
        (900000, limited(2200000, -15000000, 2500), SAVING),
        (900000, limited(2200000, -17000000, 2500), QUIET),
        (900000, limited(2200000, 0, 7100), QUIET),
        (900000, limited(4100000, 0, 2500), ALL),  # less load would not help
    ):
        assert ServiceLevel().update(left_ppm, limits) == wanted


def test_service_returns_behind_a_hysteresis():
    calm, service = limited(*SOUND), ServiceLevel()
    for left_ppm, wanted in (
        (310000, ALL),
        (290000, SAVING),
        (340000, SAVING),
        (350000, ALL),
        (10000, HIBERNATE),
        (60000, HIBERNATE),
        (100000, QUIET),
        (200000, SAVING),
        (None, SAVING),
        (900000, ALL),
    ):
        assert service.update(left_ppm, calm) == wanted


def test_a_ripple_of_the_charge_does_not_switch_service():
    calm, service, noise, changes, last = limited(*SOUND), ServiceLevel(), Noise(3), 0, ALL
    for _ in range(400):
        level = service.update(300000 + noise.between(-20000, 20000), calm)
        changes += level != last
        last = level
    assert changes <= 1


def test_a_table_of_the_switch():
    calm, faulty = limited(*SOUND), limited(4100000, 0, 2500)
    low, dead = limited(950000, 0, 2500), limited(800000, 0, 2500)
    assert low.level(UNDER_VOLTAGE) == LIMIT
    for state, limits, charging, busy, wanted in (
        (CLOSED, calm, False, False, CLOSED),
        (CLOSED, faulty, False, False, FAULTY),
        (CLOSED, faulty, True, True, FAULTY),
        (ZEROING, faulty, False, False, FAULTY),
        (EMPTY, faulty, False, False, FAULTY),
        (FAULTY, calm, False, False, CLOSED),
        (FAULTY, low, False, False, EMPTY),
        (CLOSED, low, False, False, EMPTY),
        (CLOSED, low, True, False, CLOSED),
        (EMPTY, calm, False, False, EMPTY),  # its voltage has recovered at rest, no more
        (EMPTY, calm, True, False, CLOSED),
        (EMPTY, low, True, False, CLOSED),
        (EMPTY, dead, True, False, FAULTY),
        (ZEROING, calm, False, False, CLOSED),
    ):
        switch = Disconnect()
        switch.state = state
        assert switch.update(limits, charging, busy) == wanted


def test_zeroing_opens_for_one_interval_every_n_wakes():
    calm = limited(*SOUND)
    for every in (2, 3, 10):
        switch = Disconnect(every)
        opened = [switch.update(calm, False, False) == ZEROING for _ in range(10 * every)]
        assert sum(opened) == 10
        assert [n for n in range(len(opened)) if opened[n]] == list(
            range(every - 1, 10 * every, every)
        )
    never, always = Disconnect(0), Disconnect(1)
    assert [never.update(calm, False, False) for _ in range(50)] == [CLOSED] * 50
    states = [always.update(calm, False, False) for _ in range(50)]
    assert states == [ZEROING, CLOSED] * 25  # it never stays open


def test_zeroing_waits_while_anything_forbids_it():
    calm, limited_look, silent = limited(*SOUND), limited(2200000, 0, 7100), Limits(PROFILE)
    assert limited_look.worst() == LIMIT
    for _ in range(2):  # a sensor that does not answer shows no zero
        silent.update(2200000, None, 2500)
    assert silent.worst() == WARNING
    switch = Disconnect(5)
    for _ in range(20):
        assert switch.update(calm, False, True) == CLOSED
    for forbidding in (limited_look, silent):
        for _ in range(20):
            assert switch.update(forbidding, False, False) == CLOSED
    assert switch.update(calm, False, False) == ZEROING
    assert switch.update(calm, False, False) == CLOSED


def test_a_warning_puts_no_zeroing_off():
    low_uv = EMPTY_UV + (FULL_UV - EMPTY_UV) // 20
    for look in ((2200000, 0, 6010), (2200000, 0, -2010), (low_uv, 0, 2500), (4020000, 0, 2500)):
        warned = limited(*look)
        assert warned.worst() == WARNING
        switch = Disconnect(5)
        opened = [switch.update(warned, False, False) == ZEROING for _ in range(20)]
        assert sum(opened) == 4


def random_look(noise):
    """Return a reading: sound, at an end, beyond, or none."""
    voltages = (None, 0, 700000, 990000, 2200000, 3950000, FULL_UV, 4020000, 4100000, 5400000)
    currents = (None, 0, 1000000, -1000000, 16000000, -16000000, 40000000, -40000000)
    celsius = (None, 2500, 2500, 2500, 6500, 9000, -3500, -4500)
    return (
        voltages[noise.below(len(voltages))],
        currents[noise.below(len(currents))],
        celsius[noise.below(len(celsius))],
    )


def test_what_never_happens():
    opened = charged_looks = zeroed = 0
    for seed in range(1, 7):
        noise = Noise(seed)
        planner = planner_of(PROFILE, zero_every=4)
        look = SOUND
        for _ in range(500):
            if noise.below(4) == 0:
                look = SOUND if noise.below(2) else random_look(noise)
            left_ppm = noise.between(0, 1000000) if noise.below(5) else None
            source, busy = noise.below(2) == 1, noise.below(4) == 0
            planner.plan(*look, left_ppm, left_ppm, source, busy)
            limits, current_pa = planner.limits, planner.charge.current_pa
            # A fault always opens and nothing flows.
            if limits.worst() == FAULT:
                assert planner.disconnect.state == FAULTY
            else:
                assert planner.disconnect.state != FAULTY
            if planner.disconnect.state != CLOSED:
                assert current_pa == 0
                opened += 1
            # It never charges above full and a margin, without a voltage or without a source.
            if look[0] is None or look[0] > FULL_UV + MARGIN_UV:
                assert current_pa == 0
            if limits.level(OVER_VOLTAGE) or not source:
                assert current_pa == 0
            assert 0 <= current_pa <= 2 * VALUES["area_ucm2"]
            if limits.level(UNDER_VOLTAGE) >= LIMIT and not current_pa:
                assert planner.disconnect.state != CLOSED
            if planner.disconnect.state == ZEROING:
                assert not busy and limits.worst() <= WARNING
                zeroed += 1
            charged_looks += current_pa > 0
    assert opened > 100
    assert charged_looks > 100
    assert zeroed > 5


def test_above_full_and_a_margin_nothing_is_charged():
    for before in (WAITING, CURRENT, HOLD, ENDED):
        planner = planner_of(PROFILE)
        for _ in range(5):
            planner.plan(*SOUND, 500000, 500000, True, False)
        planner.charge.phase = before
        for _ in range(20):
            planner.plan(FULL_UV + MARGIN_UV + 1, 1000000, 2500, 900000, 900000, True, False)
            # from the first look on: no debounce, no half of it
            assert planner.charge.current_pa == 0


def test_a_fault_ends_only_behind_hysteresis_and_debounce():
    planner = planner_of(PROFILE)
    while planner.limits.worst() < FAULT:
        planner.plan(4100000, 0, 2500, 990000, 990000, False, False)
    release = 4030000  # 60 mV over full less a hundredth of the window
    for _ in range(50):
        planner.plan(release + 1, 0, 2500, 990000, 990000, True, False)
        assert planner.disconnect.state == FAULTY
    looks = 0
    while planner.disconnect.state == FAULTY:
        planner.plan(release, 0, 2500, 990000, 990000, False, False)
        looks += 1
    assert looks == 10


def test_a_plan_leaves_no_garbage():
    planner = planner_of(PROFILE, zero_every=3)
    for look in (SOUND, (FULL_UV, 1000000, 2500), (4100000, 0, 9000), (None, None, None)):
        voltage_uv, current_pa, cdeg = look
        for source in (True, False):
            planner.plan(voltage_uv, current_pa, cdeg, 500000, 250000, source, False)
            with locked_heap():
                for _ in range(5):
                    planner.plan(voltage_uv, current_pa, cdeg, 500000, 250000, source, False)


def test_pack_round_trip():
    noise = Noise(9)
    planner = planner_of(PROFILE, zero_every=5)
    for _ in range(200):
        buffer = bytearray(SIZE + 2)
        planner.pack_into(buffer, 1)
        assert (buffer[0], buffer[-1]) == (0, 0)
        again = planner_of(PROFILE, zero_every=5)
        again.unpack_from(buffer, 1)
        look, left_ppm = random_look(noise), noise.between(0, 1000000)
        source = noise.below(2) == 1
        for one in (planner, again):
            one.plan(*look, left_ppm, left_ppm, source, False)
        assert again.limits.word() == planner.limits.word()
        assert again.charge.current_pa == planner.charge.current_pa
        assert again.charge.phase == planner.charge.phase
        assert again.service.level == planner.service.level
        assert again.disconnect.state == planner.disconnect.state
