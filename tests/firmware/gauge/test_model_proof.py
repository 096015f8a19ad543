"""What is proved of the film model outlives a sleep in six bytes."""

from filmgauge.gauge.model_proof import EMPTY, FULL, ModelProof


class Film:
    lag_share = steady = drained = energy = input_lag = 0.0
    is_overload = False
    surface_sigma = 1.0


def again(codes):
    proof = ModelProof(Film())
    proof.restore(codes)
    return proof


def test_a_byte_is_within_half_a_step_and_stays_what_it_is():
    for code in range(1, 256):
        codes = (code,) * 5 + (code % 8 | code % 7 << 4,)
        assert again(codes).numbers() == codes
        assert again(again(codes).numbers()).numbers() == codes
    number = 0.0001
    while number < 3.0:
        proof = again((1, 1, 1, 1, 1, 0))
        proof._model = number
        kept = again(proof.numbers())._model
        assert abs(kept / number - 1.0) < 0.023
        number *= 1.37


def test_nothing_and_too_little_is_nothing():
    fresh = ModelProof(Film())
    known = fresh.numbers()
    assert known[3:] == (0, 0, 0)
    fresh.restore((0, 9, 9, 9, 9, 9))  # as an earlier version leaves it
    assert fresh.numbers() == known
    assert again(known).numbers() == known


def at_end(side, lag, steady, drained=0.0):
    proof = ModelProof(Film())
    proof._film.lag_share, proof._film.steady, proof._film.drained = lag, steady, drained
    proof._film.bound_lag = lambda most: None
    proof.meet(side)
    return proof


def test_a_gentle_end_that_is_far_off_is_due_to_no_law():
    assert at_end(EMPTY, 0.15, 0.15).is_plausible(0.17 * 0.17)
    assert not at_end(EMPTY, 0.15, 0.15).is_plausible(0.19 * 0.19)
    assert at_end(EMPTY, 0.3, 0.3).is_plausible(0.4 * 0.4)
    assert not at_end(EMPTY, 0.05, 0.05).is_plausible(0.1 * 0.1)


def test_what_the_voltage_input_takes_counts_at_the_empty_end():
    assert at_end(FULL, 0.01, 0.01, 0.1).noise() == at_end(FULL, 0.01, 0.01).noise()
    assert at_end(EMPTY, 0.01, 0.01, 0.1).noise() > at_end(EMPTY, 0.01, 0.01).noise()


def test_what_the_voltage_input_takes_makes_no_burst_of_a_held_charge():
    for input_lag, is_burst in ((0.0, True), (0.0003, False)):
        proof = ModelProof(Film())
        film = proof._film
        film.lag_share, film.steady, film.input_lag = 0.0004 - input_lag, 0.0006, input_lag
        film.bound_lag = lambda most: None
        if not input_lag:
            film.lag_share = 0.0001
        proof.meet(FULL)
        assert proof.is_burst == is_burst


def test_a_burst_is_doubted_until_a_full_end_has_shown_what_the_law_is_worth():
    proof = at_end(EMPTY, 0.05, 0.3)
    doubted = proof.noise() + proof.reserve
    proof.use(FULL, True)
    assert proof.noise() + proof.reserve < 0.1 * doubted
    proof._model = 0.3
    assert proof.noise() + proof.reserve > doubted


def test_what_a_burst_leaves_open_is_its_reserve_but_for_half_of_its_lag():
    proof = at_end(EMPTY, 0.05, 0.3)
    noise, lasting = proof.noise(), at_end(EMPTY, 0.05, 0.05).noise()
    doubt = proof._unproven
    assert abs(noise - lasting - doubt * 0.025**2) < 1e-6
    assert abs(noise + proof.reserve - lasting - doubt * 0.25**2) < 1e-6


def test_a_lasting_current_has_no_reserve():
    proof = at_end(EMPTY, 0.3, 0.3)
    proof.noise()
    assert proof.reserve == 0.0


def test_a_lasting_current_is_sharper_than_the_burst_before_it():
    proof = at_end(EMPTY, 0.05, 0.3)
    proof._film.surface_sigma = 0.0002
    proof.use(EMPTY, True)
    assert not proof.is_sharper()  # nor another burst
    proof._film.lag_share, proof._film.steady = 0.045, 0.04
    proof.meet(EMPTY)
    assert proof.is_sharper()
    proof.use(EMPTY, True)
    assert not proof.is_sharper()


def test_chance_says_nothing_of_the_law():
    proof = at_end(EMPTY, 0.1, 0.1)
    before = proof._model
    proof.learn(0.0019, 0.001)
    assert proof._model == before
    proof.learn(0.004, 0.001)
    assert proof._model > 10.0 * before


def test_doubt_rises_at_once_and_falls_slowly():
    proof = at_end(EMPTY, 0.1, 0.1)
    proof.prove(0.01, EMPTY)
    assert 0.95 < proof._unproven <= 1.05
    proof.prove(0.0, EMPTY)
    assert 0.7 < proof._unproven < 0.8


def proved(side, lags, times=60):
    """Return the doubt that ends at lags in turn leave which all come out as expected."""
    proof = at_end(side, 0.0, 0.0)
    for count in range(times):
        lag = lags[count % len(lags)]
        proof._film.lag_share = proof._film.steady = lag
        proof.meet(side)
        proof.prove(0.0, side)
        proof.use(side, True)
    return proof._unproven**0.5


def test_ends_at_one_current_prove_less_than_ends_at_several():
    one, several = proved(EMPTY, (0.15,)), proved(EMPTY, (0.05, 0.15))
    assert 0.14 < one < 0.16
    assert 0.07 < several < 0.09  # tau suits two of them under any law


def test_full_ends_prove_no_more_however_far_they_were_held():
    assert 0.14 < proved(FULL, (0.3, 0.12)) < 0.16


def test_a_law_that_is_off_leaves_half_of_that_open_of_the_capacity():
    proof = at_end(EMPTY, 0.15, 0.15)
    proof._model = 0.25
    assert abs(proof.law_sigma() - 0.5 * 0.5 * 0.15) < 1e-6
    assert at_end(EMPTY, 0.3, 0.3).law_sigma() == 0.0  # of a burst
