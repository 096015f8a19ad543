"""How far the ledger is from the truth over a day, and how far its sensor's errors explain it."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from bench.figures import Figure
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.notebook.nodes import Scenario, run
from filmgauge_sim.parts.ina228_errors import Ina228Errors

_SHUNT_OHM = 1000.0


@dataclass(frozen=True)
class _Point:
    """One record: hours, deviation of the bare count and of the published value in %."""

    hours: float
    counted_pct: float
    published_pct: float
    net_pct: float  # true charge since the start
    temperature_c: float


def report() -> Iterator[Figure]:
    """Yield the deviation with an ideal sensor and with every error at the datasheet's bound."""
    ideal, drifting, zeroed = _points("ideal"), _points("worst", zeroing=False), _points("worst")
    yield Figure(
        "ideal sensor, 24 h: ledger and truth apart", _worst(ideal, "counted_pct"), "0.2 %"
    )
    yield Figure("the same, published state of charge", _worst(ideal, "published_pct"))
    yield from _explained(drifting)
    yield Figure("the same, its zero measured every six hours", _worst(zeroed, "counted_pct"))
    yield Figure("the same, published state of charge", _worst(zeroed, "published_pct"))


def _worst(points: list[_Point], name: str) -> str:
    return f"{max(abs(getattr(point, name)) for point in points):.3f} %"


def _explained(points: list[_Point]) -> Iterator[Figure]:
    """Yield what the errors of a sensor lead to, and how far the simulation is from that."""
    errors, last, full_uah = Ina228Errors.worst(), points[-1], _full_uah(Scenario("bench"))
    offset_na = 1e3 * errors.offset_uv / _SHUNT_OHM + errors.bias_current_na
    missing_nah = offset_na * last.hours
    yield Figure(
        f"worst sensor: {errors.offset_uv:g} uV on {_SHUNT_OHM:g} ohm and"
        f" {errors.bias_current_na:g} nA of bias, over {last.hours:.2f} h",
        f"{offset_na:g} nA and {missing_nah:.1f} nAh that are not there,"
        f" {missing_nah / full_uah / 10:.3f} % of {full_uah:g} uAh",
    )
    yield Figure(
        "its gain and oscillator scale the net charge by", f"{_scale(errors) * 100:+.3f} %"
    )
    residual = max(abs(p.counted_pct - _predicted(p, errors, full_uah)) for p in points)
    yield Figure(
        "its ledger at the end, predicted from these and simulated",
        f"{_predicted(last, errors, full_uah):+.3f} % and {last.counted_pct:+.3f} %;"
        f" never further apart than {residual:.3f} %",
    )


def _predicted(point: _Point, errors: Ina228Errors, full_uah: float) -> float:
    """Return the deviation in % that offset, bias, gain and oscillator lead to."""
    offset_uv = errors.offset_uv + errors.offset_drift_uv_per_c * (point.temperature_c - 25.0)
    offset_na = 1e3 * offset_uv / _SHUNT_OHM + errors.bias_current_na
    return offset_na * point.hours / full_uah / 10 + _scale(errors) * point.net_pct


def _scale(errors: Ina228Errors) -> float:
    return (1 + errors.gain_error) / (1 + errors.oscillator_error) - 1


def _full_uah(scenario: Scenario) -> float:
    """Return the capacity of the true cell in uAh: the gauge learns its own."""
    cell = scenario.definition.node[0].description.cell
    return load_parameters(cell.set).capacity_uah_cm2 * cell.area_cm2


def _points(errors: str, zeroing: bool = True) -> list[_Point]:
    """Run the bench node for a day with a sensor of such errors; a point a record."""
    scenario = Scenario("bench")
    node = scenario.definition.node[0]
    world, description = varied(node.world, {"sensor.errors": errors}), node.description
    if not zeroing:
        description = varied(description, {"intervals.offset_every": 0})
    node = msgspec.structs.replace(node, description=description, world=world)
    scenario.definition = msgspec.structs.replace(scenario.definition, node=[node])
    columns = run(scenario)[node.name].columns
    start_pct, full_uah = 100 * description.soc, _full_uah(scenario)
    return [
        _Point(
            hours=row["up_s"] / 3600,
            counted_pct=(row["stored_uah"] - row["corrected_uah"]) / full_uah * 100 - true_pct,
            published_pct=row["soc_pct"] - true_pct,
            net_pct=true_pct - start_pct,
            temperature_c=row["temperature_c"],
        )
        for row in (
            dict(zip(columns, values, strict=True))
            for values in zip(*columns.values(), strict=True)
        )
        if (true_pct := row["true_soc_pct"]) is not None
    ]
