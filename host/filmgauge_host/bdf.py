"""Battery Data Format: its columns, and the records of a node as its rows.

Columns are named `quantity / unit`; time, voltage and current are what every file must have.
The format: github.com/battery-data-alliance/battery-data-format. Positive current charges.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from filmgauge.record.record import Record
from filmgauge.record.record_text import decimal
from filmgauge_sim.lab.bdf import CURRENT, STEP, TEMPERATURE, TIME, VOLTAGE

# Names by the same rule that the format does not have:
STOICHIOMETRY = "Stoichiometry / 1"
BOOT = "Boot / 1"
SEQUENCE = "Sequence / 1"
STATE_OF_CHARGE = "State of Charge / %"
LIFE = "Life / 1"
UNIX_TIME = "Unix Time / s"

__all__ = ["CURRENT", "STEP", "TEMPERATURE", "TIME", "VOLTAGE"]

SUFFIX = ".bdf.csv"
LOG_COLUMNS = (TIME, VOLTAGE, CURRENT, TEMPERATURE, BOOT, SEQUENCE, STATE_OF_CHARGE, LIFE)
DATED_COLUMNS = (*LOG_COLUMNS, UNIX_TIME)

_KEY = ("life", "boot", "seq", "up_s")
_READINGS = ("voltage_uv", "current_pa", "temperature_cdeg", "soc_ppm")


def line(cells: Sequence[object]) -> str:
    """Return a line of a file with its end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


class LogRows:
    """The records of one node as rows, in their order.

    Time is the node's own; that of a later boot goes on where the one before ended, because
    nobody knows how long the node was off.
    """

    def __init__(self) -> None:
        self._boot = -1, -1  # life and boot
        self._base_s = self._last_s = 0

    def resume(self, lines: Iterable[str]) -> tuple[int, int, int]:
        """Go on behind lines that are written already; return life, boot and seq of the
        last one.

        ValueError or IndexError for something else than such lines.
        """
        life = boot = seq = 0
        for cells in csv.reader(lines):
            boot, seq, life = int(cells[4]), int(cells[5]), int(cells[7])
            self._begin(life, boot)
            self._last_s = int(cells[0])
        return life, boot, seq

    def add(self, record: Record) -> str:
        """Return the line of a record, nothing where voltage or current is not known."""
        life, boot, seq, up_s = (getattr(record, name) for name in _KEY)
        voltage_uv, current_pa, temperature_cdeg, soc_ppm = (
            getattr(record, name) for name in _READINGS
        )
        self._begin(life, boot)
        if voltage_uv is None or current_pa is None:
            return ""
        self._last_s = self._base_s + up_s
        return line(
            (
                self._last_s,
                decimal(voltage_uv, 6),
                decimal(current_pa, 12),
                "" if temperature_cdeg is None else decimal(temperature_cdeg, 2),
                boot,
                seq,
                "" if soc_ppm is None else decimal(soc_ppm, 4),
                life,
            )
        )

    def _begin(self, life: int, boot: int) -> None:
        if (life, boot) != self._boot:
            self._boot, self._base_s = (life, boot), self._last_s
