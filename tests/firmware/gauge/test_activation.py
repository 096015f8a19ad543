"""How a film opens, against the closed form 1 - u exp(-n / n_act)."""

import math

from cell_profiles import VALUES, cell
from expect import close
from noise import Noise

from filmgauge.gauge.activation import SIZE, Activation
from filmgauge.gauge.diffusion import DiffusionModel

DESIGN_UC = VALUES["capacity_nah_cm2"] * VALUES["area_ucm2"] * 36 // 10 // 1000000
UNOPENED = 1 - VALUES["fresh_share_ppm"] / 1e6
CYCLES = VALUES["activation_mcycles"] / 1e3


def begun(**changes):
    activation = Activation(cell(**changes))
    activation.begin()
    return activation


def closed_form(cycles):
    return 1e6 * (1 - UNOPENED * math.exp(-cycles / CYCLES))


def move(activation, uc, parts=40):
    """Let charge flow in parts; return how often a charge has begun."""
    begins = 0
    for part in range(parts):
        begins += activation.count(uc * (part + 1) // parts - uc * part // parts)
    return begins


def test_a_formed_film_does_not_open():
    activation = Activation(cell())
    for uc in (DESIGN_UC, -DESIGN_UC, DESIGN_UC):
        assert move(activation, uc) == 0
        assert activation.factor_ppm() == 1000000


def test_a_film_as_built():
    for share in (100000, 300000, 900000):
        activation = begun(fresh_share_ppm=share)
        assert activation.factor_ppm() == share


def test_it_opens_as_the_closed_form_says():
    activation = begun()
    move(activation, DESIGN_UC)
    assert close(activation.factor_ppm(), closed_form(0), absolute=2)
    for cycle in range(1, 60):
        move(activation, -DESIGN_UC)
        assert move(activation, DESIGN_UC) == 1
        # 1 / 200 of a capacity must flow back before a turn counts, and belongs to this turn
        low, high = closed_form(cycle), closed_form(cycle + 0.05)
        assert low - 60 <= activation.factor_ppm() <= high + 60


def test_growth_takes_effect_only_where_a_charge_begins():
    activation = begun()
    move(activation, DESIGN_UC)
    before = activation.factor_ppm()
    assert move(activation, -DESIGN_UC) == 0
    assert activation.factor_ppm() == before
    assert move(activation, DESIGN_UC) == 1
    assert activation.factor_ppm() > before


def test_a_ripple_is_no_turn():
    activation = begun()
    for _ in range(2000):
        assert not activation.count(-DESIGN_UC // 1000)
        assert not activation.count(DESIGN_UC // 500)
    assert activation.factor_ppm() == VALUES["fresh_share_ppm"]


def test_it_never_closes_and_ends():
    noise = Noise(4)
    activation = begun(activation_mcycles=3000)
    last = activation.factor_ppm()
    for _ in range(200):
        move(activation, noise.between(-DESIGN_UC, DESIGN_UC), 5)
        assert last <= activation.factor_ppm() <= 1000000
        last = activation.factor_ppm()
    for _ in range(40):
        move(activation, -DESIGN_UC, 5)
        move(activation, DESIGN_UC, 5)
    assert activation.factor_ppm() == 1000000
    assert activation.closed_ppm == 0


def test_what_was_charged_once_is_not_virgin():
    film = DiffusionModel(cell())
    film.virgin_ppm = 1000000
    for soc_ppm, left_ppm in ((0, 1000000), (300000, 700000), (200000, 700000), (900000, 100000)):
        film.charged_to(soc_ppm)
        assert film.virgin_ppm == left_ppm
    film.charged_to(1000000)
    assert film.virgin_ppm == 0


def test_pack_round_trip():
    noise = Noise(5)
    activation = begun()
    for _ in range(60):
        moved = [noise.between(-DESIGN_UC // 3, DESIGN_UC // 3) for _ in range(4)]
        buffer = bytearray(SIZE + 2)
        activation.pack_into(buffer, 1)
        assert (buffer[0], buffer[-1]) == (0, 0)
        again = Activation(cell())
        again.unpack_from(buffer, 1)
        for uc in moved:
            assert again.count(uc) == activation.count(uc)
            assert again.factor_ppm() == activation.factor_ppm()


def test_a_wake_in_which_nothing_flows_does_not_end_what_flows_back():
    activation = begun()
    move(activation, DESIGN_UC)
    move(activation, -DESIGN_UC)
    begins = 0
    for _ in range(10):
        begins += activation.count(DESIGN_UC // 1000) + activation.count(0)
    assert begins == 1
