"""The gauge of a node without a readable profile: the interface of FuelGauge (fuel_gauge.py)."""

from filmgauge.compat import const
from filmgauge.gauge.ledger import INPUT, MEASURED, UNJUDGED, ZERO, Ledger

_LAST = const(406)  # where FuelGauge (fuel_gauge.py) has UNJUDGED, among the bits of its last byte


class LedgerOnly:
    """Counts charge without knowing the cell: it judges nothing, and what it would tell of the
    cell is None."""

    offset = None  # of the sensor

    def __init__(self):
        self.ledger = Ledger()

    def _nothing(self, *_):
        """Do nothing, return None."""

    open = rest = add_gap = observe = widen = guess_at = end_guess = _nothing
    soc_ppm = sigma_ppm = described_sigma_ppm = stored_nah = full_nah = _nothing

    def flow(self, pc: int, elapsed_ms: int, temperature_cdeg: int, sigma_pc: int = 0) -> None:
        """Count what samples tell of `elapsed_ms`: exactly nothing is a value like any other.

        `sigma_pc` of it may be wrong by chance.
        """
        self.ledger.add_pc(MEASURED, pc)

    count = flow

    def zero(self, pc: int, elapsed_ms: int, temperature_cdeg: int) -> None:
        """Count while the disconnect switch was open: all of it is the sensor's own zero."""
        self.ledger.add_pc(MEASURED, pc)
        self.ledger.add_pc(ZERO, -pc)

    def book(self, pc: int, line: int = INPUT, sigma_pc: int = 0) -> None:
        """Book charge that is known though no sensor saw it; negative leaves the cell.

        `sigma_pc` of it may be wrong, and always to the same side. What the node itself takes
        (SLEEP, SENSOR, RADIO) is booked before the count of the same interval.
        """
        self.ledger.add_pc(line, pc)

    def pack_into(self, buffer, offset: int) -> None:
        """Write the ledger, and for a gauge with a profile that what it once wrote behind it,
        which stays there, knows nothing of this time."""
        self.ledger.pack_into(buffer, offset)
        buffer[offset + _LAST] |= UNJUDGED

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        self.ledger.unpack_from(buffer, offset)
