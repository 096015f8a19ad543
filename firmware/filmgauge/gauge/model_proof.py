"""How far the film model is proved for the cell at hand: the trust that it has earned.

Published data fit films whose lag obeys other laws as well. What such a law would change is a
share of the lag at each end that no look at the same end shows. It is taken to be large,
`unproven`, and enters every standard deviation but no correction, until ends of the other kind
have come out as expected; ends at one current alone prove little. What ends say beyond what was
expected, `model`, enters corrections too: an end is worth as much as the model has proved to be.
"""

import math
from array import array

from filmgauge.compat import const

EMPTY = const(1)
FULL = const(2)
# Squared shares of a lag, 1 sigma, all assumed and checked by the score.
_UNPROVEN = const(0.16)  # before anything was seen
_MODEL = const(0.0004)  # with which corrections begin
_SAME_LAW = const(0.0225)  # what ends at one current prove
_LEAST_UNPROVEN = const(0.0064)  # what no ends prove: each law of a lag has a tau that suits them
_MODEL_RISES = const(0.3)  # weights of one look
_MODEL_FALLS = const(0.1)
_PROOF_WEIGHT = const(0.25)
_BEYOND = const(2.0)  # times the variance: a square below says nothing of the law
_PLAUSIBLE = const(2.0)  # beyond this square of a lag it is not the law of the film that is off
_FAR = const(0.0324)  # nor beyond this one at a current that leads to no more than
_LAWFUL = const(0.045)  # squared lag, assumed: beyond, it was no lasting current
_SHARED = const(0.5)  # assumed: of what a law is off by, what a swing leaves to the capacity
# Assumed: 0.7 % of the capacity a degree, 1 sigma before anything was seen, and 1 % once the law
# of the lag is found off. No figure is published below 25 degC. A degree is 0.06 of the exponent
# by which diffusion is slower, and this is for half of that exponent.
_BY_ENERGY = const(0.02)
_LAWLESS = const(0.32)  # `unproven`, beyond which temperature does no more
_ENERGY_UNIT = const(2.0)
_MOST_ENERGY = const(7)  # of them, so that both are in a byte
_GENTLE = const(0.16)  # as a lag in the long run
_PROMISED = const(25.0)  # times `model`: what a law proved by holds leaves open of a burst
_SHORTER = const(0.5)  # of the lag in a burst: 1 sigma of what it is less, where a law has less
_BURST = const(2.0)  # a current that is so far ahead of its lag is a burst
_OVERLOAD_BURST = const(1.2)  # an overload so far ahead is one: its end is no lasting load's
_HELD = const(1.25)  # of the lag in a hold over that in the long run, which is pi^2 / 8
_APART = const(0.085)  # a squared share of a lag: one that is so far off is at another current
_MOST_UNEVEN = const(1.5)  # squared: beyond, it is not the lag alone that is another
_LARGEST_SHARE = const(0.8)  # by which a lag becomes less at one end
_LEAST_SPAN = const(0.000016)  # squared lag that says something of its law
# Bytes: 4.4 % apart from 0.00006 to 3.8, finer than one look moves what is remembered
_STEPS = const(16.0)
_LOWEST = const(14.0)
_LN_2 = const(0.6931471805599453)


class ModelProof:
    """What ends have proved of the lags of `film`.

    `meet` leaves behind whether an end is that of a burst, `is_burst`, and the square of what the
    lag can be off by, `span`; `noise` the variance that a missing reserve adds, `reserve`.
    """

    def __init__(self, film):
        self._film = film
        self._unproven, self._model = _rounded(_UNPROVEN), _rounded(_MODEL)
        self._surface_sigma = 1.0  # at the last end that was used
        self._spans = array("f", (0.0, 0.0))  # what the lag could be off by at each end
        # Exponents by which diffusion was slower, in halves, as a swing came to each end.
        self._energies = array("b", (0, 0))
        self.span = self._drained = self.reserve = 0.0
        self.is_burst = False

    def meet(self, side: int) -> None:
        """Look at the lag of an end before it is weighed."""
        film = self._film
        modelled = abs(film.lag_share)
        built_up = modelled
        self._drained = film.drained
        if side == FULL:
            self._drained = 0.0  # what is taken from a full surface comes back from below
            built_up = abs(film.lag_share + film.input_lag)
            film.bound_lag(_HELD * film.steady)  # a held end tells by its current what is left
        ahead = _OVERLOAD_BURST if film.is_overload else _BURST
        self.is_burst = film.steady > ahead * built_up
        self.span = max(self.off_by(), modelled) ** 2

    def off_by(self) -> float:
        """Return what the present lag may be off by if nothing is known of its law."""
        film = self._film
        return max(abs(film.lag_share), film.steady + film.drained)

    def doubt(self, soc: float) -> float:
        """Return the variance that both ends leave at a state of charge."""
        empty, full = (1.0 - soc) * self._spans[0], soc * self._spans[1]
        return self._unproven * (empty * empty + full * full)

    def lag_doubt(self, by_tau: float, by_energy: float) -> float:
        """Return the variance of a lag to come: the law of what temperature does to it is as
        little proved."""
        return self._unproven * (by_tau * by_tau + by_energy * by_energy)

    def temperature_doubt(self) -> float:
        """Return the variance of the capacity at the present temperature. Swings have told of it
        at an end of each kind, each at a temperature of its own; the profile has at 25 degC."""
        empty, full = self._energies
        colder = self._film.energy * _ENERGY_UNIT
        if empty == full == colder:
            return 0.0
        squared = (colder - empty) ** 2 + (colder - full) ** 2
        return _BY_ENERGY * min(self._unproven, _LAWLESS) * squared

    def noise(self) -> float:
        """Return the variance of what an end tells, for the sake of the law of its lag, but for
        `reserve`."""
        film = self._film
        lag = abs(film.lag_share)
        noise = self._model * (lag * lag + self._drained * self._drained)
        ahead = max(0.0, film.steady - lag)
        doubt = self._unproven
        if self._spans[FULL - 1]:  # a hold has shown what the law of the film is worth
            doubt = min(doubt, _PROMISED * self._model)
        within = min(ahead, _SHORTER * lag)
        self.reserve = doubt * (ahead * ahead - within * within)
        return noise + doubt * within * within

    def law_sigma(self) -> float:
        """Return what a law that has been found off leaves open of the capacity, 1 sigma: half of
        what it is off by; nothing where bursts are what ends the curve."""
        return _SHARED * (self._model * self.span) ** 0.5 if self.span < _LAWFUL else 0.0

    def is_plausible(self, squared: float) -> bool:
        """Return whether a squared innovation can be due to the law of the lag."""
        if squared > _FAR and self._film.steady < _GENTLE:
            return False
        return squared < _PLAUSIBLE * self.span

    def is_sharper(self) -> bool:
        """Return whether the voltage tells of an end better than when one was used last; after a
        burst a lasting current does."""
        return not self.is_burst and self._film.surface_sigma * 2.0 < self._surface_sigma

    def empty_lag(self) -> float:
        """Return the lag of the last empty end, without what the voltage input had in it."""
        film = self._film
        return max(0.0, self._spans[EMPTY - 1] - film.drained * film.empty_over_seen)

    def uneven(self, innovation: float, variance: float) -> float:
        """Return by what share the lag at an empty end is another than was thought, 0 where it is
        the same: an end at another current than the last one tells, for what both say of the
        capacity is off by the lag of each."""
        film, before = self._film, self.empty_lag()
        apart = before - abs(film.lag_share)
        squared, seen = apart * apart, innovation * innovation
        if self.is_burst or not before or before * before > _LAWFUL:
            return 0.0
        if squared < _APART * before * before or seen > _MOST_UNEVEN * squared:
            return 0.0
        if apart < 0.0 and innovation < 0.0:
            return 0.0  # too early at a larger current: a reserve may be missing
        if round(film.energy * _ENERGY_UNIT) != self._energies[EMPTY - 1]:
            return 0.0  # lags at another temperature are off for the sake of the energy
        if not film.uneven_code and seen < _BEYOND * variance:
            return 0.0
        open_variance = self._unproven * squared
        share = innovation / apart * open_variance / (open_variance + variance)
        return max(-_LARGEST_SHARE, share)

    def learn(self, squared: float, variance: float) -> None:
        """Learn what the law of the lag is off by from a squared innovation and the variance that
        was expected of it."""
        if self.is_burst or self.span < _LEAST_SPAN or not self.is_plausible(squared):
            return
        excess = squared - variance
        if excess > 0.0:  # chance alone reaches far, and a capacity that is not known farther
            excess = max(0.0, squared - _BEYOND * variance)
        seen = max(0.0, self._model + excess / self.span)
        weight = _MODEL_RISES if seen > self._model else _MODEL_FALLS
        self._model = _rounded(self._model + weight * (seen - self._model))

    def prove(self, squared: float, side: int) -> None:
        """Learn from an end of the other kind than the last one how well the law is proved."""
        if self.is_burst or self.span < _LEAST_SPAN:
            return
        seen = max(_LEAST_UNPROVEN, min(1.0, squared / self.span))
        # Only another current than last time says something of the law that this end has obeyed,
        # and a full end is held until hardly anything is left of its lag.
        if side == FULL or 0.5 * self.span < self._spans[EMPTY - 1] ** 2 < 2.0 * self.span:
            seen = max(seen, min(self._unproven, _SAME_LAW))
        weight = _PROOF_WEIGHT if seen < self._unproven else 1.0
        self._unproven = _rounded(self._unproven + weight * (seen - self._unproven))

    def use(self, side: int, is_other: bool) -> None:
        """Note that an end has been used, and whether it is another one than the last."""
        self._spans[side - 1] = _rounded(self.off_by())
        if is_other:  # the same end again, warmer or colder, says nothing of the capacity
            energy = round(self._film.energy * _ENERGY_UNIT)
            self._energies[side - 1] = max(-_MOST_ENERGY, min(_MOST_ENERGY, energy))
        self._surface_sigma = _rounded(1.0 if self.is_burst else self._film.surface_sigma)

    def numbers(self) -> tuple:
        """Return the six numbers that are remembered, a byte for each."""
        known = self._unproven, self._model, self._surface_sigma, self._spans[0], self._spans[1]
        energies = self._energies[0] & 15 | (self._energies[1] & 15) << 4
        return tuple([_code(number) for number in known]) + (energies,)

    def restore(self, codes: tuple) -> None:
        """Go on with what was remembered; what an earlier version has left empty is nothing."""
        if codes[0]:
            numbers = [_number(code) for code in codes[:5]]
            self._unproven, self._model, self._surface_sigma = numbers[:3]
            self._spans[0], self._spans[1] = numbers[3:]
            for at, energy in enumerate((codes[5] & 15, codes[5] >> 4)):
                self._energies[at] = energy - (energy & 8) * 2


def _code(number):
    """Return a positive number as a byte, in sixteenths of an octave; 0 for what is too small."""
    if number <= 0.0:
        return 0
    return min(255, max(0, int(_STEPS * (math.log(number) / _LN_2 + _LOWEST) + 0.5)))


def _number(code):
    return math.exp((code / _STEPS - _LOWEST) * _LN_2) if code else 0.0


def _rounded(number):
    """Return a number as it is remembered: a sleep changes nothing."""
    return _number(_code(number))
