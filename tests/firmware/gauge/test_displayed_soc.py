"""The state of charge for people: it never moves against the current."""

from noise import Noise

from filmgauge.gauge.displayed_soc import SIZE, DisplayedSoc

FULL, EMPTY = True, False


def following(*steps):
    """Return a DisplayedSoc that has followed steps of (estimate, moved)."""
    shown = DisplayedSoc()
    for estimate_ppm, moved_ppm in steps:
        shown.update(estimate_ppm, moved_ppm)
    return shown


def test_nothing_is_shown_before_the_first_estimate():
    assert DisplayedSoc().ppm is None


def test_the_first_estimate_is_shown_as_it_is():
    for estimate in (10000, 123456, 500000, 990000):
        assert following((estimate, 0)).ppm == estimate


def test_it_never_moves_against_the_current():
    for seed in range(1, 7):
        noise = Noise(seed)
        shown = following((noise.between(0, 1000000), 0))
        ups = downs = 0
        for _ in range(600):
            if not noise.below(25):
                shown.reached_end(noise.below(2) > 0)
            before = shown.ppm
            moved = noise.between(-1, 1) * noise.below(1 << noise.between(1, 20))
            shown.update(noise.between(0, 1000000), moved)
            change = shown.ppm - before
            assert change >= 0 if moved > 0 else change <= 0 if moved < 0 else change == 0
            assert 0 <= shown.ppm <= 1000000
            ups += change > 0
            downs += change < 0
        assert ups > 20
        assert downs > 20


def test_it_arrives_at_an_estimate_that_lies_ahead():
    shown = following((300000, 0))
    for _ in range(500):
        shown.update(600000, 1000)
    assert shown.ppm == 600000
    for _ in range(500):
        shown.update(200000, -1000)
    assert shown.ppm == 200000


def test_it_waits_for_an_estimate_that_went_the_other_way():
    shown = following((500000, 0))
    for estimate in range(450000, 500001, 1000):
        shown.update(estimate, 1000)
        assert shown.ppm == 500000


def test_it_never_jumps():
    # A correction of 40 % is made up for while charge flows, at a few times its pace.
    shown = following((300000, 0))
    seen = [shown.ppm]
    for _ in range(200):
        shown.update(700000, 1500)
        seen.append(shown.ppm)
    assert max([seen[i + 1] - seen[i] for i in range(len(seen) - 1)]) <= 10 * 1500
    assert seen[-1] == 700000


def test_99_until_full_is_confirmed():
    shown = following((500000, 0))
    for _ in range(2000):
        shown.update(1000000, 2000)
        assert shown.ppm <= 990000
    assert shown.ppm == 990000
    shown.reached_end(FULL)
    for _ in range(100):
        shown.update(1000000, 2000)
    assert shown.ppm == 1000000


def test_1_until_empty_is_confirmed():
    shown = following((500000, 0))
    for _ in range(2000):
        shown.update(0, -2000)
        assert shown.ppm >= 10000
    assert shown.ppm == 10000
    shown.reached_end(EMPTY)
    for _ in range(100):
        shown.update(0, -2000)
    assert shown.ppm == 0


def test_the_confirmation_of_one_end_is_none_of_the_other():
    for end, estimate, moved, held in ((EMPTY, 1000000, 2000, 990000), (FULL, 0, -2000, 10000)):
        shown = following((500000, 0))
        shown.reached_end(end)
        for _ in range(2000):
            shown.update(estimate, moved)
        assert shown.ppm == held


def test_a_confirmation_ends_when_the_end_is_left():
    shown = following((980000, 0))
    shown.reached_end(FULL)
    for _ in range(50):
        shown.update(1000000, 2000)
    for _ in range(200):
        shown.update(900000, -2000)
    for _ in range(200):
        shown.update(1000000, 2000)
    assert shown.ppm == 990000


def test_pack_round_trip():
    for steps in ((), ((0, 0),), ((400000, 0), (420000, 5000))):
        for end in (None, FULL, EMPTY):
            shown, again = following(*steps), following((1, 1))
            if end is not None:
                shown.reached_end(end)
            buffer = bytearray(SIZE + 2)
            shown.pack_into(buffer, 1)
            assert (buffer[0], buffer[-1]) == (0, 0)
            again.unpack_from(buffer, 1)
            assert again.ppm == shown.ppm
            for estimate, moved in ((1000000, 900000), (1000000, 9000), (0, -900000)):
                shown.update(estimate, moved)
                again.update(estimate, moved)
                assert again.ppm == shown.ppm
