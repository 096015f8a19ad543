"""How the monitor writes a record's values: exact decimals, a dash for what is not known."""

from filmgauge.record.limit_text import limit_text
from filmgauge.record.record import decimal, fault_text
from filmgauge_host.telemetry.received_record import ReceivedRecord

UNKNOWN = "-"


def amount(value: int | None, digits: int, keep: int) -> str:
    """Return value / 10**digits with `keep` decimals, rounded half to even away from floats."""
    if value is None:
        return UNKNOWN
    unit = 10 ** (digits - keep)
    return decimal(_divide(value, unit), keep)


def state_of_charge(report: ReceivedRecord) -> str:
    """Return the state of charge in % with its sigma: `81.2 ± 0.4`."""
    return with_sigma(report, "soc_ppm", "soc_sigma_ppm", 4)


def charge(report: ReceivedRecord) -> str:
    """Return stored / full charge in uAh."""
    stored = amount(report.value("stored_nah"), 3, 1)
    return f"{stored} / {amount(report.value('full_nah'), 3, 1)}"


def shown(report: ReceivedRecord) -> str:
    """Return the state of charge for people, in %."""
    return amount(report.value("shown_ppm"), 4, 0)


def available(report: ReceivedRecord) -> str:
    """Return what the cell gives now / would give full, in uAh, with the sigma of the first."""
    now = with_sigma(report, "available_nah", "available_sigma_nah", 3)
    return f"{now} / {amount(report.value('available_full_nah'), 3, 1)}"


def capacity(report: ReceivedRecord) -> str:
    """Return the full charge in uAh with its sigma."""
    return with_sigma(report, "full_nah", "full_sigma_nah", 3)


def resistance(report: ReceivedRecord) -> str:
    """Return the resistance in ohm with its sigma."""
    return with_sigma(report, "resistance_mohm", "resistance_sigma_mohm", 3, 0)


def efficiency(report: ReceivedRecord) -> str:
    """Return the coulombic efficiency in % with its sigma."""
    return with_sigma(report, "efficiency_ppm", "efficiency_sigma_ppm", 4, 2)


def trend(report: ReceivedRecord) -> str:
    """Return how the capacity changes in a cycle, in % of the design, with its sigma."""
    return with_sigma(report, "trend_ppm", "trend_sigma_ppm", 4, 3)


def cycles_left(report: ReceivedRecord) -> str:
    """Return the cycles until four fifths of the design are left, with their sigma."""
    return with_sigma(report, "cycles_left", "cycles_left_sigma", 0, 0)


def seen(report: ReceivedRecord, field: str) -> str:
    """Return how old an observation is by the node's own time: `seen 2d04h ago`."""
    hours = report.value(field)
    return "not seen yet" if hours is None else f"seen {span(3600 * hours)} ago"


def cycles(report: ReceivedRecord) -> str:
    """Return the equivalent full cycles."""
    return amount(report.value("mcycles"), 3, 1)


def lasts(report: ReceivedRecord) -> str:
    """Return the time to empty or to full at the recent mean current."""
    for field, what in (("to_empty_s", "empty"), ("to_full_s", "full")):
        seconds = report.value(field)
        if seconds is not None:
            return f"{what} in {span(seconds)}"
    return UNKNOWN


def limits(report: ReceivedRecord) -> str:
    """Return the limits that are reached, `none` without any."""
    word = report.value("limits")
    return UNKNOWN if word is None else limit_text(word)


def with_sigma(
    report: ReceivedRecord, field: str, sigma_field: str, digits: int, keep: int = 1
) -> str:
    """Return a field and its sigma with `keep` decimals: `10.4 ± 0.2`."""
    text = amount(report.value(field), digits, keep)
    sigma = report.value(sigma_field)
    return text if sigma is None or text == UNKNOWN else f"{text} ± {amount(sigma, digits, keep)}"


def voltage(report: ReceivedRecord) -> str:
    """Return the cell voltage in V."""
    return amount(report.value("voltage_uv"), 6, 4)


def current(report: ReceivedRecord) -> str:
    """Return the current in uA, positive while charging."""
    return amount(report.value("current_pa"), 6, 3)


def temperature(report: ReceivedRecord) -> str:
    """Return the temperature in degC."""
    return amount(report.value("temperature_cdeg"), 2, 1)


def backlog(report: ReceivedRecord) -> str:
    """Return the number of records that waited on the node."""
    return amount(report.value("backlog"), 0, 0)


def faults(report: ReceivedRecord) -> str:
    """Return the names of the faults, `none` without any."""
    return fault_text(report.value("faults") or 0)


def bar(ppm: int | None, cells: int) -> str:
    """Return a bar of `cells` characters, filled in eighths; blank when not known."""
    if ppm is None:
        return " " * cells
    full, eighths = divmod(round(ppm * cells * 8 / 1_000_000), 8)
    part = " ▏▎▍▌▋▊▉"[eighths] if eighths else ""
    return ("█" * full + part).ljust(cells, "·")


def span(seconds: float | None) -> str:
    """Return a time in its two largest units: `42s`, `5m10s`, `3h07m`, `2d04h`."""
    if seconds is None:
        return UNKNOWN
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02d}h"


def plain_line(report: ReceivedRecord) -> str:
    """Return one line for one record, with units."""
    boot, seq = report.key
    parts = [
        f"{report.node:<12} boot {boot} seq {seq:<6}",
        f"SoC {state_of_charge(report)} %",
        f"{charge(report)} uAh",
        f"{voltage(report)} V",
        f"{current(report)} uA",
        f"{temperature(report)} degC",
        f"backlog {backlog(report)}",
        f"faults {faults(report)}",
    ]
    return "  ".join(parts) + ("  (history)" if report.history else "")


def _divide(value: int, unit: int) -> int:
    """Return value / unit rounded to the nearest integer, halves to even."""
    quotient, rest = divmod(value, unit)
    if rest * 2 > unit or (rest * 2 == unit and quotient % 2):
        quotient += 1
    return quotient
