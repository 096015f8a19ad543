"""How far the ledger is from the truth over a day, and how far its sensor's errors explain it."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.figures import Figure
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.virtual.session import RunOptions, RunSession
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.parts.ina228_errors import Ina228Errors
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.scenario import Scenario

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
    ideal = _run("ideal")
    yield Figure(
        "ideal sensor, 24 h: ledger and truth apart", _worst(ideal, "counted_pct"), "0.2 %"
    )
    yield Figure("the same, published state of charge", _worst(ideal, "published_pct"))
    yield from _explained(_run("worst", zeroing=False))
    zeroed = _run("worst")
    yield Figure("the same, its zero measured every six hours", _worst(zeroed, "counted_pct"))
    yield Figure("the same, published state of charge", _worst(zeroed, "published_pct"))


def _worst(points: list[_Point], name: str) -> str:
    return f"{max(abs(getattr(point, name)) for point in points):.3f} %"


def _explained(points: list[_Point]) -> Iterator[Figure]:
    """Yield what the errors of a sensor lead to, and how far the simulation is from that."""
    errors, last, full_uah = Ina228Errors.worst(), points[-1], _full_uah()
    offset_na = 1e3 * errors.offset_uv / _SHUNT_OHM + errors.bias_current_na
    missing_nah = offset_na * last.hours
    yield Figure(
        f"worst sensor: {errors.offset_uv:g} uV on {_SHUNT_OHM:g} ohm and"
        f" {errors.bias_current_na:g} nA of bias, over {last.hours:.2f} h",
        f"{offset_na:g} nA and {missing_nah:.1f} nAh that are not there,"
        f" {missing_nah / full_uah / 10:.3f} % of {full_uah:g} uAh",
    )
    scale = (1 + errors.gain_error) / (1 + errors.oscillator_error) - 1
    yield Figure("its gain and oscillator scale the net charge by", f"{scale * 100:+.3f} %")
    residual = max(abs(p.counted_pct - _predicted(p, errors, full_uah)) for p in points)
    yield Figure(
        "its ledger at the end, predicted from these and simulated",
        f"{_predicted(last, errors, full_uah):+.3f} % and {last.counted_pct:+.3f} %;"
        f" never further apart than {residual:.3f} %",
    )


def _full_uah() -> float:
    """Return the capacity of the bench cell in uAh."""
    cell = load_scenario("bench").node[0].description.cell
    return load_parameters(cell.set).capacity_uah_cm2 * cell.area_cm2


def _predicted(point: _Point, errors: Ina228Errors, full_uah: float) -> float:
    """Return the deviation in % that offset, bias, gain and oscillator lead to."""
    drift_uv = errors.offset_drift_uv_per_c * (point.temperature_c - 25.0)
    offset_na = 1e3 * (errors.offset_uv + drift_uv) / _SHUNT_OHM + errors.bias_current_na
    scale = (1 + errors.gain_error) / (1 + errors.oscillator_error) - 1
    return offset_na * point.hours / full_uah / 10 + scale * point.net_pct


def _run(errors: str, zeroing: bool = True) -> list[_Point]:
    scenario = load_scenario("bench")
    node = scenario.node[0]
    description = node.description
    if not zeroing:
        description = varied(description, {"intervals.offset_every": 0})
    world = varied(node.world, {"sensor.errors": errors})
    node = msgspec.structs.replace(node, description=description, world=world)
    scenario = msgspec.structs.replace(scenario, node=[node])
    return list(_points(scenario))


def _points(scenario: Scenario) -> Iterator[_Point]:
    reports: list[tuple[ReceivedRecord, float]] = []

    def keep(report: ReceivedRecord, true_pct: float | None) -> None:
        if true_pct is not None:
            reports.append((report, true_pct))

    with tempfile.TemporaryDirectory() as folder:
        options = RunOptions(runtime="cpython")
        with RunSession(scenario, options, Path(folder)) as session:
            session.run(keep, lambda: True)
    start_pct = scenario.node[0].description.soc * 100
    full_nah = 1e3 * _full_uah()  # of the true cell: the gauge learns its own
    for report, true_pct in reports:
        value = {name: report.value(name) or 0 for name in ("stored_nah", "corrected_nah")}
        bare = (value["stored_nah"] - value["corrected_nah"]) / full_nah * 100
        yield _Point(
            hours=(report.value("up_s") or 0) / 3600,
            counted_pct=bare - true_pct,
            published_pct=(report.value("soc_ppm") or 0) / 1e4 - true_pct,
            net_pct=true_pct - start_pct,
            temperature_c=(report.value("temperature_cdeg") or 0) / 100,
        )
