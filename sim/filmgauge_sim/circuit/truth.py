"""What is really so in a circuit, for scores and files of truth; the firmware sees none of it."""

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Truth:
    """State of the cell at `now_us`. Positive current charges."""

    now_us: int
    stoichiometry: float
    voltage_v: float
    current_ua: float
    temperature_c: float
    phase: str


@dataclass(frozen=True)
class Occurrences:
    """How often something has happened, when first (h of true time), and then at what voltage."""

    count: int = 0
    first_h: float | None = None
    voltage_v: float | None = None

    def one_more(self, now_us: int, voltage_v: float) -> "Occurrences":
        """Return these and one at `now_us`."""
        if self.count:
            return replace(self, count=self.count + 1)
        return Occurrences(1, round(now_us / 3.6e9, 4), round(voltage_v, 3))


@dataclass
class EnergyLedger:
    """Where the energy of a harvesting node came from and went, uJ since the start.

    `harvested` equals the sum of all other lines.
    """

    harvested: float = 0.0  # offered by the harvester
    cell: float = 0.0  # into the cell at its terminals; negative: out of it
    capacitor: float = 0.0  # change of what the capacitor holds
    board: float = 0.0
    sensors: float = 0.0
    turned_away: float = 0.0  # offered while the capacitor was full, or too weak to start
    harvester_loss: float = 0.0  # in the converter, on the way from the harvester
    cell_loss: float = 0.0  # in the converter, on the way from and to the cell
    output_loss: float = 0.0  # in the regulator, on the way to board and sensors
    quiescent: float = 0.0
    leakage: float = 0.0  # in the capacitor
    series: float = 0.0  # in the capacitor's series resistance
    shunt: float = 0.0
    bus_input: float = 0.0  # in the INA228's voltage input, while the gate connects it

    @property
    def imbalance_uj(self) -> float:
        """What is missing: harvested less every other line; rounding apart it is 0."""
        return self.harvested - sum(
            getattr(self, line.name) for line in fields(self) if line.name != "harvested"
        )

    @property
    def throughput_uj(self) -> float:
        """Sum of all lines without their signs: what a rounding error has to be compared with."""
        return sum(abs(getattr(self, line.name)) for line in fields(self))
