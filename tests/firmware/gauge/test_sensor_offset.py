"""The zero of the sensor against a line of least squares, and how honest its sigma is."""

from expect import close
from noise import Noise

from filmgauge.gauge.sensor_offset import SIZE, SensorOffset

SHUNT_MOHM = 1000000
CELSIUS = (-1000, 500, 1500, 2500, 3500, 4500, 6000)
NOISE_PA = 870.0  # the sensor's 870 nV of one conversion over 1 kohm


def offset_pa(cdeg, at_25=700.0, per_degree=4.0):
    """Return the offset current of a sensor."""
    return at_25 + per_degree * (cdeg - 2500) / 100.0


def look(zero, pa, cdeg, elapsed_ms=60000):
    zero.learn(round(pa * elapsed_ms / 1000.0), elapsed_ms, cdeg)


def gaussian(noise, sigma):
    """Return about a normal deviate: twelve uniform ones."""
    return sigma * (sum([noise.below(1000001) for _ in range(12)]) / 1000000.0 - 6.0)


def seen_noise_pa(elapsed_ms):
    """Return the noise of a mean over a time: a result every 12.36 ms."""
    return NOISE_PA * (12.36 / (12.36 + elapsed_ms)) ** 0.5


def line(points):
    """Return the line of least squares through (x, y) as value at 0 and slope."""
    count = float(len(points))
    mean_x = sum([x for x, _ in points]) / count
    mean_y = sum([y for _, y in points]) / count
    slope = sum([(x - mean_x) * (y - mean_y) for x, y in points])
    slope /= sum([(x - mean_x) ** 2 for x, _ in points])
    return mean_y - slope * mean_x, slope


def test_nothing_is_known_at_first():
    zero = SensorOffset(SHUNT_MOHM)
    for cdeg in CELSIUS:
        assert zero.pa(cdeg) == 0
    # The datasheet's worst case at 25 degC: 1 uV over 1 kohm and 2.5 nA, which is two sigma.
    assert close(zero.sigma_pa(2500), 0.5 * (1000**2 + 2500**2) ** 0.5, 0.01)
    assert zero.sigma_pa(-2000) > zero.sigma_pa(2500) < zero.sigma_pa(7000)


def test_a_larger_shunt_has_a_smaller_offset():
    sigmas = [SensorOffset(mohm).sigma_pa(2500) for mohm in (100000, 1000000, 10000000, 100000000)]
    assert sigmas == sorted(sigmas, reverse=True)


def test_one_long_look_tells_the_zero_at_its_temperature():
    for pa in (-900, 0, 1400):
        zero = SensorOffset(SHUNT_MOHM)
        look(zero, pa, 3000)
        assert close(zero.pa(3000), pa, absolute=2)
        assert zero.sigma_pa(3000) < 50
        assert zero.sigma_pa(-1000) > zero.sigma_pa(3000)


def test_without_noise_it_is_the_line():
    zero = SensorOffset(SHUNT_MOHM)
    for _ in range(6):
        for cdeg in CELSIUS:
            look(zero, offset_pa(cdeg), cdeg, 600000)
    for cdeg in range(-1000, 6001, 250):
        assert close(zero.pa(cdeg), offset_pa(cdeg), absolute=3)


def test_with_noise_it_is_the_line_of_least_squares():
    # The short looks are noisy, so that neither prior nor wander counts for much.
    for seed in range(1, 9):
        noise, zero, points = Noise(seed), SensorOffset(SHUNT_MOHM), []
        for index in range(28):
            cdeg = CELSIUS[index % len(CELSIUS)]
            seen = offset_pa(cdeg) + gaussian(noise, seen_noise_pa(200))
            points.append((cdeg, seen))
            look(zero, seen, cdeg, 200)
        at_0, slope = line(points)
        for cdeg in (0, 2500, 5000):
            assert close(zero.pa(cdeg), at_0 + slope * cdeg, absolute=1.5 * zero.sigma_pa(cdeg))


def test_sigma_is_honest():
    squared = count = 0.0
    for seed in range(1, 41):
        noise = Noise(100 + seed)
        at_25 = gaussian(noise, 1300.0)
        per_degree = gaussian(noise, 5.0)
        zero = SensorOffset(SHUNT_MOHM)
        for index in range(14):
            cdeg = CELSIUS[index * 3 % len(CELSIUS)]
            seen = offset_pa(cdeg, at_25, per_degree) + gaussian(noise, seen_noise_pa(1000))
            look(zero, seen, cdeg, 1000)
        for cdeg in (0, 2500, 5000):
            error = zero.pa(cdeg) - offset_pa(cdeg, at_25, per_degree)
            squared += (error / zero.sigma_pa(cdeg)) ** 2
            count += 1.0
    # A still zero is easier than the wandering one that it allows for.
    assert 0.2 < squared / count < 1.6


def test_a_zero_that_wanders_is_followed():
    zero = SensorOffset(SHUNT_MOHM)
    for turn in range(400):
        look(zero, offset_pa(2500) + 5.0 * turn, 2500, 60000)
    assert close(zero.pa(2500), offset_pa(2500) + 5.0 * 399, absolute=60)


def test_no_time_tells_nothing():
    zero = SensorOffset(SHUNT_MOHM)
    before = zero.pa(2500), zero.sigma_pa(2500)
    zero.learn(123456, 0, 2500)
    zero.learn(123456, -5, 2500)
    assert (zero.pa(2500), zero.sigma_pa(2500)) == before


def test_nothing_makes_it_unsound():
    noise = Noise(9)
    for shunt_mohm in (20000, 1000000, 100000000):
        zero = SensorOffset(shunt_mohm)
        for _ in range(300):
            moved = noise.between(-1, 1) * noise.below(1 << noise.between(1, 50))
            zero.learn(moved, noise.between(1, 86400000), noise.between(-25600, 25600))
            buffer = bytearray(SIZE)
            zero.pack_into(buffer, 0)
            for cdeg in (-25600, -4000, 2500, 8500, 25600):
                assert -(2**31) < zero.pa(cdeg) < 2**31
                assert 0 <= zero.sigma_pa(cdeg) < 2**31


def test_pack_round_trip():
    zero = SensorOffset(SHUNT_MOHM)
    for cdeg in CELSIUS:
        look(zero, offset_pa(cdeg), cdeg)
        buffer = bytearray(SIZE + 2)
        zero.pack_into(buffer, 1)
        assert (buffer[0], buffer[-1]) == (0, 0)
        again = SensorOffset(SHUNT_MOHM)
        again.unpack_from(buffer, 1)
        for some in CELSIUS:
            assert again.pa(some) == zero.pa(some)
            assert close(again.sigma_pa(some), zero.sigma_pa(some), 1e-4, 1)


def test_another_shunt_begins_anew():
    """The zero is a voltage at the shunt for the most part, and kept as a current."""
    for at_25, per_degree in ((700.0, 4.0), (-700.0, -4.0)):
        zero, buffer = SensorOffset(SHUNT_MOHM), bytearray(SIZE)
        for cdeg in CELSIUS:
            look(zero, offset_pa(cdeg, at_25, per_degree), cdeg)
        zero.pack_into(buffer, 0)
        for shunt_mohm in (SHUNT_MOHM // 10, SHUNT_MOHM * 10, SHUNT_MOHM * 989 // 1000):
            again, fresh = SensorOffset(shunt_mohm), SensorOffset(shunt_mohm)
            again.unpack_from(buffer, 0)
            for cdeg in CELSIUS:
                assert again.pa(cdeg) == 0
                assert again.sigma_pa(cdeg) == fresh.sigma_pa(cdeg)
        # An earlier version left no mark of its shunt: what it knew is kept.
        buffer[7] = 0 if per_degree > 0 else 255
        again = SensorOffset(SHUNT_MOHM // 10)
        again.unpack_from(buffer, 0)
        for cdeg in CELSIUS:
            assert again.pa(cdeg) == zero.pa(cdeg)
