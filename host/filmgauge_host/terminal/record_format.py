"""How a record's values are written: exact decimals, a dash for what is not known."""

from dataclasses import dataclass

from filmgauge.record.limit_text import limit_text
from filmgauge.record.record_text import decimal, fault_text
from filmgauge_host.telemetry.received_record import ReceivedRecord

UNKNOWN = "-"


def amount(value: int | None, digits: int, keep: int) -> str:
    """Return value / 10**digits with `keep` decimals, rounded half to even away from floats."""
    if value is None:
        return UNKNOWN
    unit = 10 ** (digits - keep)
    quotient, rest = divmod(value, unit)
    if rest * 2 > unit or (rest * 2 == unit and quotient % 2):
        quotient += 1
    return decimal(quotient, keep)


@dataclass(frozen=True, slots=True)
class Quantity:
    """Writes one field of a record, with its sigma if it has one: `10.4 ± 0.2`.

    digits: decimals from the field's unit to the one that is shown; keep: how many are shown.
    """

    field: str
    digits: int
    keep: int
    sigma_field: str = ""

    def __call__(self, received: ReceivedRecord) -> str:
        """Return the text."""
        text = amount(received.value(self.field), self.digits, self.keep)
        sigma = received.value(self.sigma_field) if self.sigma_field else None
        if sigma is None or text == UNKNOWN:
            return text
        return f"{text} ± {amount(sigma, self.digits, self.keep)}"


state_of_charge = Quantity("soc_ppm", 4, 1, "soc_sigma_ppm")  # %
displayed = Quantity("shown_ppm", 4, 0)  # % for people
stored = Quantity("stored_nah", 3, 1)  # uAh
capacity = Quantity("full_nah", 3, 1, "full_sigma_nah")  # uAh
resistance = Quantity("resistance_mohm", 3, 0, "resistance_sigma_mohm")  # ohm
efficiency = Quantity("efficiency_ppm", 4, 2, "efficiency_sigma_ppm")  # coulombic, %
trend = Quantity("trend_ppm", 4, 3, "trend_sigma_ppm")  # of the capacity, % of design a cycle
cycles = Quantity("mcycles", 3, 1)  # equivalent full cycles
cycles_left = Quantity("cycles_left", 0, 0, "cycles_left_sigma")  # to four fifths of the design
voltage = Quantity("voltage_uv", 6, 4)  # V
current = Quantity("current_pa", 6, 3)  # uA, positive while charging
temperature = Quantity("temperature_cdeg", 2, 1)  # degC
backlog = Quantity("backlog", 0, 0)  # records that waited on the node
_full = Quantity("full_nah", 3, 1)
_available_now = Quantity("available_nah", 3, 1, "available_sigma_nah")
_available_full = Quantity("available_full_nah", 3, 1)


def charge(received: ReceivedRecord) -> str:
    """Return stored / full charge in uAh."""
    return f"{stored(received)} / {_full(received)}"


def available(received: ReceivedRecord) -> str:
    """Return what the cell gives now / would give full, in uAh, with the sigma of the first."""
    return f"{_available_now(received)} / {_available_full(received)}"


def observed(received: ReceivedRecord, field: str) -> str:
    """Return how old an observation is by the node's own time: `seen 2d04h ago`."""
    hours = received.value(field)
    return "not seen yet" if hours is None else f"seen {span(3600 * hours)} ago"


def lasts(received: ReceivedRecord) -> str:
    """Return the time to empty or to full at the recent mean current."""
    for field, what in (("to_empty_s", "empty"), ("to_full_s", "full")):
        seconds = received.value(field)
        if seconds is not None:
            return f"{what} in {span(seconds)}"
    return UNKNOWN


def limits(received: ReceivedRecord) -> str:
    """Return the limits that are reached, `none` without any."""
    word = received.value("limits")
    return UNKNOWN if word is None else limit_text(word)


def faults(received: ReceivedRecord) -> str:
    """Return the names of the faults, `none` without any."""
    return fault_text(received.value("faults") or 0)


def bar(ppm: int | None, cells: int) -> str:
    """Return a bar of `cells` characters, filled in eighths; blank when not known."""
    if ppm is None:
        return " " * cells
    full, eighths = divmod(round(ppm * cells * 8 / 1_000_000), 8)
    part = " ▏▎▍▌▋▊▉"[eighths] if eighths else ""
    return ("█" * full + part).ljust(cells, "·")


def span(seconds: float | None) -> str:
    """Return a time in its two largest units: `42s`, `5m10s`, `3h07m`, `2d04h`; from 100 days
    on in days: `128d`."""
    if seconds is None:
        return UNKNOWN
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    if whole < 8_640_000:
        return f"{whole // 86400}d{whole % 86400 // 3600:02d}h"
    return f"{whole // 86400}d"


def plain_line(received: ReceivedRecord) -> str:
    """Return one line for one record, with units."""
    _, boot, seq = received.key
    parts = [
        f"{received.node:<12} boot {boot} seq {seq:<6}",
        f"SoC {state_of_charge(received)} %",
        f"{charge(received)} uAh",
        f"{voltage(received)} V",
        f"{current(received)} uA",
        f"{temperature(received)} degC",
        f"backlog {backlog(received)}",
        f"faults {faults(received)}",
    ]
    return "  ".join(parts) + ("  (history)" if received.history else "")
