"""What is known of the cell, and how well: charge, capacity, diffusion and loss, jointly.

Between the ends of its curve a film shows no voltage that tells its charge. There the ledger
alone speaks, and what is uncertain about it grows with what was counted. At an end the voltage
tells the stoichiometry s of the surface, so that, in shares of the design capacity,

    stored + lag(tau, energy) - s capacity = 0

One such equation says little; those of full and empty, of a hold and of warm and cold together
separate the unknowns. They are the deviations of

    stored      from the ledger (what moves it is a line of the ledger)
    capacity    from the design
    tau         logarithm, at 25 degC
    energy      relative, of the activation of tau
    loss        share of the charging current that is not stored

and are weighed by their covariance as a Kalman filter does, with five differences: an end that
has been looked at is looked at again only when it has something new to tell; one that contradicts
all that is known waits for a second look that agrees with it; what empty ends at two currents tell
apart is the lag and not the capacity; a cell that answers unlike its profile is doubted, its
capacity first; and nothing else ever corrects.
"""

import struct

from filmgauge.compat import const
from filmgauge.gauge.covariance import CAPACITY, ENERGY, LOSS, STORED, TAU, Covariance
from filmgauge.gauge.ledger import CORRECTED, OPENING
from filmgauge.gauge.model_proof import EMPTY, FULL, ModelProof

_PPM = const(1000000)

# Standard deviations, all assumed and checked by the score (docs/gauge.md).
_END = const(0.0001)  # of the surface at an end, besides what the voltage leaves open
_LAG = const(0.008)  # of a lag, because two modes are not all
_INPUT_PERCENT = const(12)  # of what the voltage input takes: its resistance is known to 20 %
_GUESSED = const(2)  # one part of it: half of what flowed while the sensor was stuck
# Of the state of charge, what no repetition reduces: a floor, a part that grows with the square of
# the largest lag at the last end, and a share of what the voltage left open there.
_LASTING = const(0.00015)
_LASTING_LAG = const(0.094)
_LARGE_LAG = const(0.105)  # beyond, a lag is known no worse
_LASTING_SURFACE = const(0.8)
_GIVES = const(0.004)  # of the design that an empty cell still gives: it was not so empty before
_STILL_GIVES = const(0.0025)  # cycles after which it is looked at again
_CURVED = const(0.5)  # of the second order of a lag whose tau is not known
_WANDER = const(0.0001)  # of the stored charge in one equivalent full cycle
_CAPACITY_WANDER = const(0.0003)  # of the capacity in one equivalent full cycle
_TAU_WANDER = const(0.0015)  # of tau in one equivalent full cycle
_OPENING = const(0.2)  # of how the film opens in its first cycles: share of the predicted growth
_SURPRISE = const(9.0)  # squared innovation over its variance: beyond, the cell is not as thought
_UNHEARD = const(25.0)  # beyond, an end waits for a second look
_SECOND_PPM = const(800)  # of the design: so much has flowed until then
_AGREES = const(2)  # and the surface has moved by more than one of these parts of it,
_STEEPER = const(3)  # and by no more than so many more of them: a smaller cell;
_SHOWN_PPM = const(2000)  # or by that much, and more than one of
_WIDER = const(12)  # these parts of it: a wide end, while on a plateau the voltage stands
_FADED = const(0.012)  # of the design: the current of a hold leads to no larger lag at its end
# Assumed: where the voltage input takes so many times the load, the voltage shows its current and
# not the load's; only the bottom is the load's too.
_DRAINED = const(4.0)
_WENT_ON_SHIFT = const(2)  # of a bit beside the end at which the voltage lies
_UNEVEN_SHIFT = const(2)  # of six bits beside the end that told last
# Exponent by which diffusion is slower, at 9 degC. Below it is the lag that may be larger, and not
# the end that is near, so that any surprise waits for the next visit.
_COLD = const(1.0)
_ACTIVE = const(0.5)  # assumed: of that variance in the charge of what takes part in the cold
_LAWLESS = const(4.0)  # assumed: times the lasting lag: the most that its law is off by
_DOUBTED = const(2e6)  # ppm: what waits is taken for half of the 95 % interval
# A current that small beside the last one may be the mean of a charge and a discharge that took
# turns within the sample. The mean of their voltages is then that of a full cell. A charge that is
# held was at its end in the sample before.
_TURNED = const(2)
_FADES = const(33)  # a current that has fallen by one of these parts since the sample before
_LEFT = const(4)  # with a side: the end was left since it was seen
_MODEST = const(4.0)  # and is made to be no more than this
_MOST = const((1.0, 0.5, 0.3, 0.2, 0.005))  # to which surprise alone makes each unknown unsure

_LOSS_SEEN = const(0.1)  # charged between two ends, a share of the design: less tells no loss
_ENDLESS = const(1e9)  # of a square: beyond, something is no number

# What was counted in whole nC, which an earlier version leaves, and above them the pC left over.
_LEFT_BITS = const(48)
_WHOLE = const(0xFFFFFFFFFFFF)
_FORMAT = const("<QQQiiiiBBf15f")
SIZE = const(106)


class Estimator:
    """Weighs the ledger of a cell of `full_pc` against what the ends of its curve tell."""

    def __init__(self, ledger, film, profile):
        self._ledger = ledger
        self._film = film
        self._design_pc = profile.full_pc()
        self.capacity_ppm = _PPM  # of the design
        self.loss_ppm = _PPM - profile.acceptance_ppm
        self._charged_pc = self._moved_pc = 0  # since the last correction
        self._drift_pc = 0  # what the zero of the sensor may have added since
        self._used_lag_ppm = 0  # lag at the last end that was used
        # Lag with which the last end began; before any, the state of charge at the start.
        self._peak_lag_ppm = 0
        self.lasting = _LASTING
        self.proof = ModelProof(film)
        self.at_end = False  # whether the last voltage lay on an end
        # Whether the last end that told was the other one, and whether a charge lay before it.
        self.full_swing = self.loss_seen = False
        self._used_end = 0  # the end at which the voltage lies and has told, 0 for none
        self._last_side = 0  # the end that told last
        # Whether a charge is held, and its current has faded at once: it is full then.
        self._is_held = self._has_faded = False
        self._went_on = False  # the load, after a look at an empty end in the cold
        # An end that waits for a second look: side, innovation and stored charge (ppm)
        self.pending = (0, 0, 0)
        covariance = self._covariance = Covariance()
        covariance.set_sigma_ppm(CAPACITY, profile.capacity_spread_ppm)
        covariance.set_sigma_ppm(TAU, profile.tau_spread_ppm)
        covariance.set_sigma_ppm(ENERGY, profile.energy_spread_ppm)
        covariance.set_sigma_ppm(LOSS, profile.loss_spread_ppm)

    def start(self, soc_ppm: int, sigma_ppm: int) -> None:
        """Say what is known before anything was counted."""
        self._peak_lag_ppm = max(1, soc_ppm)
        full_pc = self.full_pc()
        change = soc_ppm * full_pc // _PPM - self._ledger.stored_pc()
        self._ledger.add_pc(OPENING, change)
        self._covariance.set_sigma_ppm(STORED, sigma_ppm)

    def count(self, moved_pc: int, drift_pc: int) -> None:
        """Note that `moved_pc` was counted, of which the sensor's zero may be `drift_pc`."""
        self._moved_pc += abs(moved_pc)
        if moved_pc > 0:
            self._charged_pc += moved_pc
        self._drift_pc += drift_pc

    def add_input_drain(self, drained_pc: int) -> None:
        """Note that the voltage input has taken `drained_pc`, as far as that is known."""
        self._drift_pc += (drained_pc * _INPUT_PERCENT + 50) // 100

    def add_stuck_gap(self, missed_pc: int) -> None:
        """Note charge that was guessed, or with the other sign that the guess was needless."""
        self._drift_pc = max(0, self._drift_pc + missed_pc // _GUESSED)

    def cut_off(self) -> None:
        """Note that nothing flows: whoever cuts the load off at the empty end has done so."""
        self._went_on = False

    def widen(self, sigma_ppm: int) -> None:
        """Note that charge of `sigma_ppm` of the design capacity may have moved uncounted."""
        self._covariance.add(STORED, sigma_ppm / _PPM * (sigma_ppm / _PPM))

    def capacity_grew(self, before_ppm: int, after_ppm: int) -> None:
        """Note that the film has opened: its capacity has grown from one factor to another."""
        old = self.capacity_ppm
        self.capacity_ppm = old * after_ppm // before_ppm
        self._predict()
        unsure = _OPENING * (self.capacity_ppm - old) / _PPM
        self._covariance.add(CAPACITY, unsure * unsure)

    def known_share(self) -> float:
        """Return the state of charge where it was known last: at an end, or where it began."""
        if self._last_side:
            return self._last_side - EMPTY
        if self._peak_lag_ppm:
            return self._peak_lag_ppm / _PPM
        return self._ledger.line_pc(OPENING) / self._design_pc  # begun in a layout without it

    def full_pc(self) -> int:
        """Return the charge between empty and full as it is believed to be now."""
        return self._design_pc * self.capacity_ppm // _PPM

    def soc_ppm(self) -> int:
        """Return stored over full charge, 0 to 1000000."""
        return max(0, min(_PPM, self._ledger.stored_pc() * _PPM // self.full_pc()))

    def soc_sigma_ppm(self) -> int:
        """Return half of the 95 % interval of `soc_ppm`."""
        soc = self.soc_ppm() / _PPM
        variance = self._variance(soc, 0.0, 0.0) / (self.capacity_ppm / _PPM) ** 2
        waits = self.pending[1] / _DOUBTED
        variance += self.lasting * self.lasting + self.proof.doubt(soc) + waits * waits
        colder = self.proof.temperature_doubt()
        if colder:
            variance += _ACTIVE * (soc - self.known_share()) ** 2 * colder
        return min(_PPM, int(variance**0.5 * _PPM))

    def sigma_of(self, surface: float, by_tau: float, by_energy: float) -> float:
        """Return the standard deviation of stored - surface capacity - lag, of the design."""
        stored = self._ledger.stored_pc() / self._design_pc
        doubt = self.proof.lag_doubt(by_tau, by_energy) + self.proof.doubt(0.0)
        doubt += stored * stored * self.proof.temperature_doubt()
        variance = self._variance(surface, -by_tau, -by_energy) + doubt
        return variance**0.5

    def capacity_sigma(self) -> float:
        """Return the standard deviation of the capacity, of the design."""
        proof = self.proof
        doubt = proof.doubt(0.0) + proof.doubt(1.0) + proof.temperature_doubt()
        return (self._covariance.variance(CAPACITY) + doubt) ** 0.5

    def loss_sigma(self) -> float:
        """Return the standard deviation of the lost share."""
        return self._covariance.sigma(LOSS)

    def observe(
        self,
        voltage_uv: int,
        base_pa: int,
        current_pa: int,
        drain_pa: int,
        temperature_cdeg: int,
    ) -> bool:
        """Weigh an end voltage against the ledger; return whether it changed anything.

        `base_pa` is the current seen by the sample before this one.
        """
        film = self._film
        if self._went_on and current_pa > 0:
            # It was no end where the load went on until light came: the voltage input alone has
            # shown one, and says nothing of the capacity.
            self._went_on, self._last_side = False, 0
        self.at_end = film.surface(voltage_uv, current_pa, drain_pa, temperature_cdeg)
        if not self.at_end:
            self._used_lag_ppm = 0
            self._used_end = 0
            side, innovation_ppm, stored_ppm = self.pending
            if side:
                self.pending = side | _LEFT, innovation_ppm, stored_ppm
            return False
        side = FULL if current_pa > 0 else EMPTY
        held = self._used_end == side or self.pending[0] == side
        fades = side == FULL and current_pa * _TURNED < abs(base_pa)
        if fades and not held:
            return False
        film.split_burst(base_pa, current_pa, temperature_cdeg)
        film.lag(drain_pa, temperature_cdeg)
        # A charge whose current fades while the voltage stays is held.
        self._is_held = side == FULL and current_pa * _FADES < (_FADES - 1) * abs(base_pa)
        self._has_faded = fades and film.steady < _FADED
        self.proof.meet(side)
        lag_ppm = int(film.lag_by_tau * _PPM)
        news = abs(lag_ppm - self._used_lag_ppm)
        known = self._used_end == side and news * 4 < abs(self._used_lag_ppm) + 4000
        gives = side == EMPTY and self._cycles() > _STILL_GIVES
        if known and not gives and not self.proof.is_sharper():
            return False
        charged = self._charged()
        if not self._weigh(film.surface_share, side, known):
            return False
        self.full_swing = self._last_side + side == EMPTY + FULL
        self.loss_seen = self._last_side > 0 and charged > _LOSS_SEEN
        if self._used_end != side:
            self._peak_lag_ppm = abs(lag_ppm)
        self.proof.use(side, self._last_side != side)
        lag = _LASTING_LAG * min(_LARGE_LAG, self._peak_lag_ppm / _PPM) ** 2
        surface = _LASTING_SURFACE * film.surface_sigma
        self.lasting = (_LASTING * _LASTING + lag * lag + surface * surface) ** 0.5
        self._used_lag_ppm = lag_ppm
        self._used_end = side
        self._last_side = side
        self._went_on = side == EMPTY and film.energy >= _COLD
        return True

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        counted = _packed(self._charged_pc), _packed(self._moved_pc), _packed(self._drift_pc)
        lags = self._used_lag_ppm, self._peak_lag_ppm
        last = self._last_side | self._film.uneven_code << _UNEVEN_SHIFT
        used = self._used_end | self._went_on << _WENT_ON_SHIFT
        ends = self.capacity_ppm, self.loss_ppm, used, last, self.lasting
        upper = self._covariance.upper()
        struct.pack_into(_FORMAT, buffer, offset, *(counted + lags + ends), *upper)

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        values = struct.unpack_from(_FORMAT, buffer, offset)
        self._charged_pc, self._moved_pc, self._drift_pc = map(_unpacked, values[:3])
        self._used_lag_ppm, self._peak_lag_ppm, self.capacity_ppm = values[3:6]
        self.loss_ppm, used, last, self.lasting = values[6:10]
        self._used_end = used & (1 << _WENT_ON_SHIFT) - 1
        self._went_on = used >> _WENT_ON_SHIFT > 0
        self._last_side = last & (1 << _UNEVEN_SHIFT) - 1
        self._film.set_uneven(last >> _UNEVEN_SHIFT)
        self._covariance.set_upper(values[10:])

    def _counted_variance(self):
        """Return what counting alone has added to the variance of the stored charge."""
        drift = self._drift_pc / self._design_pc
        return drift * drift + self._cycles() * _WANDER * _WANDER

    def _cycles(self):
        """Return the equivalent full cycles since the last correction."""
        return self._moved_pc * 0.5 / self._design_pc

    def _charged(self):
        return self._charged_pc / self._design_pc

    def _variance(self, surface, by_tau, by_energy):
        """Return the variance of stored - surface capacity + by_tau tau + by_energy energy."""
        self._set_observation(surface, by_tau, by_energy, -self._charged())
        return max(self._covariance.expect(self._counted_variance()), 0.0)

    def _set_observation(self, surface, by_tau, by_energy, by_loss):
        """Lay down by how much each unknown counts in what is looked at."""
        row = self._covariance.row
        row[STORED], row[CAPACITY], row[TAU] = 1.0, -surface, by_tau
        row[ENERGY], row[LOSS] = by_energy, by_loss

    def _predict(self):
        """Let what was counted since the last correction act on the covariance."""
        covariance = self._covariance
        covariance.mix(1.0, -self._charged(), LOSS)
        cycles = self._cycles()
        covariance.add(STORED, self._counted_variance())
        covariance.add(CAPACITY, cycles * _CAPACITY_WANDER * _CAPACITY_WANDER)
        covariance.add(TAU, cycles * _TAU_WANDER * _TAU_WANDER)
        self._charged_pc = self._moved_pc = self._drift_pc = 0

    def _noise(self):
        """Return the variance of what the ends tell, besides that of the unknowns."""
        film = self._film
        by_tau, by_energy = film.lag_by_tau, film.lag_by_ea
        spread = by_tau * by_tau * self._covariance.variance(TAU)
        spread += by_energy * by_energy * self._covariance.variance(ENERGY)
        curved = _CURVED * spread / (abs(by_tau) + 1e-4)
        sigma, unsteady, lag = film.surface_sigma, film.unsteady, _LAG * film.lag_share
        drawn = _INPUT_PERCENT / 100.0 * film.input_lag
        noise = _END * _END + lag * lag + drawn * drawn + film.lag_noise * film.lag_noise
        noise += self.proof.noise()
        return noise + sigma * sigma + unsteady * unsteady + curved * curved

    def _is_confirmed(self, side, innovation, stored):
        """Return whether an end that contradicts all that is known was seen before: the voltage
        has moved with the charge since, or was there when the cell came to this end before."""
        innovation_ppm, stored_ppm = int(innovation * _PPM), int(stored * _PPM)
        pending, first_ppm, at_ppm = self.pending
        apart_ppm, moved_ppm = innovation_ppm - first_ppm, stored_ppm - at_ppm
        film = self._film
        # What a law of the lag is off by is there at each visit.
        lawless = abs(innovation) > _LAWLESS * film.steady
        agrees = abs(apart_ppm) * _AGREES < abs(first_ppm)
        if pending == side | _LEFT and lawless and agrees:
            return True
        if pending == side and film.energy < _COLD:
            # In a hold the surface stands, and what has fallen instead is the lag: to half of it.
            left_ppm = (film.lag_share + film.input_lag) * _PPM
            faded_ppm = apart_ppm + moved_ppm
            is_faded = left_ppm > 0.0 and faded_ppm > max(left_ppm, _SECOND_PPM)
            if side == FULL and agrees and moved_ppm > 0:
                if is_faded:
                    return True
                if self._is_held:
                    return False  # and keeps its first look: it is from there that a lag fades
            if moved_ppm < 0:
                apart_ppm, moved_ppm = -apart_ppm, -moved_ppm
            if moved_ppm < _SECOND_PPM:
                return False
            surface_ppm = apart_ppm + moved_ppm  # it has moved so far with the charge
            if 0 < surface_ppm * _AGREES < (_STEEPER + _AGREES) * moved_ppm:
                shown = surface_ppm > _SHOWN_PPM and surface_ppm * _WIDER > moved_ppm
                # A wide end keeps its first look, with which the next one is compared.
                return shown or surface_ppm * _AGREES > moved_ppm
        self.pending = side, innovation_ppm, stored_ppm
        return False

    def _weigh(self, surface, side, known):
        """Correct everything that the end tells of, by the surface it shows.

        Return False, with nothing corrected, for an end that waits for a second look, and where
        the arithmetic of the board does not reach.
        """
        flowed = 2.0 * self._cycles()
        self._predict()
        film, covariance = self._film, self._covariance
        # Near an end the depth is a matter of its shape and not of the capacity.
        self._set_observation(float(surface > 0.5), film.lag_by_tau, film.lag_by_ea, 0.0)
        stored = self._ledger.stored_pc() / self._design_pc
        innovation = surface * self.capacity_ppm / _PPM - stored - film.lag_share
        expected, proved = covariance.expect(0.0), self._noise()
        proof = self.proof
        noise = proved + proof.reserve
        squared = innovation * innovation
        if not (0.0 < expected + noise < _ENDLESS and squared < _ENDLESS):
            return False
        # In the cold, where a lag is known least, what it held may be all that the look says.
        given = innovation if film.energy > _COLD else min(innovation, flowed)
        if known and side == EMPTY and given > _GIVES and innovation < proof.off_by():
            # What it still gives it has held at the look before as well, and so has a full cell
            # as far as the one was concluded from the other.
            gain = covariance.gain
            gain[STORED], gain[TAU], gain[ENERGY], gain[LOSS] = 1.0, 0.0, 0.0, 0.0
            gain[CAPACITY] = max(0.0, min(1.0, covariance.shared()))
            self._correct(given)
            return True
        opposite = self._last_side and self._last_side != side
        if proof.is_burst and squared > _SURPRISE * (expected + noise):
            return False  # an overload says nothing of the charge
        if side == EMPTY and innovation < 0.0:
            if proof.is_burst and film.is_overload and self._last_side:
                return False  # nor that it is less than an end has told: a lasting load does
            if not film.is_bottom and film.drained > _DRAINED * film.steady:
                self.pending = side, int(innovation * _PPM), int(stored * _PPM)
                return False
        uneven = 0.0
        if opposite and side == EMPTY and film.energy < _COLD:
            uneven = proof.uneven(innovation, expected + noise)
        if uneven:
            if not film.is_bottom and self.pending[0] != side | _LEFT:
                self.pending = side, int(innovation * _PPM), int(stored * _PPM)
                return False  # a wide end begins as early: its bottom tells
            innovation -= self._learn_uneven(uneven)
            squared = innovation * innovation
        if self._last_side:
            proof.learn(squared, expected + noise)
            proved = self._noise()
            noise = proved + proof.reserve
        most = _UNHEARD if film.energy < _COLD else _SURPRISE
        unheard = squared > most * (expected + noise)
        if unheard and not self._has_faded and not self._is_confirmed(side, innovation, stored):
            return False
        if self.pending[0] & ~_LEFT == side:
            self.pending = (0, 0, 0)
        if opposite:
            most = abs(innovation)
            if squared <= _SURPRISE * (expected + noise) or proof.is_plausible(squared):
                # What the law is off by is the same at each end: the capacity stays as unsure.
                most = min(most, proof.law_sigma())
            # First the capacity: it is what cells of one kind differ in most.
            self._widen_capacity(most)
            expected = covariance.expect(0.0)
            proof.prove(squared, side)
        if squared > _SURPRISE * (expected + noise):
            self._widen_rest((squared / _MODEST - noise) / max(expected, 1e-12))
            expected = covariance.expect(0.0)
        total = expected + noise
        covariance.reduce(total)
        if (innovation > 0.0) == (side == EMPTY):
            # A reserve can be missing, which ends a burst too early and never too late: no less is
            # stored than the film says, though it may be more, and sigma keeps to that.
            total = expected + proved
        self._correct(innovation / total)
        return True

    def _learn_uneven(self, share):
        """Let the lags of empty ends be others by a share, and with them what the last one has
        told of charge and capacity; return what that explains of an innovation."""
        film = self._film
        before, lag = self.proof.empty_lag(), film.lag_share
        told = before * film.learn_uneven(share)
        self._move(told, told)
        return told + film.lag_share - lag

    def _widen_capacity(self, most):
        """Make the capacity as unsure as `most`, and what the last end told no less sure: the
        stored charge after empty, what is missing to full after full.

        It is never wrong by more than explains the innovation alone, and an end that is seen
        again and again says nothing of it.
        """
        grown = max(1.0, min(most, _MOST[CAPACITY]) / self._covariance.sigma(CAPACITY))
        if self._last_side == FULL:
            self._covariance.mix(1.0, grown - 1.0, CAPACITY)
        self._covariance.scale(CAPACITY, grown)

    def _widen_rest(self, scale):
        """Make what is missing to full, tau, its energy and the loss less sure, by one factor of
        the variance, so that they keep what they have told of each other."""
        covariance = self._covariance
        root = max(1.0, min(max(scale, 1.0) ** 0.5, _MOST[STORED] / covariance.sigma(STORED)))
        covariance.mix(root, 1.0 - root, CAPACITY)
        for k in (TAU, ENERGY, LOSS):
            covariance.scale(k, max(1.0, min(root, _MOST[k] / covariance.sigma(k))))

    def _correct(self, weight):
        """Move everything by `weight` times its gain."""
        gain = self._covariance.gain
        self._move(gain[STORED] * weight, gain[CAPACITY] * weight)
        self.loss_ppm = max(0, min(_PPM // 2, self.loss_ppm + round(gain[LOSS] * weight * _PPM)))
        longer = gain[TAU] * weight
        self._film.learn(longer, gain[ENERGY] * weight)
        # The lags answer to tau along a curve; the longer the step the less it has learned.
        self._covariance.add(TAU, (_CURVED * longer) ** 2)

    def _move(self, stored, capacity):
        """Correct the stored charge and the capacity by shares of the design."""
        self._ledger.add_pc(CORRECTED, int(stored * _PPM) * self._design_pc // _PPM)
        capacity_ppm = self.capacity_ppm + round(capacity * _PPM)
        self.capacity_ppm = max(_PPM // 10, min(4 * _PPM, capacity_ppm))


def _packed(pc):
    return pc // 1000 | pc % 1000 << _LEFT_BITS


def _unpacked(word):
    return (word & _WHOLE) * 1000 + (word >> _LEFT_BITS)
