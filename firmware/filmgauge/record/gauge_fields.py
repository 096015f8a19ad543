"""What a gauge knows of its cell, as fields of a record."""

from filmgauge.compat import Namespace, const
from filmgauge.record import FAULT_CONTRADICTION

_MOST = const(0x7FFFFFFF)  # that a field of a record holds
_MOST_SMALL = const(65534)
_PPM = const(1000000)


def gauge_fields(gauge, load_pa: "int | None", temperature_cdeg: int) -> Namespace:
    """Return what a gauge says in a record; `load_pa` is None for one without a profile."""
    fields = Namespace(faults=0)
    add_ledger_fields(fields, gauge)
    if load_pa is not None:
        add_gauge_fields(fields, gauge, load_pa, temperature_cdeg)
    return fields


def add_ledger_fields(record, gauge) -> None:
    """Add what every gauge has, one without a profile too."""
    record.soc_ppm = gauge.soc_ppm()
    record.soc_sigma_ppm = gauge.sigma_ppm()
    record.stored_nah = gauge.stored_nah()
    record.full_nah = gauge.full_nah()
    sums = [max(-_MOST, min(_MOST, nah)) for nah in gauge.ledger.sums_nah()]
    record.measured_nah, record.booked_nah, record.corrected_nah = sums


def add_gauge_fields(record, gauge, load_pa: int, temperature_cdeg: int) -> None:
    """Add what only a gauge with a profile knows; what is available is that at a load of
    `load_pa`."""
    from filmgauge.gauge.available_charge import AvailableCharge

    health, available = gauge.health, AvailableCharge(gauge)
    if gauge.is_unlike_profile():
        record.faults |= FAULT_CONTRADICTION
    record.shown_ppm = gauge.shown_ppm()
    record.full_sigma_nah = gauge.full_sigma_nah()
    record.available_nah = max(0, available.charge_nah(load_pa, temperature_cdeg))
    record.available_sigma_nah = min(_MOST, available.sigma_nah())
    record.available_full_nah = max(0, available.full_charge_nah(load_pa, temperature_cdeg))
    record.to_empty_s = available.time_to_empty_s(temperature_cdeg)
    record.to_full_s = available.time_to_full_s()
    mohm = max(0, gauge.resistance_mohm())
    record.resistance_mohm = min(_MOST, mohm)
    record.resistance_sigma_mohm = min(_MOST, int(mohm * health.resistance_sigma()))
    estimator = gauge.estimator
    record.efficiency_ppm = _PPM - estimator.loss_ppm
    sigma_ppm = round(estimator.loss_sigma() * _PPM)
    record.efficiency_sigma_ppm = min(_MOST_SMALL, sigma_ppm)
    record.mcycles = min(_MOST, health.mcycles())
    sigma_ppm = round(estimator.capacity_sigma() * _PPM)
    trend, sigma, left, unsure = health.capacity_trend(estimator.capacity_ppm, sigma_ppm)
    record.trend_ppm, record.trend_sigma_ppm = trend, sigma
    record.cycles_left, record.cycles_left_sigma = left, unsure
    record.capacity_age_h, record.resistance_age_h, record.efficiency_age_h = health.ages_h()
