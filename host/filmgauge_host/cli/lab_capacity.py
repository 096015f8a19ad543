"""`filmgauge lab discharge | rate | cycle | temperature`: what a cell gives."""

from collections import Counter
from typing import Any

import click
from click.core import ParameterSource

from filmgauge_host.cli.lab_options import CURRENT, Numbers, Setup, experiment, own_capacity_option
from filmgauge_host.cli.options import IntegerRange, progress
from filmgauge_host.errors import warn
from filmgauge_sim.lab.cycler import Channel, StepEnd
from filmgauge_sim.lab.cycling import HOLD_SHARE, Capacity, Cycle, capacities, is_held, plateau_v
from filmgauge_sim.lab.experiment import Experiment
from filmgauge_sim.lab.figures import Picture, points, profiles
from filmgauge_sim.lab.paper_samples import SAMPLES
from filmgauge_sim.lab.specimen import window_v
from filmgauge_sim.lab.trace import Trace

DEFAULT = ParameterSource.DEFAULT
_ENDS = {
    StepEnd.VOLTAGE: "its voltage",
    StepEnd.CURRENT: "its current",
    StepEnd.TIME: "its time",
    StepEnd.WINDOW: "the window of the cell",
    StepEnd.PAST_LIMIT: "its limit before it began",
    StepEnd.WRONG_WAY: "its direction before it began",
    StepEnd.NEVER_FADES: "a current that fades no more",
}


@click.command(short_help="Discharge a full cell at one current.")
@experiment
@click.option("--current", type=CURRENT, default=1.0, show_default=True, help="uA/cm2.")
def discharge(setup: Setup, current: float) -> None:
    """Discharge a full cell at one current, to the lower end of its window."""
    cell = setup.make_cell(1.0)
    empty_v, _ = window_v(cell.specimen)
    done = cell.run(f"discharge at {current} uA/cm2 to {empty_v} V", setup.temperature_c)
    given = done.cycles[-1].discharge_uah_cm2
    # Under a large current the cell is below its window at once, and nothing is recorded.
    plateau = plateau_v(done.trace, 1) if done.trace.samples else None
    result = {
        "current_ua_cm2": current,
        "temperature_c": setup.temperature_c,
        "capacity_uah_cm2": given,
        "capacity_uah": done.capacity_uah,
        "plateau_v": plateau,
    }
    half = f"half of it above {plateau:.3f} V" if plateau else "below its window at once"
    lines = [f"{given:.3f} uAh/cm2 at {current:g} uA/cm2, {half}"]
    title = f"discharge at {current:g} uA/cm2 and {setup.temperature_c:g} degC"
    picture = profiles(done.trace, {1: "cycle 1"})
    setup.report(result, lines, title=title, picture=picture, trace=done.trace)


@click.command(short_help="Charge and discharge at each current.")
@experiment
@click.option(
    "--currents",
    type=Numbers(1e-3, 1e5),
    default="1,2,8,12",
    show_default=True,
    help="uA/cm2, in this order.",
)
def rate(setup: Setup, currents: list[float]) -> None:
    """Charge and discharge at each current; every charge ends with a hold."""
    cell, trace = setup.specimen(0.0), setup.trace()
    conditions = [(current, setup.temperature_c) for current in currents]
    found = _measured(Channel(cell, setup.temperature_c, trace), conditions, "rate")
    lines = [f"{each.current_ua_cm2:>8g} {each.capacity_uah_cm2:9.3f}" for each in found]
    measured = [
        {"current_ua_cm2": each.current_ua_cm2, "capacity_uah_cm2": each.capacity_uah_cm2}
        for each in found
    ]
    result = {"temperature_c": setup.temperature_c, "points": measured}
    title = f"a cycle at each current, {setup.temperature_c:g} degC"
    picture = _profiles(trace, currents, "uA/cm2")
    head = "  uA/cm2   uAh/cm2"
    setup.report(result, [head, *lines], title=title, picture=picture, trace=trace)


@click.command(short_help="Charge and discharge at each temperature.")
@experiment
@click.option(
    "--temperatures",
    type=Numbers(-40.0, 85.0),
    default="25,37,60",
    show_default=True,
    help="degC, in this order.",
)
@click.option("--current", type=CURRENT, default=None, help="uA/cm2  [default: the sample's]")
@own_capacity_option
def temperature(
    setup: Setup, temperatures: list[float], current: float | None, own_capacity: bool
) -> None:
    """Charge and discharge at each temperature: the published sample, unless told otherwise.

    --temperature is one temperature, when there is no list of them.
    """
    given = click.get_current_context().get_parameter_source
    if given("temperatures") is DEFAULT and given("temperature") is not DEFAULT:
        temperatures = [setup.temperature_c]
    sample = SAMPLES["pre-li temperature"]
    flowing = sample.current_ua_cm2 if current is None else current
    cell, trace = setup.sample(sample, own_capacity), setup.trace()
    channel = Channel(cell, setup.temperature_c, trace)
    found = _measured(channel, [(flowing, degc) for degc in temperatures], "temperature")
    q0 = cell.capacity_uah / setup.area_cm2
    lines = [f"{each.temperature_c:>8g} {each.capacity_uah_cm2:9.3f}" for each in found]
    title = f"a cycle at each temperature, {flowing:g} uA/cm2, sample of {q0:.2f} uAh/cm2"
    measured = [
        {"temperature_c": each.temperature_c, "capacity_uah_cm2": each.capacity_uah_cm2}
        for each in found
    ]
    result = {"current_ua_cm2": flowing, "sample_capacity_uah_cm2": q0, "points": measured}
    picture = _profiles(trace, temperatures, "degC")
    head = "    degC   uAh/cm2"
    setup.report(result, [head, *lines], title=title, picture=picture, trace=trace)


def _measured(
    channel: Channel, conditions: list[tuple[float, float]], what: str
) -> list[Capacity]:
    """Return what the cell of a channel gives under each (uA/cm2, degC) in turn."""
    found: list[Capacity] = []
    with progress(len(conditions), what) as done:
        for each in capacities(channel, conditions):
            found.append(each)
            done()
    return found


def _profiles(trace: Trace | None, values: list[float], unit: str) -> Picture | None:
    """Return the picture of a trace in which each cycle has one of the values."""
    labels = {
        number: f"cycle {number}: {value:g} {unit}" for number, value in enumerate(values, 1)
    }
    return profiles(trace, labels) if trace else None


@click.command(short_help="Cycle an ageing cell.")
@experiment
@click.option("--current", type=CURRENT, default=6.32, show_default=True, help="uA/cm2.")
@click.option(
    "--cycles",
    "count",
    type=IntegerRange(1, 100_000),
    default=10,
    show_default=True,
    help="How many, without --steps.",
)
@click.option("--steps", default=None, help='Such as "charge at 6 uA/cm2 to 4.0 V, ..., 5 times".')
@click.option("--as-built", is_flag=True, help="Begin with a cell that was never charged.")
@click.option("--strict", is_flag=True, help="End where a step does not do what it says.")
def cycle(
    setup: Setup, current: float, count: int, steps: str | None, as_built: bool, strict: bool
) -> None:
    """Cycle an ageing cell, at one current with a hold or by steps given as text.

    Every step ends at the window of the cell too. What ended it is said.
    """
    cell = setup.specimen(0.0, as_built=as_built, ages=True)
    own_steps = steps is None
    if steps is None:
        low, high = window_v(cell)
        hold = f"hold at {high} V until {HOLD_SHARE * current} uA/cm2," if is_held(cell) else ""
        steps = (
            f"charge at {current} uA/cm2 to {high} V, {hold} discharge at {current} uA/cm2"
            f" to {low} V, {count} times"
        )
    program = Experiment(steps)
    trace = Trace() if setup.bdf else None
    done: list[Cycle] = []
    with progress(program.times, "cycles") as tick:
        for each in program.cycles(Channel(cell, setup.temperature_c, trace), strict=strict):
            done.append(each)
            tick()
    found: list[dict[str, Any]] = [
        {
            "cycle": each.number,
            "charge_uah_cm2": each.charge_uah_cm2,
            "discharge_uah_cm2": each.discharge_uah_cm2,
            "coulombic_efficiency_pct": each.coulombic_efficiency_pct,
            "ends": [step.end.value for step in each.steps],
        }
        for each in done
    ]
    shown = done if len(done) <= 20 else [*done[:10], *done[-10:]]
    lines = [
        f"{each.number:>6} {each.charge_uah_cm2:9.3f} {each.discharge_uah_cm2:9.3f} "
        + ("" if (share := each.coulombic_efficiency_pct) is None else f"{share:8.2f}")
        for each in shown
    ]
    picture = points(
        [each.number for each in done],
        [each.discharge_uah_cm2 for each in done],
        "cycle",
        "discharge / uAh cm$^{-2}$",
    )
    head = " cycle    charge discharge     CE/%"
    remarks = _remarks(done)
    for remark in remarks:
        warn(remark)
    ends = [f"step {k}: {step.text}: {_ends(done, k)}" for k, step in enumerate(program.steps, 1)]
    result = {"cycles": found, "remarks": remarks}
    cycles = "cycles" if len(done) > 1 else "cycle 1"
    rate = f"{cycles} at {current:g} uA/cm2" if own_steps else f"{cycles} by steps"
    which = f", 1 to {len(done)}" if len(done) > 1 else ""
    title = f"{rate}{which}, {setup.temperature_c:g} degC"
    setup.report(result, [head, *lines, *ends], title=title, picture=picture, trace=trace)


def _remarks(done: list[Cycle]) -> list[str]:
    """Return what steps did not do that they say: once each, and how often."""
    found: dict[tuple[int, StepEnd], list[str]] = {}
    for each in done:
        for k, step in enumerate(each.steps, 1):
            if step.remark:
                found.setdefault((k, step.end), []).append(f"cycle {each.number}: {step.remark}")
    return [
        f"step {k}, {said[0]}" + (f", and so in {len(said) - 1} more" if said[1:] else "")
        for (k, _), said in found.items()
    ]


def _ends(done: list[Cycle], number: int) -> str:
    """Return what ended a step, and how often where that differs."""
    counts = Counter(each.steps[number - 1].end for each in done)
    texts = {end: f"ended by {_ENDS[end]}" for end in counts}
    if len(counts) == 1:
        return next(iter(texts.values()))
    return ", ".join(f"{texts[end]} in {count}" for end, count in counts.items())
