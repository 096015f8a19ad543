"""What the world does to a node: keys that a scenario has beside the node's description."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from filmgauge_sim.cell import load_parameters
from filmgauge_sim.circuit.ambient import Touches
from filmgauge_sim.circuit.harvester import Days
from filmgauge_sim.circuit.wiring import WiringSection
from filmgauge_sim.nodes.description import NodeDescription, cell_uah, most_current_ua
from filmgauge_sim.nodes.tables import Table, bounded


class CyclerStep(Table, frozen=True):
    """One step of the bench cycler, with supply usb; the list is run round and round. After a
    round whose steps were all met at once, the cycler rests for a minute."""

    action: Annotated[
        Literal["charge", "discharge", "rest"], Meta(description="what the cycler does")
    ]
    rate_c: Annotated[
        float,
        bounded(
            0,
            20,
            "current in capacities of the described cell per hour: 0.2 is C/5; none for a rest",
        ),
    ] = 0.0
    until_v: (
        Annotated[
            float,
            bounded(
                0.5,
                4.5,
                "cell voltage that ends the step, V; left out: the window of the cell, 4.0 for a"
                " charge and 1.0 for a discharge",
            ),
        ]
        | None
    ) = None
    hours: (
        Annotated[float, bounded(0.001, 10000, "longest duration, h; a rest needs it")] | None
    ) = None


class AmbientSection(Table, frozen=True):
    """Temperature around the cell: a sine, coldest at the start."""

    mean_c: Annotated[float, bounded(-40, 85, "mean, degC")] = 25.0
    swing_c: Annotated[float, bounded(0, 60, "amplitude, degC")] = 0.0
    period_h: Annotated[float, bounded(0.5, 8760, "period, h")] = 24.0


class SensorTruthSection(Table, frozen=True):
    """What the sensors really are, and what they are put to."""

    errors: Annotated[
        Literal["ideal", "drawn", "worst"],
        Meta(description="none, drawn from the seed within the datasheet, or all at its bounds"),
    ] = "drawn"
    shunt_ohm: (
        Annotated[float, bounded(1, 100000, "true resistance, ohm; left out: as described")] | None
    ) = None
    over_range: Annotated[
        bool, Meta(description="whether the cycler may go beyond the range of the current sensor")
    ] = False


class LightSection(Table, frozen=True):
    """One light over a photovoltaic harvester; lights that are on together add up. A scenario
    begins on a Monday at 0:00."""

    lux: Annotated[float, bounded(0, 200000, "illuminance, lux")]
    begin_h: Annotated[float, bounded(0, 24, "hour of the day at which it comes on")] = 0.0
    end_h: Annotated[float, bounded(0, 24, "hour of the day at which it goes out")] = 24.0
    days: Annotated[Days, Meta(description="days on which it comes on")] = "all"


class ChargerSection(Table, frozen=True):
    """When a charger is put to a node whose harvester is one; without it none ever is."""

    hours: Annotated[float, bounded(0.01, 1e4, "how long it stays, h")]
    every_h: Annotated[float, bounded(0.01, 1e5, "from visit to visit, h")]
    first_h: Annotated[float, bounded(0, 1e5, "when it first comes, h")] = 0.0


class TouchSection(Table, frozen=True):
    """When a fingertip is on a node that has its supply only while it is touched; without it a
    node has its supply always."""

    for_s: Annotated[float, bounded(0.1, 86400, "how long it stays, s")]
    every_h: Annotated[float, bounded(0.01, 1e5, "from touch to touch, h")]
    first_h: Annotated[float, bounded(0, 1e5, "when it first comes, h")] = 0.0
    skin_c: Annotated[float, bounded(-40, 85, "temperature of the cell meanwhile, degC")] = 35.7

    @property
    def touches(self) -> Touches:
        """In microseconds."""
        first_us, every_us = round(self.first_h * 3.6e9), round(self.every_h * 3.6e9)
        return Touches(first_us, every_us, round(self.for_s * 1e6), self.skin_c)


class WorldSection(Table, frozen=True):
    """What the world does to the node. What is left out is as the node is described."""

    cell_set: (
        Annotated[
            str,
            Meta(
                description="parameter set of the true cell, of any physics, or path of a TOML"
                " file; its area is that of cell.area_cm2; left out: cell.set"
            ),
        ]
        | None
    ) = None
    stoichiometry: (
        Annotated[float, bounded(0, 1, "true charge at the start, 1 is full; left out: cell.soc")]
        | None
    ) = None
    clock_error_ppm: Annotated[
        int, bounded(-50000, 50000, "how fast the board's clock runs, 1e-6")
    ] = 0
    capacitor_v: Annotated[
        float, bounded(0, 5, "with supply film: voltage of the capacitor at the start, V")
    ] = 3.3
    source_c: Annotated[
        float,
        bounded(-40, 85, "thermoelectric harvester: temperature opposite to the ambient, degC"),
    ] = 33.0
    trace: Annotated[
        str,
        Meta(
            description="with supply film: path of a CSV file with the columns time_s and"
            " power_uw, which the harvester gives whatever it is"
        ),
    ] = ""
    cycler: Annotated[list[CyclerStep], Meta(description="steps of the bench cycler")] = (
        msgspec.field(default_factory=list)
    )
    ambient: AmbientSection = msgspec.field(default_factory=AmbientSection)
    sensor: SensorTruthSection = msgspec.field(default_factory=SensorTruthSection)
    wiring: WiringSection = msgspec.field(default_factory=WiringSection)
    light: Annotated[list[LightSection], Meta(description="lights over the harvester")] = (
        msgspec.field(default_factory=list)
    )
    charger: ChargerSection | None = None
    touch: TouchSection | None = None


_PLAIN_CYCLER = [
    CyclerStep(action="charge", rate_c=0.2, until_v=4.0),
    CyclerStep(action="rest", hours=1.0),
    CyclerStep(action="discharge", rate_c=0.2, until_v=1.0),
    CyclerStep(action="rest", hours=1.0),
]


def plain_world(description: NodeDescription) -> WorldSection:
    """Return a world in which a node can be tried: at 25 degC, a cycler at C/5 for one on USB;
    for one that lives from its film, office light or a charger's visit every other day."""
    if description.supply == "usb":
        return WorldSection(cycler=_PLAIN_CYCLER)
    kind = description.harvester.kind
    if kind == "photovoltaic":
        return WorldSection(light=[LightSection(lux=300, begin_h=8, end_h=18, days="weekdays")])
    if kind == "charger":
        return WorldSection(charger=ChargerSection(hours=6, every_h=48, first_h=42))
    return WorldSection()


def check_world(description: NodeDescription, world: WorldSection) -> None:
    """Raise ValueError, one sentence with the key, for what does not fit the node."""
    if world.cell_set is not None:
        try:
            load_parameters(world.cell_set)
        except ValueError as error:
            raise ValueError(f"cell_set: {error}") from None
    film = description.supply == "film"
    if film and world.cycler:
        raise ValueError('cycler must be left out with supply = "film"')
    if world.trace and not film:
        raise ValueError('trace needs supply = "film"')
    if world.capacitor_v != WorldSection().capacitor_v and not film:
        raise ValueError('capacitor_v needs supply = "film"')
    given = {
        "light": ("photovoltaic", bool(world.light)),
        "charger": ("charger", world.charger is not None),
        "source_c": ("thermoelectric", world.source_c != WorldSection().source_c),
    }
    for key, (kind, is_given) in given.items():
        if is_given and description.harvester.kind != kind:
            raise ValueError(f"{key} needs harvester.kind = {kind!r}")
    for index, step in enumerate(world.cycler):
        _check_step(f"cycler[{index}]", step)
        if not world.sensor.over_range:
            _check_rate(f"cycler[{index}]", step, description)
    for index, light in enumerate(world.light):
        if light.end_h <= light.begin_h:
            raise ValueError(f"light[{index}].end_h must be above begin_h")
    if world.charger is not None and world.charger.hours >= world.charger.every_h:
        raise ValueError("charger.hours must be below charger.every_h")
    if world.touch is not None and world.touch.for_s >= 3600.0 * world.touch.every_h:
        raise ValueError("touch.for_s must be below touch.every_h")


def with_paths(world: WorldSection, folder: Path) -> WorldSection:
    """Return a world whose paths count from a folder."""
    trace, cell_set = world.trace, world.cell_set
    if trace:
        trace = str(folder / trace)
    if cell_set is not None and cell_set.endswith(".toml"):
        cell_set = str(folder / cell_set)
    return msgspec.structs.replace(world, trace=trace, cell_set=cell_set)


def _check_rate(where: str, step: CyclerStep, description: NodeDescription) -> None:
    """Raise ValueError for a current that the node cannot measure."""
    most_ua, current_ua = most_current_ua(description), step.rate_c * cell_uah(description)
    if current_ua > most_ua:
        shunt_ohm = description.sensor.shunt_ohm
        raise ValueError(
            f"{where}.rate_c must be at most {step.rate_c * most_ua / current_ua:.3g} with a shunt"
            f" of {shunt_ohm:g} ohm, or sensor.shunt_ohm at most"
            f" {shunt_ohm * most_ua / current_ua:.3g} for {current_ua:.3g} uA, beyond which the"
            f" sensor cannot measure, not {step.rate_c:g} (sensor.over_range = true lets it)"
        )


def _check_step(where: str, step: CyclerStep) -> None:
    if (step.action == "rest") != (step.rate_c == 0):
        raise ValueError(f"{where}.rate_c must be above 0, and left out for a rest")
    if step.hours is None and step.action == "rest":
        raise ValueError(f"{where}.hours must be given for a rest")
