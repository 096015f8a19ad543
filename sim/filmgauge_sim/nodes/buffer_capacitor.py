"""What the buffer capacitor of a node on film carries, and what its series resistance spoils."""

from dataclasses import dataclass
from math import inf

from filmgauge_sim.board.board_kind import BoardKind
from filmgauge_sim.circuit.capacitor import Capacitor
from filmgauge_sim.nodes.first_wake import States
from filmgauge_sim.nodes.sections import CapacitorSection, ConverterSection

_MARGIN = 1.05  # a boot takes up to 3 % more than is counted here
_MOST_SHARE = 0.1  # assumed: what the gauge bears; a half makes it 20 % wrong in a week


@dataclass(frozen=True)
class BufferCapacitor:
    """The capacitor of a board, between the thresholds of a converter."""

    kind: BoardKind
    described: CapacitorSection
    converter: ConverterSection
    first_wake: States

    def taken_uw(self, board_ua: float) -> float:
        """Return what it gives to a board that draws so much, through the regulator."""
        return board_ua * self.kind.supply_v / self.converter.output_efficiency

    def usable_uj_uf(self, from_v: float, board_ua: float) -> float:
        """Return what each uF gives to a board that draws so much, from a voltage down to its
        brown-out, uJ out of the terminals."""
        each_uf = Capacitor(1.0, self.described.leakage_mohm, self.described.series_ohm)
        return each_uf.usable_uj(from_v, self.taken_uw(board_ua), self.kind.brown_out_v)

    @property
    def least_uf(self) -> float:
        """The capacitance that carries a boot with its report: with less a node would boot for
        ever. inf where its resistance forbids."""
        most_ua = max(ua for us, ua in self.first_wake if us)
        usable_uj = self.usable_uj_uf(self.converter.restart_v, most_ua)
        return self._first_wake_uj / usable_uj if usable_uj else inf

    def check_capacitance(self) -> None:
        """Raise ValueError, one sentence, for less than `least_uf`."""
        least_uf, given = self.least_uf, self.described
        if least_uf == inf:
            raise ValueError(
                f"capacitor.series_ohm must be lower, not {given.series_ohm:g}, with which"
                f" {self.kind.name} cannot boot from it"
            )
        if given.capacitance_uf < least_uf:
            raise ValueError(
                f"capacitor.capacitance_uf must be at least {least_uf:.0f}, which carries a boot"
                f" with its first report ({self._first_wake_uj:.0f} uJ), not"
                f" {given.capacitance_uf:g}"
            )

    def check_sampling(self) -> None:
        """Raise ValueError, one sentence, where the board, awake to sample, moves the terminals by
        more than a tenth of the converter's hysteresis.

        In about that share of its samples it sees a current that its own wake brings about: a
        discharge in the dark, and no charge in the light.
        """
        converter, series_ohm = self.converter, self.described.series_ohm
        drawn_ua = self.taken_uw(self.kind.active_ua) / converter.refill_v
        most_ohm = 1e6 * _MOST_SHARE * converter.hysteresis_v / drawn_ua
        if series_ohm > most_ohm:
            raise ValueError(
                f"capacitor.series_ohm must be at most {most_ohm:.3g} with sensor.switched = true,"
                f" not {series_ohm:g}: what {self.kind.name} draws while it samples would switch"
                " the converter"
            )

    @property
    def _first_wake_uj(self) -> float:
        return _MARGIN * sum(1e-6 * us * self.taken_uw(ua) for us, ua in self.first_wake)
