"""What a gauge is judged against: the charge that the cell really gives from now on."""

from filmgauge_sim.cell.stepped import SteppedCell

_SECONDS_PER_HOUR = 3600.0
# Slower discharges (a hundred thousand years) are beyond what a float resolves in time.
_LEAST_PER_HOUR = 1e-9
_HIGHEST_CUTOFF_V = 5.5


def deliverable_uah(
    cell: SteppedCell, current_ua: float, temperature_c: float, cutoff_v: float = 1.0
) -> float:
    """Charge that the cell gives from now, uAh, until its voltage falls to cutoff_v.

    ``current_ua`` is the magnitude of the discharge, constant throughout, and the cell is left
    untouched. 0 when the voltage under that current lies at the cutoff already, even if a rest
    would bring some back.
    Raises ValueError when current_ua is not positive (at least 1e-9 of the capacity per hour),
    cutoff_v is not from 0 to 5.5 V, or an argument breaks the bounds of ``FilmCell.advance``.
    """
    least_ua = _LEAST_PER_HOUR * cell.capacity_uah
    if not current_ua >= least_ua:
        raise ValueError(f"current_ua must be at least {least_ua:g}, not {current_ua!r}.")
    if not 0.0 <= cutoff_v <= _HIGHEST_CUTOFF_V:
        raise ValueError(f"cutoff_v must be from 0 to {_HIGHEST_CUTOFF_V:g}, not {cutoff_v!r}.")
    probe = cell.clone()
    # The surface usually runs empty before the mean does; only a film that was charged shortly
    # before holds more at its surface, and needs a longer look.
    horizon_h = (max(cell.stoichiometry, 0.0) + 0.1) * cell.capacity_uah / current_ua
    while True:
        end = probe.next_crossing(
            -current_ua, temperature_c, horizon_h * _SECONDS_PER_HOUR, low_v=cutoff_v
        )
        if end is not None:
            return current_ua * end.time_s / _SECONDS_PER_HOUR
        horizon_h *= 2.0
