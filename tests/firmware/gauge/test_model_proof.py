"""What is proved of the film model outlives a sleep in five bytes."""

from filmgauge.gauge.model_proof import ModelProof


class Film:
    lag_share = steady = drained = 0.0
    surface_sigma = 1.0


def again(codes):
    proof = ModelProof(Film())
    proof.restore(codes)
    return proof


def test_a_byte_is_within_half_a_step_and_stays_what_it_is():
    for code in range(1, 256):
        codes = (code,) * 5
        assert again(codes).numbers() == codes
        assert again(again(codes).numbers()).numbers() == codes
    number = 0.0001
    while number < 3.0:
        proof = again((1, 1, 1, 1, 1))
        proof._model = number
        kept = again(proof.numbers())._model
        assert abs(kept / number - 1.0) < 0.023
        number *= 1.37


def test_nothing_and_too_little_is_nothing():
    fresh = ModelProof(Film())
    known = fresh.numbers()
    assert known[3:] == (0, 0)
    fresh.restore((0, 9, 9, 9, 9))  # as an earlier version leaves it
    assert fresh.numbers() == known
    assert again(known).numbers() == known
