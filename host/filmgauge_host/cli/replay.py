"""`filmgauge replay`: what was recorded in the field, beside the simulated cell and the gauge."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from filmgauge_host.atomic_file import Content, write_all
from filmgauge_host.cli.lab_options import (
    STOICHIOMETRY,
    check_area_and_temperature,
    check_outputs,
    check_plot,
    sentences,
)
from filmgauge_host.cli.options import FILE, JSON, show
from filmgauge_host.cli.store_options import (
    check_span,
    chosen_nodes,
    reader,
    span_options,
    store_options,
    warn_of_removed,
)
from filmgauge_host.errors import InputError, needs
from filmgauge_host.telemetry.record_columns import columns
from filmgauge_host.telemetry.store_reader import StoreReader
from filmgauge_sim.score.recording import Instant, Recording, read_recording
from filmgauge_sim.score.replay import Deviation, ReplayCell, ReplayResult, run_replay

_QUANTITIES = (
    *("voltage_v", "current_ua", "temperature_c", "soc_pct", "soc_sigma_pct"),
    *("measured_uah", "booked_uah"),
)
_MOST_GAPS = 5


@click.command()
@click.argument("recording")
@click.option("--cell", default="pre-li", show_default=True, help="Name of a set, or a TOML.")
@click.option("--area", type=float, default=1.0, show_default=True, help="Film area, cm2.")
@click.option(
    "--soc",
    type=STOICHIOMETRY,
    help="State of charge at the start, 0 to 1  [default: the recorded one]",
)
@click.option(
    "--temperature",
    type=float,
    default=25.0,
    show_default=True,
    help="degC, where none is recorded.",
)
@click.option("--plot", type=FILE, help="Write a picture (.png or .svg).")
@JSON
@span_options
@store_options
@needs("sim")
def replay(
    recording: str,
    cell: str,
    area: float,
    soc: float | None,
    temperature: float,
    plot: Path | None,
    as_json: bool,
    from_unix_ms: int,
    to_unix_ms: int,
    store: Path | None,
    db: str | None,
) -> None:
    """Run a recording through the simulated cell and the gauge, and compare.

    RECORDING is a file (Battery Data Format, or CSV such as of filmgauge export) or the name of a
    node in the store; --from and --to are of a node. The cell gets the recorded current and
    temperature; of a gap nothing is assumed.
    """
    check_span(from_unix_ms, to_unix_ms)
    check_area_and_temperature(area, temperature)
    check_plot(plot)
    check_outputs(plot)
    with sentences():
        recorded = _recording(recording, store, db, from_unix_ms, to_unix_ms)
        replayed = ReplayCell(cell, area, soc, temperature_c=temperature)
        result = run_replay(recorded, replayed)
        if plot is not None:
            write_all({plot: Content(_picture(result, plot.suffix))})
    show(as_json, _table(recorded, result), _lines(recorded, result))


def _recording(
    name: str, store: Path | None, db: str | None, from_unix_ms: int, to_unix_ms: int
) -> Recording:
    if Path(name).is_file():
        return read_recording(Path(name))
    if "/" in name or "." in name:
        raise InputError(f"there is no file {name}")
    with reader(store, db) as opened:
        (node,) = chosen_nodes(opened, [name])
        warn_of_removed(opened, [node], from_unix_ms, to_unix_ms)
        return _node_recording(opened, node, from_unix_ms, to_unix_ms)


def _node_recording(
    store: StoreReader, node: str, from_unix_ms: int, to_unix_ms: int
) -> Recording:
    """Return what the store has of a node."""
    unknown: list[float] = []
    instants = list(_instants(store, node, (from_unix_ms, to_unix_ms), unknown))
    return Recording(instants, unknown)


def _instants(
    store: StoreReader, node: str, span: tuple[int, int], unknown: list[float]
) -> Iterator[Instant]:
    wanted = columns(_QUANTITIES)
    for row in store.readings(node, [each.field for each in wanted], *span):
        unix_ms, life, boot, seq, *values = row
        values = [c.number(value) for c, value in zip(wanted, values, strict=True)]
        voltage_v, current_ua, temperature_c, soc_pct, sigma_pct, measured, booked = values
        if current_ua is None:
            unknown.append(unix_ms / 1000)
            continue
        yield Instant(
            unix_ms / 1000,
            current_ua,
            voltage_v,
            temperature_c,
            None if soc_pct is None else soc_pct / 100,
            None if sigma_pct is None else sigma_pct / 100,
            None if measured is None or booked is None else measured + booked,
            (life, boot, seq),
        )


def _table(recorded: Recording, result: ReplayResult) -> dict[str, Any]:
    """Return the result for machines."""
    return {
        "readings": recorded.readings,
        "compared": len(result.points),
        "not_compared": result.skipped,
        "duration_s": recorded.duration_s,
        "capacity_uah": result.capacity_uah,
        "gaps": [
            {"from_s": gap.from_s, "to_s": gap.to_s, "reason": gap.reason} for gap in recorded.gaps
        ],
        "voltage_mv": _figures(result.voltage, 1e3),
        "charge_pct": _figures(result.charge, 100),
        "charge_uah": _figures(result.charge, result.capacity_uah),
        "gauge_pct": _figures(result.gauge, 100),
        "gauge_within_two_sigma_pct": _scaled(result.within_two_sigma, 100),
        "cut": result.cut,
        "problems": result.problems,
    }


def _figures(deviation: Deviation, factor: float) -> dict[str, float | int | None]:
    known = deviation.count > 0
    return {
        "count": deviation.count,
        "rms": _scaled(deviation.rms, factor),
        "mean": _scaled(deviation.mean, factor),
        "worst": _scaled(deviation.worst, factor) if known else None,
        "worst_at_s": deviation.worst_s if known else None,
    }


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else round(value * factor, 6)


def _lines(recorded: Recording, result: ReplayResult) -> Iterator[str]:
    """Yield the result for people."""
    gaps = recorded.gaps
    yield (
        f"{recorded.readings} readings over {recorded.duration_s / 3600:.1f} h,"
        f" {len(gaps)} {'gap' if len(gaps) == 1 else 'gaps'}"
    )
    begin_s = recorded.stretches[0][0].time_s
    for gap in gaps[:_MOST_GAPS]:
        yield (
            f"  gap from {_hours(gap.from_s - begin_s)} to {_hours(gap.to_s - begin_s)}:"
            f" {gap.reason}; what flowed in it is not known"
        )
    if len(gaps) > _MOST_GAPS:
        yield f"  and {len(gaps) - _MOST_GAPS} more"
    if result.skipped:
        yield f"  {result.skipped} readings behind gaps have no state of charge: not compared"
    yield f"{'':34}{'RMS':>9}{'mean':>9}{'worst':>9}  at"
    capacity = result.capacity_uah
    rows: Sequence[tuple[str, Deviation, float, str]] = (
        ("voltage, measured - simulated", result.voltage, 1e3, "mV"),
        ("charge, recorded - simulated", result.charge, capacity, "uAh"),
        ("state of charge, the same", result.charge, 100, "%"),
        ("state of charge, gauge - simulated", result.gauge, 100, "%"),
    )
    for title, deviation, factor, unit in rows:
        yield _line(title, deviation, factor, unit, begin_s)
    share = result.within_two_sigma
    if share is not None:
        yield f"gauge within two sigma of the simulated cell: {100 * share:.1f} % of the readings"
    if result.cut:
        yield (
            f"the simulated cell was at an end of its window before {result.cut} readings,"
            " and the recorded current was cut off there"
        )
    yield from (f"gauge: {problem}" for problem in result.problems)


def _line(title: str, deviation: Deviation, factor: float, unit: str, begin_s: float) -> str:
    rms, mean = deviation.rms, deviation.mean
    if rms is None or mean is None:
        return f"{title:34}{'not recorded':>27}"
    at = _hours(deviation.worst_s - begin_s)
    numbers = "".join(f"{factor * value:9.3f}" for value in (rms, mean, deviation.worst))
    return f"{title:34}{numbers}  {at}  {unit}"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.2f} h"


def _picture(result: ReplayResult, suffix: str) -> bytes:
    from filmgauge_sim.score.replay_picture import replay_picture

    return replay_picture(result).image(suffix)
